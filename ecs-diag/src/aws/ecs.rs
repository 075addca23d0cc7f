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
        /// Volumes.
        volumes: Vec<Volume>,
        /// IPC namespace: `host`, `task`, `none`.
        ipc_mode: Option<String>,
        /// Process namespace: `host`, `task`.
        pid_mode: Option<String>,
        /// Conditions on instances.
        placement_constraints: Vec<PlacementConstraint>,
        /// When it was registered.
        registered_at: Option<Time>,
    }
}

shape! {
    /// A volume of a task.
    Volume: "camelCase" {
        /// Name.
        name: String,
        /// Directory of the host.
        host: Option<HostVolume>,
        /// Volume of a Docker driver.
        docker_volume_configuration: Option<DockerVolume>,
        /// File system of Amazon EFS.
        efs_volume_configuration: Option<EfsVolume>,
    }
}

shape! {
    /// A directory of the host.
    HostVolume: "camelCase" {
        /// Path; Docker chooses one where absent.
        source_path: Option<String>,
    }
}

shape! {
    /// A volume of a Docker driver.
    DockerVolume: "camelCase" {
        /// Driver.
        driver: Option<String>,
    }
}

shape! {
    /// A file system of Amazon EFS.
    EfsVolume: "camelCase" {
        /// Id.
        file_system_id: String,
    }
}

shape! {
    /// A condition on instances.
    PlacementConstraint: "camelCase" {
        /// `memberOf`.
        #[serde(rename = "type")]
        kind: Option<String>,
        /// Expression of the cluster query language.
        expression: Option<String>,
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
        /// Whether the task stops with it; absent means yes.
        essential: Option<bool>,
        /// CPU units.
        cpu: Option<i64>,
        /// Hard memory limit in MiB.
        memory: Option<i64>,
        /// Soft memory limit in MiB.
        memory_reservation: Option<i64>,
        /// Command.
        command: Option<Vec<String>>,
        /// Variables.
        environment: Vec<KeyValue>,
        /// Files of variables.
        environment_files: Vec<EnvironmentFile>,
        /// Variables from secrets and parameters.
        secrets: Vec<Secret>,
        /// Credentials of a private registry.
        repository_credentials: Option<RepositoryCredentials>,
        /// Whether a service pins the tag to a digest: `enabled` or `disabled`.
        version_consistency: Option<String>,
        /// Log driver.
        log_configuration: Option<LogConfiguration>,
        /// Log router.
        firelens_configuration: Option<FirelensConfiguration>,
        /// Ports.
        port_mappings: Vec<PortMapping>,
        /// Containers that must be in some state before this one starts.
        depends_on: Vec<ContainerDependency>,
        /// Seconds that others wait for it.
        start_timeout: Option<i64>,
        /// Seconds it has to stop.
        stop_timeout: Option<i64>,
        /// Limits of the operating system.
        ulimits: Vec<Ulimit>,
        /// Options of Linux.
        linux_parameters: Option<LinuxParameters>,
        /// GPUs.
        resource_requirements: Vec<ResourceRequirement>,
        /// Containers whose names and variables it gets.
        links: Vec<String>,
        /// Whether it has all rights on the host.
        privileged: Option<bool>,
        /// Whether it has no network.
        disable_networking: Option<bool>,
        /// Name servers.
        dns_servers: Vec<String>,
        /// Search domains.
        dns_search_domains: Vec<String>,
        /// Labels for SELinux and AppArmor, and credential specs.
        docker_security_options: Vec<String>,
        /// Lines of `/etc/hosts`.
        extra_hosts: Vec<Value>,
    }
}

shape! {
    /// A port of a container.
    PortMapping: "camelCase" {
        /// Port in the container.
        container_port: Option<i64>,
        /// Port of the host.
        host_port: Option<i64>,
        /// `tcp` or `udp`; absent means `tcp`.
        protocol: Option<String>,
        /// Range of ports in the container.
        container_port_range: Option<String>,
    }
}

shape! {
    /// A container that must be in some state before another one starts.
    ContainerDependency: "camelCase" {
        /// Which container.
        container_name: Option<String>,
        /// `START`, `COMPLETE`, `SUCCESS`, `HEALTHY`.
        condition: Option<String>,
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
    /// Options of Linux.
    LinuxParameters: "camelCase" {
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
    /// Capabilities of Linux.
    KernelCapabilities: "camelCase" {
        /// Those it gets.
        add: Vec<String>,
        /// Those it loses.
        drop: Vec<String>,
    }
}

shape! {
    /// A resource that a container demands.
    ResourceRequirement: "camelCase" {
        /// `GPU`, `InferenceAccelerator`.
        #[serde(rename = "type")]
        kind: Option<String>,
        /// How many.
        value: Option<Text>,
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
        /// The revisions that its tasks run, newest deployment among them.
        current_service_revisions: Vec<ServiceRevisionSummary>,
        /// When it was created.
        created_at: Option<Time>,
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
        /// Tasks wanted.
        desired_count: i64,
        /// Tasks that failed to start.
        failed_tasks: i64,
        /// Launch type.
        launch_type: Option<String>,
        /// Capacity providers, where there is no launch type.
        capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
        /// Fargate platform version.
        platform_version: Option<String>,
        /// State of the rollout.
        rollout_state: Option<String>,
        /// Why it is in that state.
        rollout_state_reason: Option<String>,
        /// When it was created.
        created_at: Option<Time>,
        /// When it was last changed.
        updated_at: Option<Time>,
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

request! {
    /// Lists the settings of the account.
    ListAccountSettings: "ecs", "ListAccountSettings", "camelCase" => ListAccountSettingsResponse {
        /// Which one.
        name: &'static str,
        /// Whether what applies is told, set or not.
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
