//! Preflight: is there a target, and how much of the evidence is left?

super::checks! {
    task_found: TaskFound,
    latest_failure: LatestFailure,
    region_match: RegionMatch,
    scope: Scope,
    caller_permissions: CallerPermissions,
    effective_taskdef: EffectiveTaskdef,
    network_config_recovery: NetworkConfigRecovery,
    evidence_drift: EvidenceDrift,
    shared_vpc: SharedVpc,
}
