use serde_json::Value;

use super::{ELSEWHERE, is_external};
use crate::{
    aws::ssm::DescribeActivations,
    check::{Check, Cx, Meta, check},
    checks::instances,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
    shell::{quoted, region_option},
};

check! {
    /// There is an activation with which external instances can register
    ///
    /// # What it looks at
    /// The activations of Systems Manager, while the cluster has no external instance: whether one
    /// of them has neither expired nor registered as many servers as it may. By default an
    /// activation lasts for 24 hours and registers one server. Which of them the install script was
    /// given is not known.
    ///
    /// # Why it matters
    /// The install script of ECS Anywhere registers the server with Systems Manager first. Where
    /// that is refused, the server never appears in the cluster, and tasks find no instance.
    ///
    /// # How to fix it
    /// Create a new activation, and run the install script with it.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere-registration.html>,
    /// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Activation.html>
    Activation {
        id: "ext-activation",
        domain: "external",
        phase: Place,
        causes: [PlaceNoInstances, AgentCannotRegister],
        explains: [],
    }
}

impl Check for Activation {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if !is_external(cx)? {
            return cx.not_applicable(ELSEWHERE);
        }
        if !instances::own_or_all(cx)?.is_empty() {
            return cx.not_applicable("the cluster has an external instance");
        }
        let request = DescribeActivations {};
        let query = cx.query(&request);
        let answer = cx.get(&request)?;
        let activations = answer.as_ref().map_or(&[][..], |answer| &answer.activation_list);
        let usable = activations.iter().any(|activation| {
            let used = activation.registrations_count.zip(activation.registration_limit);
            !activation.expired && used.is_none_or(|(count, limit)| count < limit)
        });
        if usable {
            return Ok(());
        }
        let cluster = cx.cluster().unwrap_or_else(|| "default".to_owned());
        let mut finding = Finding::likely(format!(
            "cluster `{cluster}` has no external instance, and no activation can register one"
        ))
        .resource(Resource::new("AWS::ECS::Cluster", cluster));
        let expired = activations.iter().filter(|activation| activation.expired).count();
        finding = finding.detail(match activations.len() {
            0 => "there is no activation at all: the install script cannot register a server"
                .to_owned(),
            all => format!(
                "expired: {expired}, used up: {}; an install script that was given one of these \
                 activations cannot register a server",
                all - expired
            ),
        });
        if activations.is_empty() {
            finding = finding.evidence(Evidence::new(query, "/ActivationList", Value::Null));
        } else {
            for activation in activations.iter().take(MOST) {
                let evidence = Evidence::new(query.clone(), "/Expired", activation.expired);
                finding = finding.evidence(evidence.object(activation.activation_id.clone()));
            }
        }
        let mut remedy =
            Remedy::new("create an activation, and run the install script with its id and code");
        let role = activations.iter().find_map(|activation| activation.iam_role.as_deref());
        remedy = match role {
            Some(role) => remedy.command(format!(
                "aws ssm create-activation --iam-role {} --registration-limit 1{}",
                quoted(role),
                region_option(cx.region())
            )),
            None => remedy.step("`aws ssm create-activation` with the role of your servers"),
        };
        cx.report(finding.remedy(remedy));
        Ok(())
    }
}

/// How many activations are told.
const MOST: usize = 5;

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::managed_online::tests::node;
    use crate::{
        check::Status,
        checks::{
            instances::fixtures::not_placed,
            testing::{Examples, World},
        },
    };

    const ID: &str = "ext-activation";
    const MESSAGE: &str = "TaskFailedToStart: NO ACTIVE INSTANCES";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            empty(world, true, 0).stopped(MESSAGE);
        },
        passes: |world| {
            empty(world, false, 0);
        },
        unknown: |world| {
            empty(world, true, 0).stopped(MESSAGE).deny("ssm:DescribeActivations");
        },
        near_miss: |world| {
            empty(world, false, 0).stopped(MESSAGE);
        },
    };

    /// The cluster has no external instance.
    fn empty(world: &mut World, expired: bool, count: i64) -> &mut World {
        node(not_placed(world, "EXTERNAL", &[]), "Online")
            .recorded(
                "ecs",
                "ListContainerInstances",
                &json!({"cluster": "shop"}),
                &json!({"containerInstanceArns": []}),
            )
            .output("ActivationList", json!({"ActivationList": [{
                "ActivationId": "a1b2c3d4-0000-0000-0000-000000000001",
                "IamRole": "ecsAnywhereRole", "RegistrationLimit": 1, "RegistrationsCount": count,
                "ExpirationDate": "2026-11-19T10:00:00Z", "Expired": expired,
                "CreatedDate": "2026-11-18T10:00:00Z", "Tags": [],
            }]}))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        likely: cluster `shop` has no external instance, and no activation can register one
          expired: 1, used up: 0; an install script that was given one of these activations cannot register a server
          @ AWS::ECS::Cluster shop
          fix: create an activation, and run the install script with its id and code
          $ aws ssm create-activation --iam-role ecsAnywhereRole --registration-limit 1 --region eu-west-1
        ");
    }

    #[test]
    fn one_that_is_used_up_registers_none() {
        let mut world = World::default();
        empty(&mut world, false, 1);
        assert_eq!(world.outcome(ID).status, Status::Failed);
        world.set("ActivationList", "/ActivationList/0/RegistrationLimit", json!(2));
        assert_eq!(world.outcome(ID).status, Status::Passed);
        world.set("ActivationList", "/ActivationList", json!([]));
        assert_eq!(world.outcome(ID).status, Status::Failed);
    }

    #[test]
    fn where_an_instance_is_registered_it_did_its_work() {
        let mut world = World::default();
        node(not_placed(&mut world, "EXTERNAL", &[&[]]), "Online");
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
        world.task("/launchType", json!("EC2")).task("/startedBy", Value::Null);
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
