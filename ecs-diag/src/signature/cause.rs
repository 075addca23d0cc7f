//! Classes of cause: what is wrong in the account when a task does not start.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

macro_rules! causes {
    ($($(#[$doc:meta])+ $name:ident = $id:literal,)+) => {
        /// A class of cause.
        ///
        /// A failure text rarely has one cause only; a [`Reading`](super::Reading) ranks the
        /// classes that can produce it, and configuration decides between them.
        #[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Cause {
            $($(#[$doc])+ $name,)+
        }

        impl Cause {
            /// Every class, grouped by area.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The id used in reports, for instance `net.aws-api-unreachable`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)+
                }
            }
        }
    };
}

causes! {
    /// The execution role (or the instance role) lacks an action on a resource.
    IamExecRoleMissingAction = "iam.exec-role-missing-action",
    /// The customer key of a secret or parameter may not be used to decrypt it.
    IamKmsDecrypt = "iam.kms-decrypt",
    /// ECS cannot assume the role of the task: absent, wrong trust, wrong field, too new.
    IamRoleNotAssumable = "iam.role-not-assumable",
    /// The service-linked, service or infrastructure role lacks trust or permissions.
    IamServiceRole = "iam.service-role",
    /// The policy of a VPC endpoint refuses the request.
    IamVpcEndpointPolicy = "iam.vpc-endpoint-policy",
    /// The policy of the ECR repository does not allow the task's account.
    IamEcrRepositoryPolicy = "iam.ecr-repository-policy",

    /// The secret or parameter is not in this account and region.
    SecretNotFound = "secret.not-found",
    /// The secret exists without a readable version, or awaits deletion.
    SecretNoReadableVersion = "secret.no-readable-version",
    /// The secret's JSON lacks the key that the task definition names.
    SecretJsonKeyMissing = "secret.json-key-missing",
    /// `valueFrom` or an environment file's ARN is malformed.
    SecretBadReference = "secret.bad-reference",

    /// No path from the task's subnet to an AWS API.
    NetAwsApiUnreachable = "net.aws-api-unreachable",
    /// A VPC endpoint exists but its DNS, subnets, state or security group is wrong.
    NetEndpointMisconfigured = "net.endpoint-misconfigured",
    /// One of the service's subnets routes differently from the others.
    NetOneBadSubnet = "net.one-bad-subnet",
    /// The NAT instance or gateway that the route names does not forward.
    NetNatBroken = "net.nat-broken",
    /// No path from the task's subnet to the image registry.
    NetRegistryUnreachable = "net.registry-unreachable",
    /// The registry answers, but S3, where ECR keeps layers, cannot be reached.
    NetS3LayerUnreachable = "net.s3-layer-unreachable",
    /// IPv6 is used where only IPv4 has a path, or the other way round.
    NetAddressFamilyMismatch = "net.address-family-mismatch",
    /// A proxy or a TLS-inspecting middlebox is in the way.
    NetProxyOrTlsInspection = "net.proxy-or-tls-inspection",
    /// The subnet has no free addresses.
    NetSubnetIpExhausted = "net.subnet-ip-exhausted",

    /// The repository has no image with this tag.
    ImageTagMissing = "image.tag-missing",
    /// The pinned digest was removed while its tag moved on.
    ImageDigestExpired = "image.digest-expired",
    /// The manifest does not suit the platform, or is not an image.
    ImagePlatformOrManifest = "image.platform-or-manifest",
    /// The binary is built for another processor, or is a script without an interpreter line.
    ImageExecFormat = "image.exec-format",
    /// The registry limits the rate of pulls.
    ImageRateLimited = "image.rate-limited",
    /// The image reference names the wrong host or repository, or is malformed.
    ImageWrongReference = "image.wrong-reference",

    /// The log group does not exist.
    LogGroupMissing = "log.group-missing",
    /// `awslogs-region` is wrong.
    LogRegionWrong = "log.region-wrong",
    /// The log driver's options are incomplete, or its daemon is not there.
    LogDriverMisconfigured = "log.driver-misconfigured",

    /// The file system has no mount target here, or its name does not resolve.
    EfsDnsOrMountTarget = "efs.dns-or-mount-target",
    /// NFS (2049) is blocked between task and mount target.
    EfsNfsBlocked = "efs.nfs-blocked",
    /// The file system refuses the mount.
    EfsAccessDenied = "efs.access-denied",
    /// The root directory does not exist on the file system.
    EfsPathMissing = "efs.path-missing",
    /// A Docker volume driver on the instance fails.
    VolumeEc2DockerDriver = "volume.ec2-docker-driver",

    /// The image does not fit into the task's ephemeral storage.
    StorageFargateEphemeralFull = "storage.fargate-ephemeral-full",
    /// The disk of the container instance is full.
    StorageHostDiskFull = "storage.host-disk-full",

    /// Command or entry point cannot be executed.
    StartCommand = "start.command",
    /// A bind mount fails.
    StartBindMountFailed = "start.bind-mount-failed",
    /// A GPU or another device cannot be given to the container.
    StartGpuOrDevice = "start.gpu-or-device",
    /// The kernel killed a process that exceeded the memory limit.
    Oom = "oom",
    /// A signal ended the container, and nothing says that memory was the reason.
    ExitBySignalNotOom = "exit.by-signal-not-oom",
    /// The application or a sidecar ended on its own.
    ExitAppOrSidecarError = "exit.app-or-sidecar-error",

    /// The container's own health check fails.
    HealthContainerCheck = "health.container-check",
    /// The load balancer's check asks the wrong thing: path, matcher, host.
    HealthElbCheckConfig = "health.elb.check-config",
    /// The load balancer cannot reach the health check's port.
    HealthElbSecurityGroup = "health.elb.security-group",
    /// The application answers too late or too slowly for the load balancer.
    HealthElbSlowStartOrSlowApp = "health.elb.slow-start-or-slow-app",
    /// The load balancer calls the target unhealthy and does not say why.
    HealthElbUnspecified = "health.elb.unspecified",

    /// The cluster or capacity provider has no instances.
    PlaceNoInstances = "place.no-instances",
    /// No instance has the CPU or memory left.
    PlaceCpuOrMemory = "place.cpu-or-memory",
    /// The host port is taken.
    PlacePortConflict = "place.port-conflict",
    /// No instance has a network interface left.
    PlaceEni = "place.eni",
    /// No instance offers a required attribute, or a GPU.
    PlaceAttributeOrGpu = "place.attribute-or-gpu",
    /// The container agent is disconnected.
    PlaceAgentDisconnected = "place.agent-disconnected",
    /// AWS has no capacity of this kind here at this time.
    CapacityUnavailable = "capacity.unavailable",
    /// A quota of the account is reached.
    QuotaAccountLimit = "quota.account-limit",
    /// A passing fault inside AWS.
    AwsInternalTransient = "aws.internal-transient",

    /// The task's network interface was not ready in time.
    EniProvisionTimeout = "eni.provision-timeout",
    /// The agent cannot set up the task's network namespace.
    EniCniSetupFailed = "eni.cni-setup-failed",
    /// Docker on the instance is too slow.
    HostDockerSlow = "host.docker-slow",
    /// Docker on the instance is broken.
    HostDockerBroken = "host.docker-broken",
    /// The agent cannot register its instance.
    AgentCannotRegister = "agent.cannot-register",
    /// A task cannot reach the agent's credentials or metadata endpoint.
    AgentTaskSideEndpoint = "agent.task-side-endpoint",
    /// The agent's version or configuration is at fault.
    AgentVersionBugOrConfig = "agent.version-bug-or-config",

    /// The host or the Spot capacity under the task went away.
    StopHostOrSpotGone = "stop.host-or-spot-gone",
    /// Somebody or something stopped the task on purpose.
    StopBenign = "stop.benign",
    /// The deployment's or service's own settings leave no way forward.
    DeployConfiguration = "deploy.configuration",
    /// ECS Exec is not enabled on the task.
    ExecNotEnabled = "exec.not-enabled",
    /// The ECS Exec agent in the container does not run or cannot connect.
    ExecAgentCannotConnect = "exec.agent-cannot-connect",
    /// The ECS Exec client or the service behind it is at fault.
    ExecClientOrService = "exec.client-or-service",
    /// A deployment failed: look at its newest stopped task.
    SymptomDeploymentFailed = "symptom.deployment-failed",
    /// The text names no reason: look at the other places.
    SymptomNoDetail = "symptom.no-detail",
}

impl Cause {
    /// Whether this says only that something failed, never why.
    pub const fn is_symptom_only(self) -> bool {
        matches!(self, Self::SymptomDeploymentFailed | Self::SymptomNoDetail)
    }

    /// Whether this is a stop that somebody wanted or that happens in normal operation.
    pub const fn is_expected_stop(self) -> bool {
        matches!(self, Self::StopBenign | Self::StopHostOrSpotGone)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Cause {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|cause| cause.as_str() == text)
            .ok_or_else(|| format!("no class of cause is called `{text}`"))
    }
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Cause {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
