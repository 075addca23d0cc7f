use serde_json::{Value, json};

use super::{efs, named};
use crate::{
    LaunchType, Phase,
    aws::{
        ec2::DescribeSubnets,
        ecs::DescribeTasks,
        efs::{DescribeMountTargets, MountTarget},
    },
    check::{Check, Cx, Meta, check},
    checks::instances,
    edit::{Edit, Object},
    facts::{self, Missing},
    finding::{Evidence, Finding, Remedy, Resource, Severity},
    shell::{quoted, region_option},
};

check! {
    /// The file systems of the task's EFS volumes have a mount target where the task runs
    ///
    /// # What it looks at
    /// The mount targets of every file system that a volume is on: one of them must be available in
    /// the VPC and the Availability Zone that the file system is mounted from. On Fargate that is
    /// the subnet of the task's network interface, on EC2 the container instance. Zones are
    /// compared by id where both are known, since accounts have names of their own for them. A zone
    /// without mount target to which the service may send other tasks is a warning. Whether the
    /// mount target can be reached is not looked at.
    ///
    /// # Why it matters
    /// In each zone, the name of a file system stands for the mount target there. Without one it
    /// does not resolve: `Failed to resolve "fs-….efs.REGION.amazonaws.com"`. A service that works
    /// in one zone and fails in another mostly has a subnet too many, or a mount target too few.
    ///
    /// # How to fix it
    /// Create a mount target in the zone, or keep the task out of the zone. A One Zone file system
    /// has one in its own zone only.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/efs/latest/ug/mounting-fs-mount-cmd-dns-name.html>,
    /// <https://docs.aws.amazon.com/efs/latest/ug/accessing-fs.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html>
    EfsMountTargetAz {
        id: "efs-mount-target-az",
        domain: "volumes",
        phase: Volume,
        causes: [EfsDnsOrMountTarget],
        explains: [],
    }
}

/// From where a file system is mounted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    zone: Option<String>,
    zone_id: Option<String>,
    vpc: Option<String>,
    subnet: Option<String>,
    /// Whether the task itself went there.
    own: bool,
}

impl Place {
    fn is_zone_of(&self, target: &MountTarget) -> bool {
        match (&self.zone_id, &target.availability_zone_id) {
            (Some(own), Some(other)) => own == other,
            _ => self.zone.is_some() && self.zone == target.availability_zone_name,
        }
    }

    fn is_vpc_of(&self, target: &MountTarget) -> bool {
        self.vpc.is_none() || target.vpc_id.is_none() || self.vpc == target.vpc_id
    }

    fn zone(&self) -> &str {
        self.zone.as_deref().or(self.zone_id.as_deref()).unwrap_or_default()
    }
}

/// The places from which the task's file systems are mounted, and whether that is all of them.
fn places(cx: &mut Cx<'_>) -> Result<(Vec<Place>, bool), Missing> {
    let mut places = Vec::new();
    if cx.launch_type()? != LaunchType::Fargate {
        let own = instances::own(cx)?.is_some();
        for instance in instances::own_or_all(cx)?.iter() {
            let attribute = |name: &str| instance.attribute(name).map(str::to_owned);
            let place = Place {
                subnet: attribute("ecs.subnet-id"),
                zone: attribute("ecs.availability-zone"),
                zone_id: None,
                vpc: attribute("ecs.vpc-id"),
                own,
            };
            if place.zone.is_none() {
                let why = "the container instance does not say in which Availability Zone it is";
                return Err(instance.unclear(cx, why));
            }
            places.push(place);
        }
        places.sort_unstable();
        places.dedup_by(|one, other| (&one.zone, &one.vpc) == (&other.zone, &other.vpc));
        return Ok((places, true));
    }
    let own = cx.interface_detail("subnetId")?;
    let mut complete = true;
    let mut subnets = match cx.network() {
        Ok(network) => network.subnets.clone(),
        // Where the task itself went is known all the same.
        Err(missing) if own.is_some() => {
            complete = false;
            cx.each([missing], |_, missing| Err(missing));
            vec![]
        }
        Err(missing) => return Err(missing),
    };
    subnets.extend(own.clone().filter(|own| !subnets.contains(own)));
    if subnets.is_empty() {
        let task = cx.task()?.map(|task| task.task_arn.clone());
        let request = DescribeTasks::new(cx.target().cluster().as_deref(), task);
        let why = "nothing names the subnets that the task was to go to";
        return Err(Missing::undecided(cx.query(&request), why));
    }
    cx.each(subnets, |cx, id| {
        let request = DescribeSubnets { subnet_ids: vec![id.clone()] };
        let answer = cx.get(&request).inspect_err(|_| complete = false)?;
        // That it exists is another check's question.
        let Some(subnet) =
            answer.as_ref().and_then(|answer| answer.subnets.iter().find(|s| s.subnet_id == id))
        else {
            return Ok(());
        };
        places.push(Place {
            own: own.as_ref() == Some(&id),
            subnet: Some(id),
            zone: subnet.availability_zone.clone(),
            zone_id: subnet.availability_zone_id.clone(),
            vpc: subnet.vpc_id.clone(),
        });
        Ok(())
    });
    Ok((places, complete))
}

fn is_available(target: &MountTarget) -> bool {
    matches!(target.life_cycle_state.as_deref(), Some("available" | "updating"))
}

impl Check for EfsMountTargetAz {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let mounts = efs::mounts(&definition);
        if mounts.is_empty() {
            return cx.not_applicable(efs::NO_EFS);
        }
        if cx.launch_type()? == LaunchType::External {
            return cx.not_applicable("external instances do not mount EFS");
        }
        if cx.launch_type()? == LaunchType::ManagedInstances && instances::own(cx)?.is_none() {
            return cx.not_applicable("the task was not placed on an instance yet");
        }
        let (places, complete) = places(cx)?;
        if complete && places.is_empty() {
            return cx.not_applicable("there is neither subnet nor instance for the task");
        }
        cx.each(efs::by_file_system(&mounts), |cx, (id, mounts)| {
            let request = DescribeMountTargets { file_system_id: id.to_owned() };
            // That the file system exists is another check's question.
            let Some(answer) = cx.get(&request)? else { return Ok(()) };
            let targets = &answer.mount_targets;
            let without: Vec<&Place> = places
                .iter()
                .filter(|place| {
                    !targets.iter().any(|target| {
                        place.is_zone_of(target) && place.is_vpc_of(target) && is_available(target)
                    })
                })
                .collect();
            let own = without.iter().find(|place| place.own).copied();
            let Some(worst) = own.or(without.first().copied()) else { return Ok(()) };

            let elsewhere = targets.iter().find(|target| !worst.is_vpc_of(target));
            let other_vpc = !targets.is_empty() && targets.iter().all(|t| !worst.is_vpc_of(t));
            let severity = if own.is_none() && (without.len() < places.len() || !complete) {
                Severity::Warning
            } else if other_vpc && cx.proven(Phase::Volume)? {
                // What was mounted has a name that resolves.
                return Ok(());
            } else if other_vpc && !efs::unresolved(cx, id)? {
                // Somebody may resolve its name in this VPC, too.
                Severity::Likely
            } else {
                Severity::Blocker
            };
            let on_its_way =
                targets.iter().find(|target| worst.is_zone_of(target) && worst.is_vpc_of(target));
            let what = named(mounts.iter().map(|mount| mount.1));
            let zones: Vec<_> = without.iter().map(|place| format!("`{}`", place.zone())).collect();
            let summary = if targets.is_empty() {
                format!("file system `{id}` has no mount target")
            } else if other_vpc {
                format!(
                    "the mount targets of file system `{id}` are in `{}`, {what} {} mounted from \
                     `{}`",
                    elsewhere.and_then(|target| target.vpc_id.as_deref()).unwrap_or_default(),
                    if mounts.len() == 1 { "is" } else { "are" },
                    worst.vpc.as_deref().unwrap_or_default(),
                )
            } else if let Some(target) = on_its_way {
                format!(
                    "mount target `{}` of file system `{id}` in {} is `{}`, not `available`",
                    target.mount_target_id,
                    zones[0],
                    target.life_cycle_state.as_deref().unwrap_or("unknown")
                )
            } else {
                format!("file system `{id}` has no mount target in {}", zones.join(", "))
            };
            let detail = if severity == Severity::Warning {
                format!(
                    "{what} cannot be mounted there: a task that is sent to that zone does not \
                     start"
                )
            } else if severity == Severity::Likely {
                format!(
                    "the name of the file system does not resolve in another VPC, unless a private \
                     hosted zone says otherwise; {what} cannot be mounted"
                )
            } else {
                format!(
                    "the name of the file system does not resolve where the task is; {what} cannot \
                     be mounted"
                )
            };
            // Whether its answer is there makes no difference to the finding.
            let system = facts::at_hand(efs::file_system(cx, id))?;
            let only = system.as_ref().and_then(|system| system.availability_zone_name.as_deref());
            let remedy = remedy(cx, id, targets, &without, other_vpc, only);
            let mut finding = Finding::of(severity, summary)
                .detail(detail)
                .resource(efs::resource(
                    cx,
                    "file-system",
                    id,
                    system.as_ref().and_then(|system| system.file_system_arn.as_ref()),
                ))
                .evidence(
                    Evidence::new(cx.query(&request), "/MountTargets", shown(targets)).object(id),
                )
                .remedy(remedy);
            for place in &without {
                if let Some(subnet) = &place.subnet {
                    finding = finding.resource(Resource::new("AWS::EC2::Subnet", subnet));
                }
            }
            cx.report(finding);
            Ok(())
        });
        Ok(())
    }
}

/// Mount targets as the answer holds them, as far as they are read.
fn shown(targets: &[MountTarget]) -> Value {
    targets
        .iter()
        .map(|target| {
            json!({
                "MountTargetId": target.mount_target_id,
                "SubnetId": target.subnet_id,
                "LifeCycleState": target.life_cycle_state,
                "AvailabilityZoneName": target.availability_zone_name,
                "AvailabilityZoneId": target.availability_zone_id,
                "VpcId": target.vpc_id,
            })
        })
        .collect()
}

fn remedy(
    cx: &Cx<'_>,
    id: &str,
    targets: &[MountTarget],
    without: &[&Place],
    other_vpc: bool,
    only: Option<&str>,
) -> Remedy {
    if let Some(zone) = only.filter(|zone| without.iter().all(|place| place.zone() != *zone)) {
        return Remedy::new(format!(
            "run the task in `{zone}` only: `{id}` is a One Zone file system of that zone"
        ));
    }
    if other_vpc {
        return Remedy::new(
            "run the task in the VPC of the mount targets; a file system has mount targets in one \
             VPC at a time",
        );
    }
    let mut remedy = Remedy::new("create a mount target in each zone that the task can go to");
    let mut answer = shown(targets);
    let mut asked_for = Vec::new();
    for place in without {
        let there =
            targets.iter().find(|target| place.is_zone_of(target) && place.is_vpc_of(target));
        if let Some(target) = there {
            "wait until the mount target is available".clone_into(&mut remedy.summary);
            remedy = remedy.edit(Edit::Set(
                Object::new("MountTargets", "MountTargetId", target.mount_target_id.clone()),
                "/LifeCycleState".to_owned(),
                "available".into(),
            ));
            continue;
        }
        let Some(subnet) = &place.subnet else { return remedy };
        // A zone takes one mount target.
        if asked_for.contains(&place.zone()) {
            continue;
        }
        asked_for.push(place.zone());
        remedy = remedy.command(format!(
            "aws efs create-mount-target --file-system-id {} --subnet-id {}{}",
            quoted(id),
            quoted(subnet),
            region_option(cx.region())
        ));
        if let Value::Array(items) = &mut answer {
            items.push(json!({
                "MountTargetId": format!("fsmt-{subnet}"),
                "SubnetId": subnet,
                "LifeCycleState": "available",
                "AvailabilityZoneName": place.zone,
                "AvailabilityZoneId": place.zone_id,
                "VpcId": place.vpc,
            }));
        }
    }
    if asked_for.is_empty() {
        return remedy;
    }
    let query = cx.query(&DescribeMountTargets { file_system_id: id.to_owned() });
    remedy
        .step(
            "give each a security group that admits NFS (TCP port 2049) from the task: \
             `--security-groups`",
        )
        .edit(Edit::Answer(query, json!({"MountTargets": answer})))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::efs::account::{UNRESOLVED, mounted};
    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{not_placed, placed},
            testing::{Examples, World},
        },
        finding::Severity,
        report::Confidence,
    };

    const ID: &str = "efs-mount-target-az";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            only(world, "b").stopped(UNRESOLVED);
        },
        passes: |world| {
            mounted(world);
        },
        unknown: |world| {
            mounted(world).stopped(UNRESOLVED).deny("efs:DescribeMountTargets");
        },
        near_miss: |world| {
            // There is one in the zone; DNS is at fault.
            mounted(world).stopped(UNRESOLVED);
        },
    };

    /// The file system has a mount target in one zone only.
    fn only<'w>(world: &'w mut World, zone: &str) -> &'w mut World {
        let gone = usize::from(zone == "a");
        mounted(world).set("FileSystems", "/FileSystems/0/NumberOfMountTargets", json!(1)).set(
            "MountTargets",
            &format!("/MountTargets/{gone}"),
            Value::Null,
        )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: file system `fs-0123456789abcdef0` has no mount target in `eu-west-1a`
          the name of the file system does not resolve where the task is; volume `data` cannot be mounted
          @ AWS::EFS::FileSystem fs-0123456789abcdef0
          @ AWS::EC2::Subnet subnet-0a11111111111111a
          fix (verified): create a mount target in each zone that the task can go to
          - give each a security group that admits NFS (TCP port 2049) from the task: `--security-groups`
          $ aws efs create-mount-target --file-system-id fs-0123456789abcdef0 --subnet-id subnet-0a11111111111111a --region eu-west-1
        ");
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn a_zone_to_which_the_task_did_not_go_is_a_warning() {
        let mut world = World::default();
        only(&mut world, "a").stopped(UNRESOLVED);
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings[0].severity, Severity::Warning);
        assert!(world.verified(ID));
    }

    #[test]
    fn zones_are_the_same_by_id() {
        let mut world = World::default();
        mounted(&mut world).set(
            "MountTargets",
            "/MountTargets/0/AvailabilityZoneName",
            json!("eu-west-1c"),
        );
        assert_eq!(world.outcome(ID).status, Status::Passed);
        world.set("MountTargets", "/MountTargets/0/AvailabilityZoneId", json!("euw1-az3"));
        assert_eq!(world.outcome(ID).status, Status::Failed);
    }

    #[test]
    fn a_mount_target_that_is_not_available_does_not_help() {
        let mut world = World::default();
        mounted(&mut world).set(
            "MountTargets",
            "/MountTargets/0/LifeCycleState",
            json!("creating"),
        );
        let outcome = world.outcome(ID);
        assert!(outcome.findings[0].summary.contains("`fsmt-0a`"), "{outcome:?}");
        assert_eq!(outcome.findings[0].severity, Severity::Blocker);
        assert!(world.verified(ID));
    }

    #[test]
    fn another_vpc_has_another_dns() {
        let mut world = World::default();
        mounted(&mut world);
        for place in ["/MountTargets/0/VpcId", "/MountTargets/1/VpcId"] {
            world.set("MountTargets", place, json!("vpc-0f66666666666666f"));
        }
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings[0].severity, Severity::Likely);
        world.stopped(UNRESOLVED);
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings[0].severity, Severity::Blocker);
        assert!(outcome.findings[0].summary.contains("vpc-0f66666666666666f"), "{outcome:?}");
    }

    #[test]
    fn a_one_zone_file_system_keeps_the_task_in_its_zone() {
        let mut world = EXAMPLES.failing();
        world.set("FileSystems", "/FileSystems/0/AvailabilityZoneName", json!("eu-west-1b"));
        let outcome = world.outcome(ID);
        let remedy = outcome.findings[0].remedy.as_ref().unwrap();
        assert!(remedy.summary.contains("`eu-west-1b` only"), "{}", remedy.summary);
    }

    #[test]
    fn where_the_task_went_is_enough_for_a_cause() {
        let mut world = EXAMPLES.failing();
        world.without("services");
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings[0].severity, Severity::Blocker);
        assert_eq!(outcome.missing.len(), 1);
        let mut world = World::default();
        mounted(&mut world).without("services");
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }

    #[test]
    fn the_message_may_name_another_file_system() {
        let confidence = |world: &World| {
            let report = world.report();
            let mut causes = report.root_causes.iter();
            let cause = causes.find(|cause| report.findings[cause.finding].check == ID);
            cause.map(|cause| cause.confidence)
        };
        let mut world = EXAMPLES.failing();
        assert_eq!(confidence(&world), Some(Confidence::Certain));
        world.stopped(&UNRESOLVED.replace("fs-0123", "fs-ff23"));
        assert_eq!(confidence(&world), Some(Confidence::Possible));
    }

    #[test]
    fn on_ec2_the_instance_mounts() {
        let mut world = World::default();
        only(&mut world, "b").stopped(UNRESOLVED);
        placed(&mut world, "EC2", &["ecs.capability.efs"]);
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Blocker);
        not_placed(&mut world, "EC2", &[&["ecs.capability.efs"]]);
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Blocker);
        world.without("containerInstances");
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }
}
