use super::{Exec, OFF};
use crate::{
    LaunchType,
    aws::ec2::DescribeSubnets,
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource, Severity},
};

check! {
    /// ECS Exec: the task has IPv4
    ///
    /// # What it looks at
    /// Whether the subnet of the task's network interface, or without one every subnet that the
    /// task can go to, has IPv6 addresses only.
    ///
    /// # Why it matters
    /// ECS Exec does not support tasks with IPv6 only.
    ///
    /// # How to fix it
    /// Run the task in dual-stack subnets.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html>
    Ipv6Only {
        id: "exec-ipv6-only",
        domain: "exec",
        phase: Run,
        causes: [ExecAgentCannotConnect],
        explains: [],
    }
}

impl Check for Ipv6Only {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(exec) = Exec::of(cx)? else { return cx.not_applicable(OFF) };
        if cx.launch_type()? != LaunchType::Fargate
            && cx.definition()?.network_mode.as_deref() != Some("awsvpc")
        {
            return cx.not_applicable(
                "the task has no network interface of its own: its network mode is not `awsvpc`",
            );
        }
        let ids = match cx.interface_detail("subnetId")? {
            Some(own) => vec![own],
            None => cx.network()?.subnets.clone(),
        };
        let mut only = Vec::new();
        for id in &ids {
            let request = DescribeSubnets { subnet_ids: vec![id.clone()] };
            let answer = cx.get(&request)?;
            let subnet =
                answer.as_ref().and_then(|a| a.subnets.iter().find(|s| s.subnet_id == *id));
            if subnet.is_some_and(|subnet| subnet.ipv6_native) {
                only.push((id, cx.query(&request)));
            }
        }
        if only.len() < ids.len() {
            return Ok(());
        }
        let Some((first, _)) = only.first() else { return Ok(()) };
        let mut finding = Finding::of(
            exec.severity(Severity::Blocker),
            format!("subnet `{first}` has IPv6 addresses only, with which there is no ECS Exec"),
        )
        .detail("ECS Exec does not support tasks without IPv4: its agent does not connect");
        for (id, query) in only {
            finding = finding
                .resource(Resource::new("AWS::EC2::Subnet", id))
                .evidence(Evidence::new(query, "/Subnets/0/Ipv6Native", true).object(id));
        }
        cx.report(finding.remedy(Remedy::new("run the task in subnets with IPv4 and IPv6")));
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

    const ID: &str = "exec-ipv6-only";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            on(world).stopped(MESSAGE).set("Subnets", "/Subnets/0/Ipv6Native", json!(true));
        },
        passes: |world| {
            on(world);
        },
        unknown: |world| {
            on(world).stopped(MESSAGE).deny("ec2:DescribeSubnets");
        },
        near_miss: |world| {
            // The task is in another subnet than the one with IPv6 only.
            on(world).stopped(MESSAGE).set("Subnets", "/Subnets/1/Ipv6Native", json!(true));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: subnet `subnet-0a11111111111111a` has IPv6 addresses only, with which there is no ECS Exec
          ECS Exec does not support tasks without IPv4: its agent does not connect
          @ AWS::EC2::Subnet subnet-0a11111111111111a
          fix: run the task in subnets with IPv4 and IPv6
        ");
    }

    #[test]
    fn without_an_interface_every_subnet_counts() {
        let mut world = EXAMPLES.failing();
        world.task("/attachments", json!([]));
        assert_eq!(world.outcome(ID).status, Status::Passed);
        world.set("Subnets", "/Subnets/1/Ipv6Native", json!(true));
        assert_eq!(world.outcome(ID).status, Status::Failed);
        let mut world: World = EXAMPLES.failing();
        world.definition("/networkMode", json!("bridge")).task("/launchType", json!("EC2"));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
        world.task("/startedBy", Value::Null);
    }
}
