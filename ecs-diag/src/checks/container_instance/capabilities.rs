//! What provides the attributes that task definitions require: the version of the container agent
//! since which it reports one, and the setting or software beside it.
//!
//! As of November 2026, agent 1.105.1. Source:
//! <https://github.com/aws/amazon-ecs-agent/blob/master/agent/app/agent_capability.go>,
//! <https://github.com/aws/amazon-ecs-agent/blob/master/CHANGELOG.md>,
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html>,
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html>

use crate::checks::version::Version;

/// An attribute, and what provides it.
#[derive(Debug)]
pub(super) struct Capability {
    /// Its name; the beginning of it where it ends with `.`.
    pub(super) name: &'static str,
    /// The first version of the agent that reports it, where it is known.
    pub(super) since: Option<Version>,
    /// What it takes beside the version.
    pub(super) with: With,
}

/// What an attribute takes beside the agent's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum With {
    /// Nothing.
    Version,
    /// A setting of the agent.
    Setting(&'static str),
    /// The log driver at the end of its name, among those the agent was told of.
    LogDriver,
    /// The version of Docker's API at the end of its name.
    DockerApi,
    /// The Docker plugin at the end of its name.
    Plugin,
    /// Something else.
    Other(&'static str),
}

const fn row(name: &'static str, since: Option<Version>, with: With) -> Capability {
    Capability { name, since, with }
}

const V: With = With::Version;

#[rustfmt::skip]
static TABLE: &[Capability] = &[
    row("com.amazonaws.ecs.capability.privileged-container", None, With::Setting("ECS_DISABLE_PRIVILEGED=false")),
    row("com.amazonaws.ecs.capability.docker-remote-api.", None, With::DockerApi),
    row("com.amazonaws.ecs.capability.logging-driver.awsfirelens", Some(Version(1, 30, 0)), V),
    row("com.amazonaws.ecs.capability.logging-driver.awslogs", Some(Version(1, 9, 0)), With::LogDriver),
    row("com.amazonaws.ecs.capability.logging-driver.", None, With::LogDriver),
    row("com.amazonaws.ecs.capability.selinux", None, With::Setting("ECS_SELINUX_CAPABLE=true")),
    row("com.amazonaws.ecs.capability.apparmor", None, With::Setting("ECS_APPARMOR_CAPABLE=true")),
    row("com.amazonaws.ecs.capability.ecr-auth", None, With::Other("Docker with version 1.19 of its API")),
    row("com.amazonaws.ecs.capability.task-iam-role", Some(Version(1, 11, 0)), With::Setting("ECS_ENABLE_TASK_IAM_ROLE=true")),
    row("com.amazonaws.ecs.capability.task-iam-role-network-host", Some(Version(1, 12, 0)), With::Setting("ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST=true")),
    row("ecs.capability.execution-role-ecr-pull", Some(Version(1, 16, 0)), V),
    row("ecs.capability.execution-role-awslogs", Some(Version(1, 16, 0)), With::Setting("ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true")),
    row("ecs.capability.container-health-check", Some(Version(1, 17, 0)), With::Setting("ECS_DISABLE_DOCKER_HEALTH_CHECK=false")),
    row("ecs.capability.task-cpu-mem-limit", Some(Version(1, 16, 0)), With::Setting("ECS_ENABLE_TASK_CPU_MEM_LIMIT=true")),
    row("ecs.capability.task-eni", Some(Version(1, 15, 0)), With::Setting("ECS_ENABLE_TASK_ENI=true")),
    row("ecs.capability.task-eni-block-instance-metadata", Some(Version(1, 15, 0)), With::Setting("ECS_AWSVPC_BLOCK_IMDS=true")),
    row("ecs.capability.task-eni-trunking", Some(Version(1, 28, 1)), With::Other("the account setting `awsvpcTrunking`, on when the instance is launched")),
    row("ecs.capability.private-registry-authentication.secretsmanager", Some(Version(1, 19, 0)), V),
    row("ecs.capability.secrets.ssm.environment-variables", Some(Version(1, 22, 0)), V),
    row("ecs.capability.secrets.asm.environment-variables", Some(Version(1, 23, 0)), V),
    row("ecs.capability.secrets.ssm.bootstrap.log-driver", Some(Version(1, 27, 0)), V),
    row("ecs.capability.secrets.asm.bootstrap.log-driver", Some(Version(1, 27, 0)), V),
    row("ecs.capability.pid-ipc-namespace-sharing", Some(Version(1, 22, 0)), V),
    row("ecs.capability.container-ordering", Some(Version(1, 26, 0)), V),
    row("ecs.capability.aws-appmesh", Some(Version(1, 26, 0)), With::Other("the CNI plugin of App Mesh, which comes with ecs-init")),
    row("ecs.capability.firelens.non-root-user", Some(Version(1, 96, 0)), V),
    row("ecs.capability.firelens.options.config.s3", Some(Version(1, 30, 0)), V),
    row("ecs.capability.firelens.options.config.file", Some(Version(1, 31, 0)), V),
    row("ecs.capability.firelens.", Some(Version(1, 30, 0)), V),
    row("ecs.capability.logging-driver.awsfirelens.log-driver-buffer-limit", Some(Version(1, 55, 0)), V),
    row("ecs.capability.efs", Some(Version(1, 35, 0)), V),
    row("ecs.capability.efsAuth", Some(Version(1, 38, 0)), With::Other("the Amazon ECS volume plugin, which ecs-init starts")),
    row("ecs.capability.env-files.s3", Some(Version(1, 39, 0)), V),
    row("ecs.capability.fsxWindowsFileServer", Some(Version(1, 47, 0)), With::Other("Windows")),
    row("ecs.capability.gmsa", Some(Version(1, 34, 0)), With::Setting("ECS_GMSA_SUPPORTED=true")),
    row("ecs.capability.gmsa-domainless", Some(Version(1, 72, 0)), With::Setting("ECS_GMSA_SUPPORTED=true")),
    row("ecs.capability.execute-command", Some(Version(1, 50, 2)), With::Other("the binaries of ECS Exec, which come with the ECS-optimized AMI")),
    row("ecs.capability.service-connect-v1", Some(Version(1, 64, 0)), With::Other("the image of the Service Connect agent, which comes with ecs-init")),
    row("ecs.capability.network.container-port-range", Some(Version(1, 67, 0)), V),
    row("ecs.capability.container-restart-policy", Some(Version(1, 86, 0)), V),
    row("ecs.capability.fault-injection", Some(Version(1, 88, 0)), With::Other("`iptables`, `tc`, `nsenter` and the kernel module `sch_netem` on the instance")),
    row("ecs.capability.ipv6-only", Some(Version(1, 98, 0)), V),
    row("ecs.capability.storage.ebs-task-volume-attach", Some(Version(1, 79, 0)), With::Other("the EBS CSI driver, which comes with the ECS-optimized AMI")),
    row("ecs.capability.storage.ebsta-non-root-user", Some(Version(1, 99, 0)), V),
    row("ecs.capability.storage.s3-files", Some(Version(1, 104, 0)), V),
    row("ecs.capability.nvidia-driver-version.", Some(Version(1, 24, 0)), With::Setting("ECS_ENABLE_GPU_SUPPORT=true")),
    row("ecs.capability.gpu-driver-version", Some(Version(1, 24, 0)), With::Setting("ECS_ENABLE_GPU_SUPPORT=true")),
    row("ecs.capability.docker-plugin.", None, With::Plugin),
    row("ecs.capability.docker-volume-driver.", None, With::Plugin),
    row("ecs.capability.external", None, With::Other("a server registered through ECS Anywhere")),
    row("ecs.cpu-architecture", None, With::Other("an instance of that processor architecture")),
    row("ecs.os-type", None, With::Other("an instance of that operating system")),
    row("ecs.os-family", None, With::Other("an instance of that operating system family")),
];

/// What provides the attribute of this name, where that is known.
pub(super) fn of(name: &str) -> Option<&'static Capability> {
    TABLE
        .iter()
        .find(|row| row.name == name || row.name.ends_with('.') && name.starts_with(row.name))
}

impl Capability {
    /// What is needed on the instance to have the attribute `name`, in words.
    pub(super) fn needs(&self, name: &str) -> String {
        let end = name.strip_prefix(self.name).filter(|end| !end.is_empty());
        let end = end.or_else(|| name.rsplit('.').next()).unwrap_or(name);
        let with = match self.with {
            With::Version => None,
            With::Setting(setting) => Some(format!("`{setting}` in the agent's configuration")),
            With::LogDriver => Some(format!(
                "`{end}` in the list `ECS_AVAILABLE_LOGGING_DRIVERS` of the agent's configuration"
            )),
            With::DockerApi => Some(format!("Docker with version {end} of its API")),
            With::Plugin => Some(format!("the Docker plugin `{end}` on the instance")),
            With::Other(what) => Some(what.to_owned()),
        };
        let since = self.since.map(|version| format!("agent {version} or newer"));
        [since, with].into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_whole_or_by_their_beginning() {
        let needs = |name: &str| of(name).map(|capability| capability.needs(name));
        assert_eq!(
            needs("com.amazonaws.ecs.capability.logging-driver.splunk").as_deref(),
            Some(
                "`splunk` in the list `ECS_AVAILABLE_LOGGING_DRIVERS` of the agent's configuration"
            )
        );
        assert_eq!(
            needs("com.amazonaws.ecs.capability.logging-driver.awslogs").as_deref(),
            Some(
                "agent 1.9.0 or newer and `awslogs` in the list `ECS_AVAILABLE_LOGGING_DRIVERS` of \
                 the agent's configuration"
            )
        );
        assert_eq!(
            needs("com.amazonaws.ecs.capability.docker-remote-api.1.44").as_deref(),
            Some("Docker with version 1.44 of its API")
        );
        assert_eq!(
            needs("ecs.capability.efsAuth").as_deref(),
            Some("agent 1.38.0 or newer and the Amazon ECS volume plugin, which ecs-init starts")
        );
        assert_eq!(needs("stack"), None);
    }

    #[test]
    fn no_name_stands_twice_and_none_is_hidden_by_a_beginning() {
        for (at, row) in TABLE.iter().enumerate() {
            assert!(std::ptr::eq(of(row.name).unwrap(), &raw const TABLE[at]), "{}", row.name);
        }
    }
}
