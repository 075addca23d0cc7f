//! Amazon ECS.

use std::sync::Arc;

use serde_json::Value;

use super::{Arn, Text, Time, request, shape};

request! {
    /// Describes tasks by ARN or id.
    DescribeTasks: "ecs", "DescribeTasks", "camelCase" => DescribeTasksResponse {
        /// Cluster name or ARN.
        #[serde(skip_serializing_if = "Option::is_none")]
        cluster: Option<String>,
        /// Task ids or ARNs, at most 100.
        tasks: Vec<String>,
        /// `TAGS`.
        include: Vec<&'static str>,
    }
}

impl DescribeTasks {
    /// Asks for tasks with their tags.
    pub fn new(cluster: Option<&str>, tasks: impl IntoIterator<Item = String>) -> Self {
        Self {
            cluster: cluster.map(str::to_owned),
            tasks: tasks.into_iter().collect(),
            include: vec!["TAGS"],
        }
    }
}

shape! {
    /// Tasks, and what could not be found.
    DescribeTasksResponse: "camelCase" {
        /// The tasks found.
        tasks: Vec<Arc<Task>>,
        /// Why others are not among them.
        failures: Vec<Failure>,
    }
}

shape! {
    /// An object that a request named and the service does not have.
    Failure: "camelCase" {
        /// What was asked for.
        arn: Option<String>,
        /// `MISSING`, …
        reason: Option<String>,
        /// More words.
        detail: Option<String>,
    }
}

shape! {
    /// A task.
    Task: "camelCase" {
        /// ARN.
        task_arn: String,
        /// Cluster ARN.
        cluster_arn: Option<String>,
        /// ARN of the task definition revision.
        task_definition_arn: Option<String>,
        /// `service:NAME` or `family:NAME`, or what the caller chose.
        group: Option<String>,
        /// Deployment or task set id for a service's tasks.
        started_by: Option<String>,
        /// `FARGATE`, `EC2`, `EXTERNAL`, `MANAGED_INSTANCES`.
        launch_type: Option<String>,
        /// Capacity provider, where one was used.
        capacity_provider_name: Option<String>,
        /// Fargate platform version.
        platform_version: Option<String>,
        /// Fargate platform family, for instance `Linux`.
        platform_family: Option<String>,
        /// Last known status.
        last_status: Option<String>,
        /// Status the task is on its way to.
        desired_status: Option<String>,
        /// Why the task stopped, one of a closed set.
        stop_code: Option<String>,
        /// Why the task stopped, in words.
        stopped_reason: Option<String>,
        /// Its containers.
        containers: Vec<Container>,
        /// Network interfaces, volumes, Service Connect.
        attachments: Vec<Attachment>,
        /// Overrides given when it was started.
        overrides: Overrides,
        /// Container instance, on EC2 and External.
        container_instance_arn: Option<String>,
        /// Availability Zone.
        availability_zone: Option<String>,
        /// Whether ECS Exec is on.
        enable_execute_command: bool,
        /// Health of the essential containers.
        health_status: Option<String>,
        /// When the task was created.
        created_at: Option<Time>,
        /// When its network was up.
        connectivity_at: Option<Time>,
        /// When the pull of images began.
        pull_started_at: Option<Time>,
        /// When the pull of images ended, well or not.
        pull_stopped_at: Option<Time>,
        /// When it was running.
        started_at: Option<Time>,
        /// When it began to stop.
        stopping_at: Option<Time>,
        /// When its containers had stopped.
        execution_stopped_at: Option<Time>,
        /// When it had stopped.
        stopped_at: Option<Time>,
    }
}

impl Task {
    /// The newest moment that the task itself tells of.
    pub fn newest_time(&self) -> Option<Time> {
        [
            self.created_at,
            self.connectivity_at,
            self.pull_started_at,
            self.pull_stopped_at,
            self.started_at,
            self.stopping_at,
            self.execution_stopped_at,
            self.stopped_at,
        ]
        .into_iter()
        .flatten()
        .max()
    }

    /// The name of the service that the task belongs to.
    pub fn service_name(&self) -> Option<&str> {
        self.group.as_deref()?.strip_prefix("service:")
    }

    /// Whether the task is in this cluster, given by name or ARN.
    pub fn is_in(&self, cluster: &str) -> bool {
        is_cluster(self.cluster_arn.as_deref(), cluster)
    }

    /// Whether the task has stopped.
    pub fn is_stopped(&self) -> bool {
        self.last_status.as_deref() == Some("STOPPED")
    }
}

shape! {
    /// A container of a task.
    Container: "camelCase" {
        /// Name in the task definition.
        name: Option<String>,
        /// Image as the task definition names it.
        image: Option<String>,
        /// Digest that was pulled.
        image_digest: Option<String>,
        /// Last known status.
        last_status: Option<String>,
        /// Exit code, if it ran and ended.
        exit_code: Option<i64>,
        /// Why it stopped, in words.
        reason: Option<String>,
        /// Health.
        health_status: Option<String>,
        /// Agents that ECS runs beside it.
        managed_agents: Vec<ManagedAgent>,
    }
}

shape! {
    /// An agent that ECS runs beside a container, such as the one of ECS Exec.
    ManagedAgent: "camelCase" {
        /// `ExecuteCommandAgent`.
        name: Option<String>,
        /// Last known status.
        last_status: Option<String>,
        /// Why it stopped.
        reason: Option<String>,
    }
}

shape! {
    /// Something attached to a task.
    Attachment: "camelCase" {
        /// Id.
        id: Option<String>,
        /// `ElasticNetworkInterface`, `AmazonElasticBlockStorage`, …
        #[serde(rename = "type")]
        kind: Option<String>,
        /// `ATTACHED`, `DELETED`, …
        status: Option<String>,
        /// Name and value pairs, for instance `subnetId`.
        details: Vec<KeyValue>,
    }
}

impl Attachment {
    /// The value of a detail.
    pub fn detail(&self, name: &str) -> Option<&str> {
        self.details
            .iter()
            .find(|detail| detail.name.as_deref() == Some(name))
            .and_then(|detail| detail.value.as_deref())
    }
}

shape! {
    /// A name and its value.
    KeyValue: "camelCase" {
        /// Name.
        name: Option<String>,
        /// Value.
        value: Option<String>,
    }
}

shape! {
    /// Overrides of a task definition, given when a task was started.
    Overrides: "camelCase" {
        /// Task role ARN.
        task_role_arn: Option<String>,
        /// Execution role ARN.
        execution_role_arn: Option<String>,
        /// Task CPU units.
        cpu: Option<Text>,
        /// Task memory in MiB.
        memory: Option<Text>,
        /// Ephemeral storage.
        ephemeral_storage: Option<EphemeralStorage>,
        /// By container.
        container_overrides: Vec<ContainerOverride>,
    }
}

shape! {
    /// Overrides of a container definition.
    ContainerOverride: "camelCase" {
        /// Which container.
        name: Option<String>,
        /// Command.
        command: Option<Vec<String>>,
        /// Variables, added to or replacing those of the definition.
        environment: Vec<KeyValue>,
        /// Environment files, replacing those of the definition.
        environment_files: Option<Vec<EnvironmentFile>>,
        /// CPU units.
        cpu: Option<i64>,
        /// Hard memory limit in MiB.
        memory: Option<i64>,
        /// Soft memory limit in MiB.
        memory_reservation: Option<i64>,
    }
}

shape! {
    /// Storage of a task on Fargate.
    EphemeralStorage: "camelCase" {
        /// GiB.
        #[serde(rename = "sizeInGiB")]
        size_in_gib: Option<i64>,
    }
}

request! {
    /// Describes a task definition.
    DescribeTaskDefinition: "ecs", "DescribeTaskDefinition", "camelCase" => DescribeTaskDefinitionResponse {
        /// ARN or `family:revision`.
        task_definition: String,
    }
}

shape! {
    /// A task definition, wrapped.
    DescribeTaskDefinitionResponse: "camelCase" {
        /// The task definition.
        task_definition: Arc<TaskDefinition>,
    }
}

shape! {
    /// A task definition.
    TaskDefinition: "camelCase" {
        /// ARN with revision.
        task_definition_arn: String,
        /// Family.
        family: Option<String>,
        /// `ACTIVE`, `INACTIVE`, `DELETE_IN_PROGRESS`.
        status: Option<String>,
        /// Task role ARN.
        task_role_arn: Option<String>,
        /// Execution role ARN.
        execution_role_arn: Option<String>,
        /// `awsvpc`, `bridge`, `host`, `none`.
        network_mode: Option<String>,
        /// Containers.
        container_definitions: Vec<ContainerDefinition>,
        /// What it was registered for.
        requires_compatibilities: Vec<String>,
        /// Task CPU units.
        cpu: Option<Text>,
        /// Task memory in MiB.
        memory: Option<Text>,
        /// Operating system and CPU architecture.
        runtime_platform: Option<RuntimePlatform>,
        /// Ephemeral storage.
        ephemeral_storage: Option<EphemeralStorage>,
        /// When it was registered.
        registered_at: Option<Time>,
        /// Volumes that containers mount.
        volumes: Vec<Volume>,
        /// `host` or `task`: whose processes its containers see.
        pid_mode: Option<String>,
        /// App Mesh proxy.
        proxy_configuration: Option<ProxyConfiguration>,
        /// What it can run on, as ECS found out.
        compatibilities: Vec<String>,
        /// Attributes that a container instance must have for it.
        requires_attributes: Vec<Attribute>,
        /// Which container instances it may run on.
        placement_constraints: Vec<PlacementConstraint>,
        /// IPC namespace: `host`, `task`, `none`.
        ipc_mode: Option<String>,
    }
}

shape! {
    /// Operating system and CPU architecture.
    RuntimePlatform: "camelCase" {
        /// `X86_64` or `ARM64`.
        cpu_architecture: Option<String>,
        /// `LINUX`, `WINDOWS_SERVER_2022_CORE`, …
        operating_system_family: Option<String>,
    }
}

shape! {
    /// A container of a task definition.
    ContainerDefinition: "camelCase" {
        /// Name.
        name: String,
        /// Image reference.
        image: Option<String>,
        /// `disabled` where the tag is not resolved to a digest.
        version_consistency: Option<String>,
        /// Whether the task stops with it; absent means yes.
        essential: Option<bool>,
        /// CPU units.
        cpu: Option<i64>,
        /// Hard memory limit in MiB.
        memory: Option<i64>,
        /// Soft memory limit in MiB.
        memory_reservation: Option<i64>,
        /// Entry point, replacing the image's.
        entry_point: Option<Vec<String>>,
        /// Command.
        command: Option<Vec<String>>,
        /// Directory in which the command runs.
        working_directory: Option<String>,
        /// User who runs the command.
        user: Option<String>,
        /// Containers that must come first.
        depends_on: Vec<ContainerDependency>,
        /// How many seconds others wait for it.
        start_timeout: Option<i64>,
        /// Its health check.
        health_check: Option<HealthCheck>,
        /// Ports.
        port_mappings: Vec<PortMapping>,
        /// Whether its root file system cannot be written to.
        readonly_root_filesystem: bool,
        /// Volumes in it.
        mount_points: Vec<MountPoint>,
        /// Settings of the Linux kernel.
        linux_parameters: Option<LinuxParameters>,
        /// Variables.
        environment: Vec<KeyValue>,
        /// Files of variables.
        environment_files: Vec<EnvironmentFile>,
        /// Variables from secrets and parameters.
        secrets: Vec<Secret>,
        /// Credentials of a private registry.
        repository_credentials: Option<RepositoryCredentials>,
        /// Log driver.
        log_configuration: Option<LogConfiguration>,
        /// Log router.
        firelens_configuration: Option<FirelensConfiguration>,
        /// Containers whose volumes it mounts as well.
        volumes_from: Vec<VolumeFrom>,
        /// GPUs and accelerators that it needs.
        resource_requirements: Vec<ResourceRequirement>,
        /// Whether it has the rights of the host's root.
        privileged: Option<bool>,
        /// Labels of SELinux and AppArmor.
        docker_security_options: Vec<String>,
        /// Seconds it has to stop.
        stop_timeout: Option<i64>,
        /// Limits of the operating system.
        ulimits: Vec<Ulimit>,
        /// Containers whose names and variables it gets.
        links: Vec<String>,
        /// Whether it has no network.
        disable_networking: Option<bool>,
        /// Name servers.
        dns_servers: Vec<String>,
        /// Search domains.
        dns_search_domains: Vec<String>,
        /// Lines of `/etc/hosts`.
        extra_hosts: Vec<Value>,
    }
}

shape! {
    /// A container that another one waits for.
    ContainerDependency: "camelCase" {
        /// Name of the container.
        container_name: String,
        /// `START`, `COMPLETE`, `SUCCESS`, `HEALTHY`.
        condition: String,
    }
}

shape! {
    /// A port that is reachable from outside the container.
    PortMapping: "camelCase" {
        /// Port in the container.
        container_port: Option<i64>,
        /// Port outside it.
        host_port: Option<i64>,
        /// Name, for Service Connect.
        name: Option<String>,
        /// Ports in the container, `FROM-TO`.
        container_port_range: Option<String>,
        /// `tcp` or `udp`; absent means TCP.
        protocol: Option<String>,
    }
}

shape! {
    /// The health check of a container.
    HealthCheck: "camelCase" {
        /// `CMD` or `CMD-SHELL`, and what to run.
        command: Vec<String>,
        /// Seconds between two checks; absent means 30.
        interval: Option<i64>,
        /// Seconds that a check may take; absent means 5.
        timeout: Option<i64>,
        /// Failed checks in a row that make it unhealthy; absent means 3.
        retries: Option<i64>,
        /// Seconds in which failed checks do not count.
        start_period: Option<i64>,
    }
}

shape! {
    /// A volume in a container.
    MountPoint: "camelCase" {
        /// The task definition's name of the volume.
        source_volume: Option<String>,
        /// Where it is mounted.
        container_path: Option<String>,
        /// Whether it cannot be written to.
        read_only: bool,
    }
}

shape! {
    /// Settings of the Linux kernel for a container.
    LinuxParameters: "camelCase" {
        /// File systems in memory.
        tmpfs: Vec<Tmpfs>,
        /// Whether an init process reaps zombies.
        init_process_enabled: bool,
        /// Capabilities.
        capabilities: Option<KernelCapabilities>,
        /// Devices of the host.
        devices: Vec<Value>,
        /// Swap in MiB.
        max_swap: Option<i64>,
        /// How eagerly is swapped.
        swappiness: Option<i64>,
        /// Size of `/dev/shm` in MiB.
        shared_memory_size: Option<i64>,
    }
}

shape! {
    /// A file system in memory.
    Tmpfs: "camelCase" {
        /// Where it is mounted.
        container_path: Option<String>,
    }
}

shape! {
    /// A file of environment variables.
    EnvironmentFile: "camelCase" {
        /// ARN of the object.
        value: Option<String>,
        /// `s3`.
        #[serde(rename = "type")]
        kind: Option<String>,
    }
}

shape! {
    /// A secret or parameter, by reference.
    Secret: "camelCase" {
        /// Name of the variable or option.
        name: Option<String>,
        /// ARN, or name of a parameter.
        value_from: Option<String>,
    }
}

shape! {
    /// Credentials of a private registry.
    RepositoryCredentials: "camelCase" {
        /// ARN or name of the secret.
        credentials_parameter: Option<String>,
    }
}

shape! {
    /// Log driver of a container.
    LogConfiguration: "camelCase" {
        /// `awslogs`, `awsfirelens`, …
        log_driver: Option<String>,
        /// Options.
        options: std::collections::BTreeMap<String, Text>,
        /// Options from secrets and parameters.
        secret_options: Vec<Secret>,
    }
}

impl LogConfiguration {
    /// The value of an option.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(|value| value.0.as_str())
    }
}

shape! {
    /// Log router of a task.
    FirelensConfiguration: "camelCase" {
        /// `fluentbit` or `fluentd`.
        #[serde(rename = "type")]
        kind: Option<String>,
        /// Options.
        options: std::collections::BTreeMap<String, Text>,
    }
}

request! {
    /// Describes services of a cluster.
    DescribeServices: "ecs", "DescribeServices", "camelCase" => DescribeServicesResponse {
        /// Cluster name or ARN.
        #[serde(skip_serializing_if = "Option::is_none")]
        cluster: Option<String>,
        /// Names or ARNs, at most 10.
        services: Vec<String>,
    }
}

shape! {
    /// Services, and what could not be found.
    DescribeServicesResponse: "camelCase" {
        /// The services found.
        services: Vec<Arc<Service>>,
        /// Why others are not among them.
        failures: Vec<Failure>,
    }
}

shape! {
    /// A service.
    Service: "camelCase" {
        /// ARN.
        service_arn: String,
        /// Name.
        service_name: String,
        /// Cluster ARN.
        cluster_arn: Option<String>,
        /// `ACTIVE`, `DRAINING`, `INACTIVE`.
        status: Option<String>,
        /// Tasks wanted.
        desired_count: i64,
        /// Tasks running.
        running_count: i64,
        /// Tasks on their way.
        pending_count: i64,
        /// Launch type.
        launch_type: Option<String>,
        /// Capacity providers, where there is no launch type.
        capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
        /// Fargate platform family.
        platform_family: Option<String>,
        /// ARN of the task definition revision.
        task_definition: Option<String>,
        /// Deployments, the newest one `PRIMARY`.
        deployments: Vec<Deployment>,
        /// Task sets, where a deployment is steered from outside.
        task_sets: Vec<Deployment>,
        /// The last 100 events, newest first.
        events: Vec<ServiceEvent>,
        /// Network.
        network_configuration: Option<NetworkConfiguration>,
        /// `REPLICA` or `DAEMON`.
        scheduling_strategy: Option<String>,
        /// Bounds of a deployment, and its circuit breaker.
        deployment_configuration: Option<DeploymentConfiguration>,
        /// Who steers deployments.
        deployment_controller: Option<DeploymentController>,
        /// Target groups and load balancers that its tasks are registered with.
        load_balancers: Vec<LoadBalancer>,
        /// AWS Cloud Map services that its tasks are registered with.
        service_registries: Vec<ServiceRegistry>,
        /// Seconds after a task's start in which failed health checks do not count.
        health_check_grace_period_seconds: Option<i64>,
        /// When it was created.
        created_at: Option<Time>,
        /// Whether its new tasks get ECS Exec.
        enable_execute_command: bool,
        /// Which container instances its tasks may run on.
        placement_constraints: Vec<PlacementConstraint>,
        /// The revisions that its tasks run, newest deployment among them.
        current_service_revisions: Vec<ServiceRevisionSummary>,
    }
}

impl Service {
    /// Whether the service is in this cluster, given by name or ARN.
    pub fn is_in(&self, cluster: &str) -> bool {
        is_cluster(self.cluster_arn.as_deref(), cluster)
    }
}

fn is_cluster(arn: Option<&str>, given: &str) -> bool {
    arn.is_some_and(|arn| {
        arn == given || arn.parse::<Arn>().is_ok_and(|arn| arn.resource_id() == given)
    })
}

shape! {
    /// Bounds of a service's deployments.
    DeploymentConfiguration: "camelCase" {
        /// Most tasks at a time, in percent of those wanted; absent means 200.
        maximum_percent: Option<i64>,
        /// Fewest healthy tasks at a time, in percent of those wanted; absent means 100.
        minimum_healthy_percent: Option<i64>,
        /// Circuit breaker.
        deployment_circuit_breaker: Option<DeploymentCircuitBreaker>,
    }
}

shape! {
    /// What ends a deployment whose tasks keep failing.
    DeploymentCircuitBreaker: "camelCase" {
        /// Whether it is on.
        enable: bool,
        /// Whether it goes back to the last deployment that completed.
        rollback: bool,
        /// After how many failures; absent means half of the tasks wanted, within bounds.
        threshold_configuration: Option<ThresholdConfiguration>,
    }
}

shape! {
    /// How many failures a circuit breaker tolerates.
    ThresholdConfiguration: "camelCase" {
        /// `COUNT`, `BOUNDED_PERCENT`, `UNBOUNDED_PERCENT`.
        #[serde(rename = "type")]
        kind: Option<String>,
        /// Number, or percent of the tasks wanted.
        value: Option<i64>,
    }
}

shape! {
    /// Who steers a service's deployments.
    DeploymentController: "camelCase" {
        /// `ECS`, `CODE_DEPLOY`, `EXTERNAL`.
        #[serde(rename = "type")]
        kind: Option<String>,
    }
}

shape! {
    /// Where a service's tasks are registered for traffic.
    LoadBalancer: "camelCase" {
        /// Target group of an Application, Network or Gateway Load Balancer.
        target_group_arn: Option<String>,
        /// Classic Load Balancer.
        load_balancer_name: Option<String>,
        /// Container that gets the traffic.
        container_name: Option<String>,
        /// Its port.
        container_port: Option<i64>,
    }
}

shape! {
    /// Where a service's tasks are registered for discovery.
    ServiceRegistry: "camelCase" {
        /// ARN of the AWS Cloud Map service.
        registry_arn: Option<String>,
        /// Port of an SRV record.
        port: Option<i64>,
        /// Container whose port an SRV record tells.
        container_name: Option<String>,
        /// Its port.
        container_port: Option<i64>,
    }
}

shape! {
    /// Service Connect of a deployment.
    ServiceConnectConfiguration: "camelCase" {
        /// Whether it is on.
        enabled: bool,
        /// Name or ARN of the AWS Cloud Map namespace.
        namespace: Option<String>,
        /// Ports that others reach by name.
        services: Vec<ServiceConnectService>,
    }
}

shape! {
    /// A port that others reach by name.
    ServiceConnectService: "camelCase" {
        /// Name of a port mapping in the task definition.
        port_name: Option<String>,
    }
}

shape! {
    /// A share of a service's tasks.
    CapacityProviderStrategyItem: "camelCase" {
        /// `FARGATE`, `FARGATE_SPOT` or a name.
        capacity_provider: Option<String>,
    }
}

shape! {
    /// A deployment or task set of a service.
    Deployment: "camelCase" {
        /// Id, as tasks give it in `startedBy`.
        id: Option<String>,
        /// `PRIMARY`, `ACTIVE`, …
        status: Option<String>,
        /// ARN of the task definition revision.
        task_definition: Option<String>,
        /// Network.
        network_configuration: Option<NetworkConfiguration>,
        /// Service Connect.
        service_connect_configuration: Option<ServiceConnectConfiguration>,
        /// Tasks wanted.
        desired_count: i64,
        /// Tasks running.
        running_count: i64,
        /// Tasks that failed to start.
        failed_tasks: i64,
        /// Launch type.
        launch_type: Option<String>,
        /// Capacity providers, where there is no launch type.
        capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
        /// State of the rollout.
        rollout_state: Option<String>,
        /// Why it is in that state.
        rollout_state_reason: Option<String>,
        /// When it was created.
        created_at: Option<Time>,
        /// When it was last changed.
        updated_at: Option<Time>,
        /// Volumes that are configured at launch.
        volume_configurations: Vec<VolumeConfiguration>,
        /// Fargate platform version.
        platform_version: Option<String>,
    }
}

shape! {
    /// An event of a service.
    ServiceEvent: "camelCase" {
        /// When.
        created_at: Option<Time>,
        /// What, in words.
        message: Option<String>,
    }
}

shape! {
    /// Network of a service, deployment or task set.
    NetworkConfiguration: "camelCase" {
        /// In the mode `awsvpc`.
        awsvpc_configuration: Option<AwsvpcConfiguration>,
    }
}

shape! {
    /// Where a task's interface goes.
    AwsvpcConfiguration: "camelCase" {
        /// Subnets, at most 16.
        subnets: Vec<String>,
        /// Security groups, at most 5; none means the VPC's default group.
        security_groups: Vec<String>,
        /// `ENABLED` or `DISABLED`.
        assign_public_ip: Option<String>,
    }
}

request! {
    /// Lists a cluster's tasks.
    ListTasks: "ecs", "ListTasks", "camelCase" => ListTasksResponse {
        /// Cluster name or ARN.
        #[serde(skip_serializing_if = "Option::is_none")]
        cluster: Option<String>,
        /// Only this service's.
        #[serde(skip_serializing_if = "Option::is_none")]
        service_name: Option<String>,
        /// `RUNNING` or `STOPPED`.
        desired_status: &'static str,
    }
}

shape! {
    /// ARNs of tasks.
    ListTasksResponse: "camelCase" {
        /// ARNs.
        task_arns: Vec<String>,
    }
}

request! {
    /// Describes container instances of a cluster.
    DescribeContainerInstances: "ecs", "DescribeContainerInstances", "camelCase" => DescribeContainerInstancesResponse {
        /// Cluster name or ARN.
        #[serde(skip_serializing_if = "Option::is_none")]
        cluster: Option<String>,
        /// Ids or ARNs, at most 100.
        container_instances: Vec<String>,
        /// `CONTAINER_INSTANCE_HEALTH`.
        include: Vec<&'static str>,
    }
}

impl DescribeContainerInstances {
    /// Asks for container instances with their health.
    pub fn new(cluster: Option<&str>, ids: impl IntoIterator<Item = String>) -> Self {
        Self {
            cluster: cluster.map(str::to_owned),
            container_instances: ids.into_iter().collect(),
            include: vec!["CONTAINER_INSTANCE_HEALTH"],
        }
    }
}

shape! {
    /// Container instances, and what could not be found.
    DescribeContainerInstancesResponse: "camelCase" {
        /// The container instances found.
        container_instances: Vec<Arc<ContainerInstance>>,
        /// Why others are not among them.
        failures: Vec<Failure>,
    }
}

shape! {
    /// An instance or server that tasks are placed on.
    ContainerInstance: "camelCase" {
        /// ARN.
        container_instance_arn: String,
        /// The EC2 instance that it is.
        ec2_instance_id: Option<String>,
        /// Versions of its agent.
        version_info: VersionInfo,
        /// What it offers.
        attributes: Vec<Attribute>,
        /// `ACTIVE`, `DRAINING`, `REGISTERING`, …
        status: Option<String>,
        /// Whether its agent is connected.
        agent_connected: Option<bool>,
        /// Capacity provider, where it belongs to one.
        capacity_provider_name: Option<String>,
        /// CPU, memory and GPUs that are left; ports that are taken.
        remaining_resources: Vec<InstanceResource>,
        /// CPU, memory and GPUs in all; ports that are reserved.
        registered_resources: Vec<InstanceResource>,
        /// Why it has that status.
        status_reason: Option<String>,
        /// Tasks that run on it.
        running_tasks_count: Option<i64>,
        /// Tasks on their way on it.
        pending_tasks_count: Option<i64>,
        /// When it was registered.
        registered_at: Option<Time>,
        /// Health, where its agent tells.
        health_status: Option<InstanceHealth>,
    }
}

impl ContainerInstance {
    /// The id at the end of the ARN.
    pub fn id(&self) -> &str {
        self.container_instance_arn.rsplit('/').next().unwrap_or(&self.container_instance_arn)
    }

    /// Whether it has an attribute of this name.
    pub fn has(&self, name: &str) -> bool {
        self.attributes.iter().any(|attribute| attribute.name == name)
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|attribute| attribute.name == name)?.value.as_deref()
    }
}

shape! {
    /// Versions of a container instance's agent.
    VersionInfo: "camelCase" {
        /// Of the container agent.
        agent_version: Option<String>,
        /// Version of Docker.
        docker_version: Option<String>,
    }
}

shape! {
    /// Something that a container instance offers.
    Attribute: "camelCase" {
        /// Name.
        name: String,
        /// Value, if it has one.
        value: Option<String>,
    }
}

request! {
    /// Lists settings of the account.
    ListAccountSettings: "ecs", "ListAccountSettings", "camelCase" => ListAccountSettingsResponse {
        /// Only this one.
        name: &'static str,
        /// Whether defaults are listed where nothing is set.
        effective_settings: bool,
    }
}

shape! {
    /// Settings of the account.
    ListAccountSettingsResponse: "camelCase" {
        /// The settings.
        settings: Vec<Setting>,
    }
}

shape! {
    /// A setting of the account.
    Setting: "camelCase" {
        /// Name.
        name: Option<String>,
        /// Value.
        value: Option<String>,
    }
}

shape! {
    /// A container whose volumes another one mounts.
    VolumeFrom: "camelCase" {
        /// Which container.
        source_container: Option<String>,
    }
}

shape! {
    /// A volume of a task definition.
    Volume: "camelCase" {
        /// Name, by which mount points refer to it.
        name: String,
        /// Bind mount.
        host: Option<HostVolume>,
        /// Docker volume.
        docker_volume_configuration: Option<DockerVolume>,
        /// Amazon EFS.
        efs_volume_configuration: Option<EfsVolume>,
        /// Amazon S3 Files.
        s3files_volume_configuration: Option<S3FilesVolume>,
        /// Amazon FSx for Windows File Server.
        fsx_windows_file_server_volume_configuration: Option<FsxVolume>,
        /// Whether the service or the caller says what it is: an Amazon EBS volume.
        configured_at_launch: bool,
    }
}

shape! {
    /// A bind mount.
    HostVolume: "camelCase" {
        /// Path on the instance; absent means one that Docker chooses.
        source_path: Option<String>,
    }
}

shape! {
    /// A Docker volume.
    DockerVolume: "camelCase" {
        /// `task` or `shared`.
        scope: Option<String>,
        /// Whether it is created if it is not there; for the scope `shared`.
        autoprovision: Option<bool>,
        /// Docker's volume driver; absent means `local`.
        driver: Option<String>,
    }
}

shape! {
    /// A volume on Amazon EFS.
    EfsVolume: "camelCase" {
        /// File system.
        file_system_id: String,
        /// Directory on the file system; absent means `/`.
        root_directory: Option<String>,
        /// `ENABLED` or `DISABLED`; absent means the latter.
        transit_encryption: Option<String>,
        /// Access point and IAM.
        authorization_config: Option<EfsAuthorization>,
    }
}

impl EfsVolume {
    /// The access point, if it has one.
    pub fn access_point(&self) -> Option<&str> {
        let id = self.authorization_config.as_ref()?.access_point_id.as_deref()?;
        (!id.is_empty()).then_some(id)
    }

    /// Whether the task role is used to mount it.
    pub fn uses_iam(&self) -> bool {
        self.authorization_config.as_ref().and_then(|config| config.iam.as_deref())
            == Some("ENABLED")
    }

    /// The directory on the file system, unless it is its root.
    pub fn directory(&self) -> Option<&str> {
        self.root_directory.as_deref().filter(|path| !["", "/"].contains(path))
    }
}

shape! {
    /// How a volume on Amazon EFS is accessed.
    EfsAuthorization: "camelCase" {
        /// Access point.
        access_point_id: Option<String>,
        /// `ENABLED` or `DISABLED`: whether the task role is used.
        iam: Option<String>,
    }
}

shape! {
    /// A volume on Amazon S3 Files.
    S3FilesVolume: "camelCase" {
        /// ARN of the file system.
        file_system_arn: String,
        /// Directory on the file system; absent means `/`.
        root_directory: Option<String>,
        /// ARN of the access point.
        access_point_arn: Option<String>,
    }
}

shape! {
    /// A volume on Amazon FSx for Windows File Server.
    FsxVolume: "camelCase" {
        /// File system.
        file_system_id: Option<String>,
    }
}

shape! {
    /// The App Mesh proxy of a task definition.
    ProxyConfiguration: "camelCase" {
        /// The container that is the proxy.
        container_name: Option<String>,
    }
}

shape! {
    /// What a volume that is configured at launch is.
    VolumeConfiguration: "camelCase" {
        /// The task definition's name of the volume.
        name: String,
        /// The Amazon EBS volume that ECS creates.
        #[serde(rename = "managedEBSVolume")]
        managed_ebs_volume: Option<ManagedEbsVolume>,
    }
}

shape! {
    /// An Amazon EBS volume that ECS creates for a task.
    ManagedEbsVolume: "camelCase" {
        /// `gp3`, `io2`, …
        volume_type: Option<String>,
        /// Snapshot that it is created from.
        snapshot_id: Option<String>,
        /// `ext3`, `ext4`, `xfs`, `ntfs`; absent means `xfs`, with Windows `ntfs`.
        filesystem_type: Option<String>,
    }
}

request! {
    /// Describes clusters by name or ARN.
    DescribeClusters: "ecs", "DescribeClusters", "camelCase" => DescribeClustersResponse {
        /// Names or ARNs.
        clusters: Vec<String>,
        /// `CONFIGURATIONS`.
        include: Vec<&'static str>,
    }
}

impl DescribeClusters {
    /// Asks for a cluster with its configuration.
    pub fn new(cluster: impl Into<String>) -> Self {
        Self { clusters: vec![cluster.into()], include: vec!["CONFIGURATIONS"] }
    }
}

shape! {
    /// Clusters, and what could not be found.
    DescribeClustersResponse: "camelCase" {
        /// The clusters found.
        clusters: Vec<Cluster>,
        /// Why others are not among them.
        failures: Vec<Failure>,
    }
}

shape! {
    /// A cluster.
    Cluster: "camelCase" {
        /// ARN.
        cluster_arn: String,
        /// Settings of ECS Exec; absent too where the source did not ask for them.
        configuration: Option<ClusterConfiguration>,
        /// `ACTIVE`, `INACTIVE`, …
        status: Option<String>,
        /// Names of the capacity providers associated with it.
        capacity_providers: Vec<String>,
    }
}

shape! {
    /// Settings of a cluster.
    ClusterConfiguration: "camelCase" {
        /// Of ECS Exec.
        execute_command_configuration: Option<ExecuteCommandConfiguration>,
    }
}

shape! {
    /// Settings of ECS Exec.
    ExecuteCommandConfiguration: "camelCase" {
        /// `NONE`, `DEFAULT` or `OVERRIDE`; absent means the second.
        logging: Option<String>,
        /// Where sessions are logged with `OVERRIDE`.
        log_configuration: Option<ExecuteCommandLogConfiguration>,
    }
}

shape! {
    /// Where sessions of ECS Exec are logged.
    ExecuteCommandLogConfiguration: "camelCase" {
        /// Log group.
        cloud_watch_log_group_name: Option<String>,
        /// Whether the log group must be encrypted.
        cloud_watch_encryption_enabled: bool,
        /// Bucket.
        s3_bucket_name: Option<String>,
    }
}

request! {
    /// Lists a cluster's container instances, but for inactive ones.
    ListContainerInstances: "ecs", "ListContainerInstances", "camelCase" => ListContainerInstancesResponse {
        /// Cluster name or ARN.
        #[serde(skip_serializing_if = "Option::is_none")]
        cluster: Option<String>,
    }
}

shape! {
    /// ARNs of container instances.
    ListContainerInstancesResponse: "camelCase" {
        /// ARNs.
        container_instance_arns: Vec<String>,
    }
}

request! {
    /// Describes capacity providers by name.
    DescribeCapacityProviders: "ecs", "DescribeCapacityProviders", "camelCase" => DescribeCapacityProvidersResponse {
        /// Names or ARNs.
        capacity_providers: Vec<String>,
        /// The cluster; capacity providers of Managed Instances belong to one.
        #[serde(skip_serializing_if = "Option::is_none")]
        cluster: Option<String>,
    }
}

shape! {
    /// Capacity providers, and what could not be found.
    DescribeCapacityProvidersResponse: "camelCase" {
        /// The capacity providers found.
        capacity_providers: Vec<CapacityProvider>,
        /// Why others are not among them.
        failures: Vec<Failure>,
    }
}

shape! {
    /// A capacity provider.
    CapacityProvider: "camelCase" {
        /// ARN.
        capacity_provider_arn: Option<String>,
        /// Name.
        name: String,
        /// Its Auto Scaling group, if it has one.
        auto_scaling_group_provider: Option<AutoScalingGroupProvider>,
        /// `ACTIVE`, `INACTIVE`, …
        status: Option<String>,
        /// How ECS runs instances for it, if it does.
        managed_instances_provider: Option<ManagedInstancesProvider>,
    }
}

shape! {
    /// The Auto Scaling group of a capacity provider.
    AutoScalingGroupProvider: "camelCase" {
        /// ARN or name of the group.
        auto_scaling_group_arn: Option<String>,
        /// Whether ECS scales the group.
        managed_scaling: Option<ManagedScaling>,
    }
}

shape! {
    /// Whether ECS scales an Auto Scaling group.
    ManagedScaling: "camelCase" {
        /// `ENABLED` or `DISABLED`.
        status: Option<String>,
    }
}

shape! {
    /// A rule for the placement of tasks.
    PlacementConstraint: "camelCase" {
        /// `memberOf` or `distinctInstance`.
        #[serde(rename = "type")]
        kind: Option<String>,
        /// Expression in the cluster query language.
        expression: Option<String>,
    }
}

shape! {
    /// GPUs or accelerators that a container needs.
    ResourceRequirement: "camelCase" {
        /// `GPU` or `InferenceAccelerator`.
        #[serde(rename = "type")]
        kind: Option<String>,
        /// How many, or which.
        value: Option<Text>,
    }
}

shape! {
    /// A resource of a container instance.
    InstanceResource: "camelCase" {
        /// `CPU`, `MEMORY`, `PORTS`, `PORTS_UDP`, `GPU`.
        name: String,
        /// How much.
        integer_value: Option<i64>,
        /// Which ones.
        string_set_value: Vec<Text>,
    }
}

shape! {
    /// Health of a container instance.
    InstanceHealth: "camelCase" {
        /// `OK`, `IMPAIRED`, `INSUFFICIENT_DATA`, `INITIALIZING`.
        overall_status: Option<String>,
        /// By what was examined.
        details: Vec<InstanceHealthDetail>,
    }
}

shape! {
    /// What an examination of a container instance came to.
    InstanceHealthDetail: "camelCase" {
        /// `CONTAINER_RUNTIME`, …
        #[serde(rename = "type")]
        kind: Option<String>,
        /// `OK`, `IMPAIRED`, …
        status: Option<String>,
        /// Since when.
        last_status_change: Option<Time>,
    }
}

shape! {
    /// How ECS runs instances.
    ManagedInstancesProvider: "camelCase" {
        /// Role with which ECS launches instances.
        infrastructure_role_arn: Option<String>,
        /// What the instances are like.
        instance_launch_template: Option<InstanceLaunchTemplate>,
    }
}

shape! {
    /// What instances that ECS runs are like.
    InstanceLaunchTemplate: "camelCase" {
        /// Instance profile.
        ec2_instance_profile_arn: Option<String>,
        /// Where they go.
        network_configuration: Option<ManagedNetwork>,
    }
}

shape! {
    /// Where instances that ECS runs go.
    ManagedNetwork: "camelCase" {
        /// Subnets.
        subnets: Vec<String>,
        /// Security groups.
        security_groups: Vec<String>,
    }
}

shape! {
    /// A limit of the operating system.
    Ulimit: "camelCase" {
        /// Which, for instance `nofile`.
        name: Option<String>,
        /// Soft limit.
        soft_limit: Option<i64>,
        /// Hard limit.
        hard_limit: Option<i64>,
    }
}

shape! {
    /// Capabilities of Linux.
    KernelCapabilities: "camelCase" {
        /// Those it gets.
        add: Vec<String>,
        /// Those it loses.
        drop: Vec<String>,
    }
}

shape! {
    /// A revision of a service, by ARN.
    ServiceRevisionSummary: "camelCase" {
        /// ARN.
        arn: Option<String>,
    }
}

request! {
    /// Describes revisions of services.
    DescribeServiceRevisions: "ecs", "DescribeServiceRevisions", "camelCase" => DescribeServiceRevisionsResponse {
        /// ARNs, at most 20.
        service_revision_arns: Vec<String>,
    }
}

shape! {
    /// Revisions of services, and what could not be found.
    DescribeServiceRevisionsResponse: "camelCase" {
        /// The revisions found.
        service_revisions: Vec<ServiceRevision>,
        /// Why others are not among them.
        failures: Vec<Failure>,
    }
}

shape! {
    /// What a service runs since a deployment.
    ServiceRevision: "camelCase" {
        /// ARN.
        service_revision_arn: String,
        /// ARN of the task definition revision.
        task_definition: Option<String>,
        /// Images, with the digests that their tags had.
        container_images: Vec<ContainerImage>,
        /// When it was created.
        created_at: Option<Time>,
    }
}

shape! {
    /// The image of a container in a revision of a service.
    ContainerImage: "camelCase" {
        /// Which container.
        container_name: Option<String>,
        /// Image as the task definition names it.
        image: Option<String>,
        /// Digest that its tag had when the deployment began.
        image_digest: Option<String>,
    }
}
