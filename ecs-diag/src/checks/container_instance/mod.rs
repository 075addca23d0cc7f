//! Container instances: whether there are any, and whether they can take the task.

mod capabilities;
mod down;
mod host;
mod user_data;

super::checks! {
    attribute_diff: AttributeDiff,
    registered: Registered,
    status: Status,
    agent_connected: AgentConnected,
    agent_version_features: AgentVersionFeatures,
    user_data_cluster: UserDataCluster,
    agent_env_json: AgentEnvJson,
    agent_region: AgentRegion,
    fips_ecr: FipsEcr,
    imds: Imds,
    resources: Resources,
    ports: Ports,
    eni_capacity: EniCapacity,
    subnet_az: SubnetAz,
    arch_os: ArchOs,
    gpu: Gpu,
    privileged_selinux: PrivilegedSelinux,
    disk_full: DiskFull,
    docker_health: DockerHealth,
    cgroup: Cgroup,
    type_change: TypeChange,
    cluster_missing: ClusterMissing,
    warm_pool: WarmPool,
    reserved_memory: ReservedMemory,
}
