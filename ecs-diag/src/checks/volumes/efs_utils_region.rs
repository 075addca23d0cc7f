use super::efs;
use crate::{
    LaunchType,
    aws::ec2::DescribeInstances,
    check::{Check, Cx, Meta, check},
    checks::instances,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource, Severity},
    shell::{quoted, region_option},
};

check! {
    /// On EC2, the mount helper of EFS finds out its Region
    ///
    /// # What it looks at
    /// Whether the failure message says that efs-utils could not find its Region, and whether the
    /// metadata service of the EC2 instance on which the task was placed is on. What
    /// `/etc/amazon/efs/efs-utils.conf` says on the instance cannot be read.
    ///
    /// # Why it matters
    /// efs-utils builds the name of the file system from the Region. It asks the instance's
    /// metadata service for it unless its configuration file names it: `Error retrieving region.
    /// Please set the "region" parameter in the efs-utils configuration file`.
    ///
    /// # How to fix it
    /// Turn the metadata service on, or set `region` in `/etc/amazon/efs/efs-utils.conf`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/efs/latest/ug/efs-mount-helper.html>,
    /// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html>
    EfsUtilsRegion {
        id: "efs-utils-region",
        domain: "volumes",
        phase: Create,
        causes: [VolumeEc2DockerDriver],
        explains: [],
    }
}

/// What efs-utils says.
const TEXT: &str = "error retrieving region";

impl Check for EfsUtilsRegion {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if efs::mounts(&*cx.definition()?).is_empty() {
            return cx.not_applicable(efs::NO_EFS);
        }
        if cx.launch_type()? != LaunchType::Ec2 {
            return cx.not_applicable("the task does not run on an EC2 instance of the account");
        }
        let said = cx.symptom()?.is_some_and(|symptom| symptom.text.to_lowercase().contains(TEXT));
        let Some(instance) = instances::own(cx)? else {
            return cx.not_applicable("the task was not placed on a container instance");
        };
        let Some(id) = instance.ec2_instance_id.clone() else {
            let why = "the container instance does not say which EC2 instance it is";
            return Err(instance.unclear(cx, why));
        };
        let set = "or set `region` in `/etc/amazon/efs/efs-utils.conf` on it";
        let request = DescribeInstances { instance_ids: vec![id.clone()] };
        let query = cx.query(&request);
        let answer = cx.get(&request)?;
        let endpoint = answer
            .as_ref()
            .and_then(|answer| answer.instance(&id))
            .and_then(|found| found.metadata_options.as_ref()?.http_endpoint.clone());
        let resource = Resource::new("AWS::EC2::Instance", id.clone());
        match endpoint.as_deref() {
            Some("disabled") => {
                let severity = if said { Severity::Blocker } else { Severity::Warning };
                cx.report(
                    Finding::of(
                        severity,
                        format!("the metadata service of instance `{id}` is off"),
                    )
                    .detail(
                        "efs-utils asks it for the Region from which it builds the name of the \
                         file system, unless its configuration file names the Region",
                    )
                    .resource(resource)
                    .evidence(
                        Evidence::new(query, "/MetadataOptions/HttpEndpoint", "disabled")
                            .object(id.clone()),
                    )
                    .remedy(
                        Remedy::new("turn the metadata service of the instance on")
                            .step(set)
                            .command(format!(
                                "aws ec2 modify-instance-metadata-options --instance-id {} \
                                 --http-endpoint enabled{}",
                                quoted(&id),
                                region_option(cx.region())
                            )),
                    ),
                );
            }
            Some(_) if said => cx.report(
                Finding::info(format!(
                    "efs-utils on instance `{id}` does not find its Region, though the metadata \
                     service is on"
                ))
                .detail(
                    "the failure message says so; a firewall on the instance or an efs-utils that \
                     knows only version 1 of the metadata service can be the reason",
                )
                .resource(resource)
                .evidence(
                    Evidence::new(query, "/MetadataOptions/HttpEndpoint", "enabled").object(id),
                )
                .remedy(Remedy::new("update `amazon-efs-utils` on the instance").step(set)),
            ),
            Some(_) => {}
            None => {
                let why =
                    format!("the answer does not say whether the metadata service of `{id}` is on");
                return Err(Missing::undecided(query, why));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::efs::account::mounted;
    use crate::{
        check::Status,
        checks::{
            instances::fixtures::placed,
            testing::{ACCOUNT, Examples, World},
        },
        finding::Severity,
    };

    const ID: &str = "efs-utils-region";
    const MESSAGE: &str = "CannotCreateContainerError: Error response from daemon: create \
        ecs-checkout-42-data: VolumeDriver.Create: mounting volume failed: Error retrieving \
        region. Please set the \"region\" parameter in the efs-utils configuration file.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            on_ec2(world, "disabled").stopped(MESSAGE);
        },
        passes: |world| {
            on_ec2(world, "enabled");
        },
        unknown: |world| {
            on_ec2(world, "disabled").stopped(MESSAGE).deny("ec2:DescribeInstances");
        },
        near_miss: |world| {
            // Fargate needs no efs-utils on an instance.
            mounted(world).stopped(MESSAGE);
        },
    };

    fn on_ec2<'w>(world: &'w mut World, endpoint: &str) -> &'w mut World {
        placed(mounted(world), "EC2", &["ecs.capability.efs"]).output(
            "Reservations",
            json!({"Reservations": [{"OwnerId": ACCOUNT, "Instances": [{
                "InstanceId": "i-0a000000000000001",
                "MetadataOptions": {"HttpEndpoint": endpoint, "HttpTokens": "required"},
            }]}]}),
        )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: the metadata service of instance `i-0a000000000000001` is off
          efs-utils asks it for the Region from which it builds the name of the file system, unless its configuration file names the Region
          @ AWS::EC2::Instance i-0a000000000000001
          fix: turn the metadata service of the instance on
          - or set `region` in `/etc/amazon/efs/efs-utils.conf` on it
          $ aws ec2 modify-instance-metadata-options --instance-id i-0a000000000000001 --http-endpoint enabled --region eu-west-1
        ");
    }

    #[test]
    fn what_is_off_matters_only_if_nothing_names_the_region() {
        let mut world = World::default();
        on_ec2(&mut world, "disabled");
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Warning);
        on_ec2(&mut world, "enabled").stopped(MESSAGE);
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Info);
        world.task("/containerInstanceArn", Value::Null);
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
