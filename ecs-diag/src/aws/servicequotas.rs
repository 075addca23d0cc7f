//! Service Quotas.

use super::{request, shape};

request! {
    /// Lists the quotas of a service.
    ListServiceQuotas: "service-quotas", "ListServiceQuotas", "PascalCase" => ListServiceQuotasResponse {
        /// Service, for instance `fargate`.
        service_code: String,
    }
}

shape! {
    /// Quotas.
    ListServiceQuotasResponse: "PascalCase" {
        /// The quotas.
        quotas: Vec<ServiceQuota>,
    }
}

shape! {
    /// A quota.
    ServiceQuota: "PascalCase" {
        /// Code, for instance `L-3032A538`.
        quota_code: String,
        /// Name.
        quota_name: Option<String>,
        /// Value.
        value: Option<f64>,
    }
}
