use crate::{
    LaunchType,
    aws::{ec2::DescribeSubnets, ecs::ListAccountSettings},
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Resource},
};

check! {
    /// Tasks without IPv4 do not run in FIPS mode unnoticed
    ///
    /// # What it looks at
    /// For tasks on Fargate in subnets without IPv4, whether the account setting `fargateFIPSMode` is
    /// on.
    ///
    /// # Why it matters
    /// In FIPS mode Fargate uses FIPS endpoints, and not all of them have IPv6 addresses: monitoring of
    /// such tasks is limited. It does not stop a task, but explains why its metrics are missing.
    ///
    /// # How to fix it
    /// Use subnets with IPv4 as well where monitoring is needed in FIPS mode.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListAccountSettings.html>
    Fips {
        id: "fg-fips",
        domain: "fargate",
        phase: Run,
        causes: [],
        explains: [],
    }
}

impl Check for Fips {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if cx.launch_type()? != LaunchType::Fargate {
            return cx.not_applicable("the task does not run on Fargate");
        }
        let mut without_ipv4 = Vec::new();
        let network = cx.network()?;
        cx.each(&network.subnets, |cx, id| {
            let answer = cx.get(&DescribeSubnets { subnet_ids: vec![id.clone()] })?;
            let subnets = answer.iter().flat_map(|answer| &answer.subnets);
            without_ipv4.extend(
                subnets.filter(|subnet| subnet.ipv6_native).map(|subnet| subnet.subnet_id.clone()),
            );
            Ok(())
        });
        if without_ipv4.is_empty() {
            return Ok(());
        }
        let request = ListAccountSettings { name: "fargateFIPSMode", effective_settings: true };
        let Some(answer) = cx.get(&request)? else { return Ok(()) };
        let on = answer.settings.iter().any(|setting| {
            setting.name.as_deref() == Some("fargateFIPSMode")
                && matches!(setting.value.as_deref(), Some("enabled" | "on"))
        });
        if on {
            let list: Vec<_> = without_ipv4.iter().map(|id| format!("`{id}`")).collect();
            let mut finding = Finding::info(format!(
                "Fargate runs in FIPS mode, and the task may go to subnets without IPv4: {}",
                list.join(", ")
            ))
            .detail(
                "FIPS endpoints that have no IPv6 addresses cannot be reached from there, so that \
                 monitoring of the task is limited; its start does not depend on it",
            )
            .evidence(Evidence::new(cx.query(&request), "/settings", "enabled"));
            for id in without_ipv4 {
                finding = finding.resource(Resource::new("AWS::EC2::Subnet", id));
            }
            cx.report(finding);
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        Diagnosis,
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "fg-fips";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            without_ipv4(world);
            mode(world, "enabled");
        },
        passes: |world| {
            without_ipv4(world);
            mode(world, "disabled");
        },
        unknown: |world| {
            without_ipv4(world).deny("ecs:ListAccountSettings");
        },
        near_miss: |world| {
            without_ipv4(world);
            mode(world, "disabled");
        },
    };

    fn without_ipv4(world: &mut World) -> &mut World {
        world.set("Subnets", "/Subnets/0/Ipv6Native", json!(true))
    }

    fn mode<'w>(world: &'w mut World, value: &str) -> &'w mut World {
        world.output("settings", json!({"settings": [{"name": "fargateFIPSMode", "value": value}]}))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        info: Fargate runs in FIPS mode, and the task may go to subnets without IPv4: `subnet-0a11111111111111a`
          FIPS endpoints that have no IPv6 addresses cannot be reached from there, so that monitoring of the task is limited; its start does not depend on it
          @ AWS::EC2::Subnet subnet-0a11111111111111a
        ");
    }

    #[test]
    fn the_setting_is_asked_only_where_it_matters() {
        let world = World::default();
        assert_eq!(world.outcome(ID).status, Status::Passed);
        assert!(!world.asked(&Diagnosis::new()).contains("ecs:ListAccountSettings"));
    }
}
