use super::{OVERCOME, overcome, said};
use crate::{
    LaunchType,
    aws::servicequotas::ListServiceQuotas,
    check::{Check, Cx, Meta, check},
    checks::capacity,
    facts::{self, Missing},
    finding::{Evidence, Finding, Remedy},
    shell::region_option,
};

check! {
    /// The account's quota of Fargate is large enough
    ///
    /// # What it looks at
    /// Whether the failure message says that a limit of the account is reached: vCPUs or tasks that run
    /// at one time, or the CPU or memory of a task; and the quota of vCPUs in Service Quotas. How many
    /// vCPUs run in the Region is not counted.
    ///
    /// # Why it matters
    /// Fargate starts no task beyond the quota, which counts the vCPUs of all clusters of the account
    /// in the Region, apart for On-Demand and Spot. New accounts begin with a small one.
    ///
    /// # How to fix it
    /// Ask for a larger quota, or stop tasks that are not needed.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>
    FargateQuota {
        id: "plc-fargate-quota",
        domain: "placement",
        phase: Place,
        causes: [QuotaAccountLimit],
        explains: [],
    }
}

/// Quotas of vCPUs that run at one time.
const ON_DEMAND: &str = "L-3032A538";
const SPOT: &str = "L-36FBB829";
/// CPU units of a vCPU.
const UNITS: i64 = 1024;

/// What is limited, by the signature of the message.
fn limited(signature: &str) -> Option<&'static str> {
    Some(match signature {
        "SVC-LIMIT-TASKS" => "tasks that run at one time",
        "SVC-LIMIT-VCPU" => "vCPUs that run at one time",
        "SVC-LIMIT-CPU" => "the CPU of a task",
        "SVC-LIMIT-MEM" => "the memory of a task",
        _ => return None,
    })
}

impl Check for FargateQuota {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(symptom) = cx.symptom()? else { return Ok(()) };
        let Some(what) = symptom.reading.signature.and_then(limited) else { return Ok(()) };
        if capacity::launch_type(cx)? != LaunchType::Fargate {
            return cx.not_applicable("the task does not run on Fargate");
        }
        if overcome(cx)? {
            return cx.not_applicable(OVERCOME);
        }
        let spot = capacity::strategy(cx)?.iter().any(|name| name == "FARGATE_SPOT");
        let code = if spot { SPOT } else { ON_DEMAND };
        let request = ListServiceQuotas { service_code: "fargate".to_owned() };
        let quotas = facts::at_hand(cx.get(&request))?;
        let quota = quotas.as_ref().and_then(|quotas| {
            quotas.quotas.iter().find(|quota| quota.quota_code == code).and_then(|q| q.value)
        });
        let definition = facts::at_hand(cx.definition().map(Some))?;
        let units = definition.as_ref().and_then(|d| d.cpu.as_ref()?.number()).unwrap_or(0);
        let service = facts::at_hand(cx.service())?;
        let wanted = service.map_or(1, |s| s.desired_count.saturating_sub(s.running_count).max(1));
        let more = units.saturating_mul(wanted).saturating_add(UNITS - 1) / UNITS;

        let (resource, evidence) = said(cx, &symptom)?;
        let kind = if spot { "Fargate Spot" } else { "Fargate On-Demand" };
        let mut detail =
            "AWS says so; the quota counts all clusters of the account in this Region".to_owned();
        let mut remedy = Remedy::new("ask for a larger quota, or stop tasks that are not needed");
        let mut finding = Finding::blocker(format!("the account's limit of {what} is reached"))
            .resource(resource)
            .evidence(evidence);
        if let Some(value) = quota {
            detail += &format!("; the quota `{code}` of {kind} is {value} vCPUs");
            finding =
                finding.evidence(Evidence::new(cx.query(&request), "/Value", value).object(code));
            // A quota is a small number; no precision is lost.
            #[allow(clippy::cast_precision_loss)]
            let desired = value + more.max(1) as f64;
            remedy = remedy.command(format!(
                "aws service-quotas request-service-quota-increase --service-code fargate \
                 --quota-code {code} --desired-value {desired}{}",
                region_option(cx.region())
            ));
        } else {
            remedy = remedy.command(format!(
                "aws service-quotas list-service-quotas --service-code fargate{}",
                region_option(cx.region())
            ));
        }
        cx.report(finding.detail(detail).remedy(remedy));
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        Target,
        checks::testing::{Examples, World},
        report::Verdict,
    };

    const ID: &str = "plc-fargate-quota";
    const EVENT: &str = "(service checkout) was unable to place a task. Reason: You've reached the limit \
        on the number of vCPUs you can run concurrently.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            event(world, EVENT).output(
                "Quotas",
                json!({"Quotas": [{
                    "ServiceCode": "fargate", "QuotaCode": "L-3032A538", "Value": 6.0,
                    "QuotaName": "Fargate On-Demand vCPU resource count",
                    "QuotaArn": "arn:aws:servicequotas:eu-west-1:111122223333:fargate/L-3032A538",
                }]}),
            );
        },
        passes: |world| {
            event(world, "(service checkout) has reached a steady state.");
        },
        unknown: |world| {
            event(world, EVENT).deny("ecs:DescribeServices");
        },
        near_miss: |world| {
            event(world, EVENT).set("services", "/services/0/runningCount", json!(2));
        },
    };

    fn event<'w>(world: &'w mut World, message: &str) -> &'w mut World {
        world.target(Target::service(Some("shop"), "checkout")).set(
            "services",
            "/services/0/events",
            json!([{"message": message}]),
        )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: the account's limit of vCPUs that run at one time is reached
          AWS says so; the quota counts all clusters of the account in this Region; the quota `L-3032A538` of Fargate On-Demand is 6 vCPUs
          @ AWS::ECS::Service checkout
          fix: ask for a larger quota, or stop tasks that are not needed
          $ aws service-quotas request-service-quota-increase --service-code fargate --quota-code L-3032A538 --desired-value 7 --region eu-west-1
        ");
    }

    #[test]
    fn the_quota_only_helps() {
        let mut world = EXAMPLES.failing();
        world.deny("service-quotas:ListServiceQuotas");
        assert_eq!(world.outcome(ID).findings.len(), 1);
        assert_ne!(world.report().verdict, Verdict::NotExplained);
    }
}
