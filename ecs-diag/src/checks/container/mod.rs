//! Containers: that they start in order, keep running and stay healthy.

mod stops;

super::checks! {
    command: Command,
    oom: Oom,
    start_timeout: StartTimeout,
    depends_graph: DependsGraph,
    depends_timeout: DependsTimeout,
    health_check: HealthCheck,
    essential: Essential,
    networking_error: NetworkingError,
    name_port_conflict: NamePortConflict,
    readonly_root: ReadonlyRoot,
}
