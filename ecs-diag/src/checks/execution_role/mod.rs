//! The task execution role: that it is named, exists, and trusts ECS tasks.

mod condition;
mod role;
mod trust;

super::checks! {
    required: Required,
    exists: Exists,
    trust_principal: TrustPrincipal,
    trust_conditions: TrustConditions,
}
