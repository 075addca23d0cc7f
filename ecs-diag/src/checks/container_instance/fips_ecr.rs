use crate::{
    check::{Check, Cx, Meta, check},
    checks::{instances, version::Version},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// The container agent can use ECR's FIPS endpoints
    ///
    /// # What it looks at
    /// The agent version of the instance that the task was placed on, where a FIPS endpoint matters: in
    /// AWS GovCloud (US), and where the failure message names one. Versions from 1.91.1 up to 1.101.3
    /// are affected.
    ///
    /// # Why it matters
    /// These versions build the endpoint's address without a scheme, so that the credentials for ECR
    /// cannot be fetched: `Post "/ecr-fips.…": unsupported protocol scheme`.
    ///
    /// # How to fix it
    /// Update the agent to 1.101.3 or newer.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-update.html>,
    /// <https://github.com/aws/amazon-ecs-agent/issues/4538>,
    /// <https://github.com/aws/amazon-ecs-agent/blob/master/CHANGELOG.md>
    FipsEcr {
        id: "ci-fips-ecr",
        domain: "container-instance",
        phase: Auth,
        causes: [AgentVersionBugOrConfig],
        explains: [],
    }
}

impl Check for FipsEcr {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let named = cx.symptom()?.is_some_and(|symptom| {
            symptom.text.contains("ecr-fips.") || symptom.text.contains(".ecr-fips")
        });
        if !named && !cx.region().is_some_and(|region| region.starts_with("us-gov-")) {
            return cx.not_applicable("nothing tells of a FIPS endpoint");
        }
        let host = match instances::placed_on(cx)? {
            Ok(Some(host)) => host,
            Ok(None) => {
                return cx
                    .not_applicable("the task's container instance is not registered any more");
            }
            Err(why) => return cx.not_applicable(why),
        };
        let id = host.ec2_id();
        let own = host.version_info.agent_version.as_deref().unwrap_or("");
        let evidence = host.evidence(cx, "/versionInfo/agentVersion", own);
        let Some(parsed) = Version::parse(own) else {
            return Err(Missing::undecided(
                evidence.query,
                format!("the answer does not tell the agent version of `{id}`"),
            ));
        };
        if !(Version(1, 91, 1)..Version(1, 101, 3)).contains(&parsed) {
            return Ok(());
        }
        cx.report(
            Finding::warning(format!(
                "the agent of instance `{id}` is {own}, which cannot use ECR's FIPS endpoints"
            ))
            .detail("where it uses one, it cannot fetch the credentials to pull images from ECR")
            .resource(host.resource())
            .named(host.id())
            .evidence(evidence)
            .remedy(
                Remedy::new("update the agent to 1.101.3 or newer").command(host.update_agent(cx)),
            ),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{one, stopped_on},
            testing::{Examples, World},
        },
    };

    const ID: &str = "ci-fips-ecr";
    const MESSAGE: &str = "CannotPullECRContainerError: Post \"/ecr-fips.us-east-1.amazonaws.com/\": \
        unsupported protocol scheme \"\"";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| agent(world, "1.98.0"),
        passes: |world| agent(world, "1.101.3"),
        unknown: |world| {
            agent(world, "1.98.0");
            world.deny("ecs:DescribeContainerInstances");
        },
        near_miss: |world| agent(world, "1.91.0"),
    };

    fn agent(world: &mut World, version: &str) {
        one(stopped_on(world, MESSAGE), 0, "/versionInfo/agentVersion", json!(version));
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        warning: the agent of instance `i-0a000000000000001` is 1.98.0, which cannot use ECR's FIPS endpoints
          where it uses one, it cannot fetch the credentials to pull images from ECR
          @ AWS::ECS::ContainerInstance 0a0000000000000000000000000000a1
          fix: update the agent to 1.101.3 or newer
          $ aws ecs update-container-agent --container-instance 0a0000000000000000000000000000a1 --cluster shop --region eu-west-1
        ");
    }

    #[test]
    fn where_no_fips_endpoint_is_used_the_version_does_not_matter() {
        let mut world = World::default();
        agent(&mut world, "1.98.0");
        world.stopped("Task failed to start");
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
