use serde_json::{Value, json};

use crate::{
    LaunchType,
    aws::{
        Arn,
        ecs::{self, ManagedInstancesProvider},
        iam::{GetInstanceProfile, GetRole, ListAttachedRolePolicies, ListRolePolicies, Role},
    },
    check::{Check, Cx, Meta, check},
    checks::capacity,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
    shell::quoted,
};

check! {
    /// The capacity provider of ECS Managed Instances is complete
    ///
    /// # What it looks at
    /// Of the task's capacity provider: whether it names subnets, an infrastructure role that exists and
    /// trusts `ecs.amazonaws.com`, and an instance profile that exists and has a role. Whether that
    /// role's name begins with `ecsInstanceRole`, where the AWS managed policy is all that the
    /// infrastructure role has. Whether instance types meet the requirements is not looked at.
    ///
    /// # Why it matters
    /// ECS launches instances with the infrastructure role and gives them the instance profile. The
    /// managed policy allows `iam:PassRole` only for roles whose names begin with `ecsInstanceRole`;
    /// CloudFormation makes up other names.
    ///
    /// # How to fix it
    /// Complete the capacity provider; name the instance role `ecsInstanceRole…`, or allow `iam:PassRole`
    /// on it by a policy of one's own.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instances-instance-profile.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/infrastructure_IAM_role.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedInstancesProvider.html>
    ManagedInstances {
        id: "plc-managed-instances",
        domain: "placement",
        phase: Place,
        causes: [IamServiceRole, DeployConfiguration],
        explains: ["plc-mi-launch"],
    }
}

const SERVICE: &str = "ecs.amazonaws.com";
const MANAGED_POLICY: &str = "AmazonECSInfrastructureRolePolicyForManagedInstances";
const PREFIX: &str = "ecsInstanceRole";

impl Check for ManagedInstances {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if capacity::launch_type(cx)? != LaunchType::ManagedInstances {
            return cx.not_applicable("the task is not for ECS Managed Instances");
        }
        if cx.task()?.is_some_and(|task| task.started_at.is_some()) {
            return cx.not_applicable("the task was given an instance");
        }
        let names = capacity::names(cx)?;
        let providers = capacity::providers(cx)?;
        cx.each(&providers, |cx, provider| {
            let Some(managed) = &provider.managed_instances_provider else { return Ok(()) };
            complete(cx, &names, provider, managed);
            // What is missing for one part does not hide the other.
            cx.each([infrastructure, profile], |cx, part| part(cx, &names, provider, managed));
            Ok(())
        });
        Ok(())
    }
}

fn evidence(
    cx: &Cx<'_>,
    names: &[String],
    provider: &ecs::CapacityProvider,
    pointer: &str,
    value: Value,
) -> Evidence {
    let pointer = format!("/managedInstancesProvider{pointer}");
    Evidence::new(cx.query(&capacity::request(cx, names)), pointer, value)
        .object(provider.name.clone())
}

/// What must be named is named.
fn complete(
    cx: &mut Cx<'_>,
    names: &[String],
    provider: &ecs::CapacityProvider,
    managed: &ManagedInstancesProvider,
) {
    let template = managed.instance_launch_template.as_ref();
    let subnets = template.and_then(|t| t.network_configuration.as_ref()).map(|n| &n.subnets);
    let lacks = [
        (
            managed.infrastructure_role_arn.is_none(),
            "infrastructure role",
            "/infrastructureRoleArn",
        ),
        (
            template.is_none_or(|template| template.ec2_instance_profile_arn.is_none()),
            "instance profile",
            "/instanceLaunchTemplate/ec2InstanceProfileArn",
        ),
        (
            subnets.is_none_or(Vec::is_empty),
            "subnets",
            "/instanceLaunchTemplate/networkConfiguration/subnets",
        ),
    ];
    for (_, what, pointer) in lacks.iter().filter(|(lacks, ..)| *lacks) {
        let name = &provider.name;
        cx.report(
            Finding::blocker(format!("capacity provider `{name}` names no {what}"))
                .detail("ECS cannot launch instances without")
                .resource(capacity::resource(provider))
                .evidence(evidence(cx, names, provider, pointer, Value::Null))
                .remedy(Remedy::new(format!(
                    "name the {what} with `aws ecs update-capacity-provider`, or create the provider \
                     anew"
                ))),
        );
    }
}

fn role_name(arn: &str) -> Option<String> {
    let arn: Arn = arn.parse().ok()?;
    arn.resource.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// The infrastructure role is there and trusts ECS.
fn infrastructure(
    cx: &mut Cx<'_>,
    names: &[String],
    provider: &ecs::CapacityProvider,
    managed: &ManagedInstancesProvider,
) -> Result<(), Missing> {
    let Some(arn) = &managed.infrastructure_role_arn else { return Ok(()) };
    let Some(role_name) = role_name(arn) else { return Ok(()) };
    let request = GetRole { role_name: role_name.clone() };
    let resource = Resource::new("AWS::IAM::Role", role_name.clone()).arn(arn.clone());
    let Some(answer) = cx.get(&request)? else {
        cx.report(
            Finding::blocker(format!(
                "infrastructure role `{role_name}` of capacity provider `{}` does not exist",
                provider.name
            ))
            .detail("ECS launches instances with it")
            .resource(resource)
            .evidence(evidence(cx, names, provider, "/infrastructureRoleArn", json!(arn)))
            .remedy(Remedy::new(format!(
                "create the role with trust in `{SERVICE}` and the policy `{MANAGED_POLICY}`, or name \
                 another one"
            ))),
        );
        return Ok(());
    };
    let query = cx.query(&request);
    let Some(trusts) = trusts(&answer.role) else {
        let why = format!("the trust policy of `{role_name}` cannot be read");
        return Err(Missing::undecided(query, why));
    };
    if !trusts {
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole",
        }]});
        cx.report(
            Finding::blocker(format!(
                "infrastructure role `{role_name}` does not trust `{SERVICE}`"
            ))
            .detail(format!(
                "ECS cannot assume it, and launches no instance for capacity provider `{}`",
                provider.name
            ))
            .resource(resource)
            .evidence(
                Evidence::new(query, "/Role/AssumeRolePolicyDocument", Value::Null)
                    .object(role_name.clone()),
            )
            .remedy(Remedy::new("let ECS assume the role").command(format!(
                "aws iam update-assume-role-policy --role-name {} --policy-document {}",
                quoted(&role_name),
                quoted(&policy.to_string())
            ))),
        );
    }
    Ok(())
}

/// Whether a statement allows ECS to assume the role; `None` where that cannot be told.
fn trusts(role: &Role) -> Option<bool> {
    let document = &role.assume_role_policy_document.as_ref()?.0;
    let many = |value: &Value| match value {
        Value::Array(items) => items.clone(),
        Value::Null => vec![],
        one => vec![one.clone()],
    };
    let mut allowed = false;
    for statement in many(&document["Statement"]) {
        // Denials and exceptions are for the policy engine to weigh.
        if statement["Effect"] != "Allow" || !statement["NotPrincipal"].is_null() {
            return None;
        }
        let principals = &statement["Principal"];
        let services = many(&principals["Service"]);
        if principals == "*" || services.iter().any(|service| service == SERVICE) {
            allowed = true;
        }
    }
    Some(allowed)
}

/// The instance profile is there, and its role may be passed.
fn profile(
    cx: &mut Cx<'_>,
    names: &[String],
    provider: &ecs::CapacityProvider,
    managed: &ManagedInstancesProvider,
) -> Result<(), Missing> {
    let pointer = "/instanceLaunchTemplate/ec2InstanceProfileArn";
    let template = managed.instance_launch_template.as_ref();
    let Some(arn) = template.and_then(|t| t.ec2_instance_profile_arn.clone()) else {
        return Ok(());
    };
    let Some(name) = role_name(&arn) else { return Ok(()) };
    let request = GetInstanceProfile { instance_profile_name: name.clone() };
    let resource = Resource::new("AWS::IAM::InstanceProfile", name.clone()).arn(arn.clone());
    let answer = cx.get(&request)?;
    let role = answer.as_ref().and_then(|answer| answer.instance_profile.roles.first());
    let Some(role) = role else {
        let what = if answer.is_some() { "has no role" } else { "does not exist" };
        cx.report(
            Finding::blocker(format!(
                "instance profile `{name}` of capacity provider `{}` {what}",
                provider.name
            ))
            .detail("ECS cannot launch instances with it")
            .resource(resource)
            .evidence(evidence(cx, names, provider, pointer, json!(arn)))
            .remedy(Remedy::new(
                "create the instance profile with a role in it, or name another one",
            )),
        );
        return Ok(());
    };
    if role.role_name.starts_with(PREFIX) {
        return Ok(());
    }
    let Some(infrastructure) = managed.infrastructure_role_arn.as_deref().and_then(self::role_name)
    else {
        return Ok(());
    };
    let attached = cx.get(&ListAttachedRolePolicies { role_name: infrastructure.clone() });
    let inline = cx.get(&ListRolePolicies { role_name: infrastructure.clone() });
    let (Some(attached), Some(inline)) = (attached?, inline?) else { return Ok(()) };
    let policies: Vec<_> =
        attached.attached_policies.iter().filter_map(|p| p.policy_name.as_deref()).collect();
    if policies != [MANAGED_POLICY] || !inline.policy_names.is_empty() {
        // What other policies allow is for the policy engine to weigh.
        return Ok(());
    }
    let role_name = &role.role_name;
    let statement = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "iam:PassRole", "Resource": role.arn,
        "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
    }]});
    cx.report(
        Finding::blocker(format!(
            "infrastructure role `{infrastructure}` may not pass instance role `{role_name}`"
        ))
        .detail(format!(
            "its only policy is `{MANAGED_POLICY}`, which allows `iam:PassRole` for roles whose names \
             begin with `{PREFIX}`: ECS launches no instance for capacity provider `{}`",
            provider.name
        ))
        .resource(
            Resource::new("AWS::IAM::Role", infrastructure.clone())
                .arn(managed.infrastructure_role_arn.clone().unwrap_or_default()),
        )
        .resource(capacity::resource(provider))
        .named(role.arn.clone())
        .evidence(
            Evidence::new(cx.query(&request), "/InstanceProfile/Roles/0/RoleName", json!(role_name))
                .object(name),
        )
        .remedy(
            Remedy::new(format!(
                "allow it to pass the role, or name the instance role `{PREFIX}…`"
            ))
            .command(format!(
                "aws iam put-role-policy --role-name {} --policy-name pass-instance-role \
                 --policy-document {}",
                quoted(&infrastructure),
                quoted(&statement.to_string())
            )),
        ),
    );
    Ok(())
}

#[cfg(test)]
pub(in crate::checks) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "plc-managed-instances";
    const MESSAGE: &str = "ResourceInitializationError: Unable to launch instance(s) for capacity \
        provider burst. UnauthorizedOperation: You are not authorized to perform this operation. User: \
        arn:aws:sts::111122223333:assumed-role/ecsInfrastructure/ecs is not authorized to perform: \
        iam:PassRole on resource: arn:aws:iam::111122223333:role/Shop-InstanceRole-1A2B";
    const ROLES: &str = "arn:aws:iam::111122223333:role/";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            managed(world, "Shop-InstanceRole-1A2B");
        },
        passes: |world| {
            managed(world, "ecsInstanceRole");
        },
        unknown: |world| {
            managed(world, "Shop-InstanceRole-1A2B").deny("iam:GetInstanceProfile");
        },
        near_miss: |world| {
            managed(world, "ecsInstanceRoleForShop");
        },
    };

    /// A task for ECS Managed Instances of the capacity provider `burst`, with this instance role.
    pub(in crate::checks) fn managed<'w>(world: &'w mut World, role: &str) -> &'w mut World {
        let infrastructure = "ecsInfrastructure";
        let policy = "AmazonECSInfrastructureRolePolicyForManagedInstances";
        let name = json!({"RoleName": infrastructure});
        world
            .stopped(MESSAGE)
            .task("/launchType", json!("MANAGED_INSTANCES"))
            .task("/capacityProviderName", json!("burst"))
            .task("/platformVersion", json!(null))
            .task("/connectivityAt", json!(null))
            .output(
                "capacityProviders",
                json!({"capacityProviders": [{
                    "capacityProviderArn": "arn:aws:ecs:eu-west-1:111122223333:capacity-provider/burst",
                    "name": "burst", "status": "ACTIVE", "cluster": "shop", "type": "MANAGED_INSTANCES",
                    "managedInstancesProvider": {
                        "infrastructureRoleArn": format!("{ROLES}{infrastructure}"),
                        "instanceLaunchTemplate": {
                            "ec2InstanceProfileArn":
                                "arn:aws:iam::111122223333:instance-profile/shop-hosts",
                            "networkConfiguration": {"subnets": ["subnet-0a11111111111111a"]},
                        },
                    },
                }], "failures": []}),
            )
            .recorded("iam", "GetRole", &name, &json!({"Role": {
                "RoleName": infrastructure, "Arn": format!("{ROLES}{infrastructure}"),
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }]},
            }}))
            .recorded("iam", "ListAttachedRolePolicies", &name, &json!({"AttachedPolicies": [{
                "PolicyName": policy, "PolicyArn": format!("arn:aws:iam::aws:policy/{policy}"),
            }]}))
            .recorded("iam", "ListRolePolicies", &name, &json!({"PolicyNames": []}))
            .recorded(
                "iam",
                "GetInstanceProfile",
                &json!({"InstanceProfileName": "shop-hosts"}),
                &json!({"InstanceProfile": {
                    "InstanceProfileName": "shop-hosts",
                    "Arn": "arn:aws:iam::111122223333:instance-profile/shop-hosts",
                    "Roles": [{"RoleName": role, "Arn": format!("{ROLES}{role}")}],
                }}),
            )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r#"
        blocker: infrastructure role `ecsInfrastructure` may not pass instance role `Shop-InstanceRole-1A2B`
          its only policy is `AmazonECSInfrastructureRolePolicyForManagedInstances`, which allows `iam:PassRole` for roles whose names begin with `ecsInstanceRole`: ECS launches no instance for capacity provider `burst`
          @ AWS::IAM::Role ecsInfrastructure
          @ AWS::ECS::CapacityProvider burst
          fix: allow it to pass the role, or name the instance role `ecsInstanceRole…`
          $ aws iam put-role-policy --role-name ecsInfrastructure --policy-name pass-instance-role --policy-document '{"Statement":[{"Action":"iam:PassRole","Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}},"Effect":"Allow","Resource":"arn:aws:iam::111122223333:role/Shop-InstanceRole-1A2B"}],"Version":"2012-10-17"}'
        "#);
    }

    #[test]
    fn what_is_not_named_or_not_there_is_found() {
        let pointer = "/capacityProviders/0/managedInstancesProvider/instanceLaunchTemplate\
            /networkConfiguration/subnets";
        let mut world = EXAMPLES.passing();
        world.set("capacityProviders", pointer, json!([]));
        assert!(world.outcome(ID).findings[0].summary.contains("names no subnets"));

        let mut world = EXAMPLES.passing();
        world.recordings.retain(|recording| recording["operation"] != "GetInstanceProfile");
        let input = json!({"InstanceProfileName": "shop-hosts"});
        world.recorded_error("iam", "GetInstanceProfile", &input, "NoSuchEntity");
        assert!(world.outcome(ID).findings[0].summary.contains("does not exist"));
    }

    #[test]
    fn the_infrastructure_role_must_trust_ecs() {
        let mut world = EXAMPLES.passing();
        for recording in &mut world.recordings {
            if recording["operation"] == "GetRole" {
                recording["output"]["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] =
                    json!({"Service": "ecs-tasks.amazonaws.com"});
            }
        }
        assert!(world.outcome(ID).findings[0].summary.contains("does not trust"));
    }

    #[test]
    fn other_policies_may_allow_what_the_managed_one_does_not() {
        let mut world = EXAMPLES.failing();
        for recording in &mut world.recordings {
            if recording["operation"] == "ListRolePolicies" {
                recording["output"]["PolicyNames"] = json!(["pass"]);
            }
        }
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
