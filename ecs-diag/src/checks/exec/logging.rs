use super::{Exec, OFF};
use crate::{
    aws::{ecs::DescribeClusters, logs::DescribeLogGroups},
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
    shell::{quoted, region_option},
};

check! {
    /// ECS Exec: the log group of its sessions exists and is encrypted as demanded
    ///
    /// # What it looks at
    /// The cluster's `executeCommandConfiguration`: with `logging` `OVERRIDE`, whether the log
    /// group that it names exists, and whether a key encrypts it where
    /// `cloudWatchEncryptionEnabled` is set. The image needs `script` and `cat` for logs of
    /// sessions as well; that cannot be read.
    ///
    /// # Why it matters
    /// Sessions are not logged, or do not start.
    ///
    /// # How to fix it
    /// Create the log group, associate a key of AWS KMS with it, or change the cluster's settings.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html>,
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html>
    Logging {
        id: "exec-logging",
        domain: "exec",
        phase: Run,
        causes: [ExecAgentCannotConnect],
        explains: [],
    }
}

impl Check for Logging {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if Exec::of(cx)?.is_none() {
            return cx.not_applicable(OFF);
        }
        let name = cx.cluster().unwrap_or_else(|| "default".to_owned());
        let request = DescribeClusters::new(name.clone());
        let query = cx.query(&request);
        let answer = cx.get(&request)?;
        let Some(cluster) = answer.as_ref().and_then(|answer| answer.clusters.first()) else {
            return Err(Missing::undecided(
                query,
                format!("cluster `{name}` is not in the answer"),
            ));
        };
        let Some(configuration) = &cluster.configuration else {
            cx.assume(format!(
                "cluster `{name}` has no settings for ECS Exec: its description shows none"
            ));
            return Ok(());
        };
        let Some(exec) = &configuration.execute_command_configuration else { return Ok(()) };
        let logs = exec.log_configuration.clone().unwrap_or_default();
        let group = logs.cloud_watch_log_group_name.filter(|group| !group.is_empty());
        let Some(group) = group.filter(|_| exec.logging.as_deref() == Some("OVERRIDE")) else {
            return Ok(());
        };
        let pointer =
            "/configuration/executeCommandConfiguration/logConfiguration/cloudWatchLogGroupName";
        let set = Evidence::new(query, pointer, group.as_str()).object(cluster.cluster_arn.clone());
        let request = DescribeLogGroups { log_group_name_prefix: group.clone() };
        let answer = cx.get(&request)?;
        let found = answer.as_ref().and_then(|answer| {
            answer.log_groups.iter().find(|found| found.log_group_name == group)
        });
        let seen = |pointer: &str| {
            Evidence::new(cx.query(&request), pointer, serde_json::Value::Null)
                .object(group.clone())
        };
        let region = region_option(cx.region());
        let (summary, detail, evidence, remedy) = match found {
            None => (
                format!("log group `{group}` of ECS Exec does not exist"),
                format!("cluster `{name}` sends the logs of sessions there"),
                seen("/logGroups"),
                Remedy::new("create the log group").command(format!(
                    "aws logs create-log-group --log-group-name {}{region}",
                    quoted(&group)
                )),
            ),
            Some(found) if logs.cloud_watch_encryption_enabled && found.kms_key_id.is_none() => (
                format!("log group `{group}` of ECS Exec is not encrypted with a key of AWS KMS"),
                format!(
                    "cluster `{name}` sends the logs of sessions there and demands it \
                     (`cloudWatchEncryptionEnabled`)"
                ),
                seen("/kmsKeyId"),
                Remedy::new("associate a key with the log group, or do not demand one").step(
                    format!(
                        "`aws logs associate-kms-key --log-group-name {} --kms-key-id ARN{region}`",
                        quoted(&group)
                    ),
                ),
            ),
            Some(_) => return Ok(()),
        };
        cx.report(
            Finding::warning(summary)
                .detail(detail)
                .resource(Resource::new("AWS::Logs::LogGroup", group.clone()))
                .evidence(evidence)
                .evidence(set)
                .remedy(remedy),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::failure::{MESSAGE, on};
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "exec-logging";
    const LOGS: &str = "/clusters/0/configuration/executeCommandConfiguration/logConfiguration";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            logging_to(world, "/ecs/exec").stopped(MESSAGE);
        },
        passes: |world| {
            logging_to(world, "/ecs/checkout");
        },
        unknown: |world| {
            on(world).stopped(MESSAGE);
        },
        near_miss: |world| {
            logging_to(world, "/ecs/checkout").stopped(MESSAGE);
        },
    };

    fn logging_to<'w>(world: &'w mut World, group: &str) -> &'w mut World {
        on(world).output(
            "clusters",
            json!({"clusters": [{
                "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/shop",
                "clusterName": "shop", "status": "ACTIVE",
                "configuration": {"executeCommandConfiguration": {
                    "logging": "OVERRIDE",
                    "logConfiguration": {"cloudWatchLogGroupName": group},
                }},
            }], "failures": []}),
        )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        warning: log group `/ecs/exec` of ECS Exec does not exist
          cluster `shop` sends the logs of sessions there
          @ AWS::Logs::LogGroup /ecs/exec
          fix: create the log group
          $ aws logs create-log-group --log-group-name /ecs/exec --region eu-west-1
        ");
    }

    #[test]
    fn a_key_only_where_one_is_demanded() {
        let mut world = World::default();
        logging_to(&mut world, "/ecs/checkout").set(
            "clusters",
            &format!("{LOGS}/cloudWatchEncryptionEnabled"),
            json!(true),
        );
        assert_eq!(world.outcome(ID).status, Status::Failed);
        world.set(
            "logGroups",
            "/logGroups/0/kmsKeyId",
            json!("arn:aws:kms:eu-west-1:111122223333:key/0a1b"),
        );
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn only_what_overrides_counts() {
        let mut world = EXAMPLES.failing();
        world.set(
            "clusters",
            "/clusters/0/configuration/executeCommandConfiguration/logging",
            json!("DEFAULT"),
        );
        assert_eq!(world.outcome(ID).status, Status::Passed);
        world.set("clusters", "/clusters/0/configuration", Value::Null);
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
