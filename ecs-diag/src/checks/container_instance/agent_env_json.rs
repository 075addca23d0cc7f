use super::user_data::{self, Told, UserData};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::instances::{self, Faults},
    facts::Missing,
    finding::{Finding, Remedy, Resource},
};

check! {
    /// The agent understands its settings in user data
    ///
    /// # What it looks at
    /// Of instances that run outside the cluster, or that lack an attribute which the task definition
    /// requires: settings in their user data that the agent does not understand.
    /// `ECS_AVAILABLE_LOGGING_DRIVERS` must be a JSON array of strings as it stands in
    /// `/etc/ecs/ecs.config`; a shell takes quotation marks away that are not quoted themselves.
    /// Switches must be `true` or `false`.
    ///
    /// # Why it matters
    /// The agent ignores such a setting, with a word in its log only. What should have been switched
    /// on is missing among the attributes of the instance.
    ///
    /// # How to fix it
    /// Write the setting as the agent reads it.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html>,
    /// <https://github.com/aws/amazon-ecs-agent/issues/624>
    AgentEnvJson {
        id: "ci-agent-env-json",
        domain: "container-instance",
        phase: Place,
        causes: [AgentVersionBugOrConfig, AgentCannotRegister],
        explains: [],
    }
}

const DRIVERS: &str = "ECS_AVAILABLE_LOGGING_DRIVERS";
const SWITCHES: [&str; 10] = [
    "ECS_APPARMOR_CAPABLE",
    "ECS_AWSVPC_BLOCK_IMDS",
    "ECS_DISABLE_PRIVILEGED",
    "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE",
    "ECS_ENABLE_GPU_SUPPORT",
    "ECS_ENABLE_TASK_CPU_MEM_LIMIT",
    "ECS_ENABLE_TASK_ENI",
    "ECS_ENABLE_TASK_IAM_ROLE",
    "ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST",
    "ECS_SELINUX_CAPABLE",
];
/// What Go takes for a Boolean.
const BOOLEANS: [&str; 12] =
    ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"];

impl Check for AgentEnvJson {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let judged = match instances::candidates(cx)? {
            Ok(judged) => judged,
            Err(why) => return cx.not_applicable(why),
        };
        let mut ids: Vec<_> = judged
            .instances
            .iter()
            .filter(|judgement| judgement.faults.has(Faults::ATTRIBUTE))
            .filter_map(|judgement| judgement.instance.ec2_instance_id.clone())
            .filter(|id| id.starts_with("i-"))
            .collect();
        ids.sort_unstable();
        ids = user_data::sample(&ids).to_vec();
        ids.extend_from_slice(user_data::sample(
            &user_data::not_registered(cx)?.unwrap_or_default(),
        ));
        if ids.is_empty() {
            return cx.not_applicable(
                "every instance that is known of is in the cluster and has the required attributes",
            );
        }
        let mut found = Vec::new();
        cx.each(&ids, |cx, id| {
            let Some(data) = user_data::read(cx, id)? else { return Ok(()) };
            found.extend(faults(&data).into_iter().map(|fault| (id.clone(), fault)));
            // Whether a shell took quotation marks away cannot be seen without the shell.
            if data.is_reduced() || data.setting(DRIVERS) == Told::Unclear {
                return Err(Missing::undecided(
                    cx.query(&user_data::request(id)),
                    format!("the user data of `{id}` does not tell the agent's settings"),
                ));
            }
            Ok(())
        });
        let mut told = Vec::new();
        for (id, (setting, why)) in found {
            // The instances of a group are launched alike.
            if told.contains(&setting) {
                continue;
            }
            cx.report(
                Finding::likely(format!("the user data of instance `{id}` sets `{setting}`, {why}"))
                    .detail(
                        "the agent ignores a setting that it does not understand, and reports no \
                         attribute for it",
                    )
                    .resource(Resource::new("AWS::EC2::Instance", id.clone()))
                    .evidence(user_data::evidence(cx, &id, setting.clone()))
                    .remedy(
                        Remedy::new(
                            "write the setting as the agent reads it, in the launch template, and \
                             replace the instances",
                        )
                        .step(if setting.starts_with(DRIVERS) {
                            r#"for instance: `echo 'ECS_AVAILABLE_LOGGING_DRIVERS=["json-file","awslogs"]' >> /etc/ecs/ecs.config`"#
                        } else {
                            "with the value `true` or `false`, without quotation marks"
                        }),
                    ),
            );
            told.push(setting);
        }
        Ok(())
    }
}

/// Settings that the agent does not understand, each with why.
fn faults(data: &UserData) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    if let Some(value) = data.written(DRIVERS)
        && serde_json::from_str::<Vec<String>>(&value).is_err()
    {
        let why = "which is no JSON array of strings where the agent reads it";
        faults.push((format!("{DRIVERS}={value}"), why.to_owned()));
    }
    for name in SWITCHES {
        if let Told::Is(value) = data.setting(name)
            && !value.is_empty()
            && !BOOLEANS.contains(&value.as_str())
        {
            faults.push((format!("{name}={value}"), "which is neither true nor false".to_owned()));
        }
    }
    faults
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::user_data::encoded;
    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{FIRST_EC2, SECOND_EC2, unplaced},
            testing::{Examples, World},
        },
    };

    const ID: &str = "ci-agent-env-json";
    const MESSAGE: &str = "TaskFailedToStart: ATTRIBUTE";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            // The shell takes the quotation marks away.
            lacking(
                world,
                r#"echo ECS_AVAILABLE_LOGGING_DRIVERS=["awslogs","splunk"] >> /etc/ecs/x"#,
            );
        },
        passes: |world| {
            lacking(world, r#"echo 'ECS_AVAILABLE_LOGGING_DRIVERS=["awslogs"]' >> /etc/ecs/x"#);
        },
        unknown: |world| {
            lacking(world, "").deny("ec2:DescribeInstanceAttribute");
        },
        near_miss: |world| {
            lacking(world, r#"echo ECS_AVAILABLE_LOGGING_DRIVERS=[\"awslogs\"] >> /etc/ecs/x"#);
        },
    };

    fn lacking<'w>(world: &'w mut World, line: &str) -> &'w mut World {
        let driver = "com.amazonaws.ecs.capability.logging-driver.splunk";
        unplaced(world, MESSAGE).definition("/requiresAttributes/-", json!({"name": driver}));
        for id in [FIRST_EC2, SECOND_EC2] {
            let input = json!({"InstanceId": id, "Attribute": "userData"});
            let text = format!("#!/bin/bash\n{line}\n");
            let output = json!({"InstanceId": id, "UserData": {"Value": encoded(&text)}});
            world.recorded("ec2", "DescribeInstanceAttribute", &input, &output);
        }
        world
    }

    fn status(line: &str) -> Status {
        let mut world = World::default();
        lacking(&mut world, line);
        world.outcome(ID).status
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r#"
        likely: the user data of instance `i-0a000000000000001` sets `ECS_AVAILABLE_LOGGING_DRIVERS=[awslogs,splunk]`, which is no JSON array of strings where the agent reads it
          the agent ignores a setting that it does not understand, and reports no attribute for it
          @ AWS::EC2::Instance i-0a000000000000001
          fix: write the setting as the agent reads it, in the launch template, and replace the instances
          - for instance: `echo 'ECS_AVAILABLE_LOGGING_DRIVERS=["json-file","awslogs"]' >> /etc/ecs/ecs.config`
        "#);
    }

    #[test]
    fn switches_are_true_or_false() {
        assert_eq!(status("echo ECS_ENABLE_TASK_ENI=yes >> /etc/ecs/x"), Status::Failed);
        assert_eq!(status("echo ECS_ENABLE_TASK_ENI=true >> /etc/ecs/x"), Status::Passed);
        assert_eq!(status("echo ECS_ENABLE_TASK_ENI=$ENI >> /etc/ecs/x"), Status::Passed);
    }

    #[test]
    fn a_here_document_keeps_its_quotation_marks() {
        let lines = "cat <<'EOF' >> x\nECS_AVAILABLE_LOGGING_DRIVERS=[\"awslogs\"]\nEOF";
        assert_eq!(status(lines), Status::Passed);
        let lines = "cat <<'EOF' >> x\nECS_AVAILABLE_LOGGING_DRIVERS=[awslogs]\nEOF";
        assert_eq!(status(lines), Status::Failed);
        assert_eq!(
            status("echo \"ECS_AVAILABLE_LOGGING_DRIVERS=[\"awslogs\"]\" >> x"),
            Status::Failed
        );
    }
}
