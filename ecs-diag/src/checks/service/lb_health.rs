use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;

use super::{
    balancing::{self, NO_GROUP},
    object::{self, NO_SERVICE},
};
use crate::{
    aws::{
        ecs::{Service, Task},
        elbv2::{DescribeTargetHealth, TargetGroup},
    },
    case::Symptom,
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
    shell,
};

check! {
    /// The load balancer's health checks pass
    ///
    /// # What it looks at
    /// For every target group of the service, the health of its targets and the reason that Elastic
    /// Load Balancing gives; where the failure message names the target group, also what the message
    /// says, and how long the task had: the interval times the threshold, after the service's grace
    /// period.
    ///
    /// # Why it matters
    /// ECS stops a task whose target is unhealthy and starts another one. A code that is not expected
    /// proves that security groups, routes and port are right: only path, matcher or the application
    /// are left. No answer at all speaks of a security group that does not admit the load balancer to
    /// the health check's port, or of an application that is too slow. A refused connection means that
    /// nothing listens there yet.
    ///
    /// # How to fix it
    /// Ask a path that answers with the expected code without a session or a database; give an
    /// application that starts slowly a `healthCheckGracePeriodSeconds`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshoot-service-load-balancers.html>
    LbHealth {
        id: "svc-lb-health",
        domain: "service",
        phase: Health,
        causes: [
            HealthElbSlowStartOrSlowApp,
            HealthElbCheckConfig,
            HealthElbSecurityGroup,
            HealthElbUnspecified,
        ],
        explains: [],
    }
}

impl Check for LbHealth {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(service) = cx.service()? else { return cx.not_applicable(NO_SERVICE) };
        let groups = balancing::groups(&service);
        if groups.is_empty() {
            return cx.not_applicable(NO_GROUP);
        }
        let only = groups.len() == 1;
        let symptom = cx.symptom()?;
        let this = cx.task()?;
        cx.each(groups, |cx, balanced| {
            let arn = balanced.arn;
            let request = DescribeTargetHealth { target_group_arn: arn.to_owned() };
            // Asked together, to be answered in one round.
            let (group, health) = (balancing::group(cx, arn), cx.get(&request));
            let Some(group) = group? else { return Ok(()) };
            let told = symptom.as_ref().filter(|symptom| names(symptom, arn, only));
            let health = match health {
                Err(missing) if missing.is_pending() || told.is_none() => return Err(missing),
                health => health.ok().flatten(),
            };
            let mut unhealthy: BTreeMap<&str, usize> = BTreeMap::new();
            let targets = health.iter().flat_map(|health| &health.target_health_descriptions);
            let mut all = 0;
            for target in targets {
                all += 1;
                let Some(health) = &target.target_health else { continue };
                if matches!(health.state.as_deref(), Some("unhealthy" | "unused" | "unavailable")) {
                    let reason = health.reason.as_deref().unwrap_or("no reason given");
                    *unhealthy.entry(reason).or_default() += 1;
                }
            }
            if told.is_none() && unhealthy.is_empty() {
                return Ok(());
            }
            let name = balancing::name(arn);
            let said = told.map(|symptom| Said::of(&symptom.text));
            let count: usize = unhealthy.values().sum();
            let reasons: Vec<_> = unhealthy.keys().copied().collect();
            let summary = match &said {
                Some(said) => {
                    format!("health checks of target group `{name}` failed{}", said.words())
                }
                None => format!(
                    "{count} of {all} targets of target group `{name}` fail: {}",
                    reasons.join(", ")
                ),
            };
            let mut details = Vec::new();
            match &said {
                Some(said) if *said != Said::Nothing => details.push(said.meaning().to_owned()),
                _ => details.extend(reasons.iter().map(|reason| meaning(reason).to_owned())),
            }
            details.push(asks(&group));
            if told.is_some() {
                details.push(time(&group, &service, this.as_deref()));
                if count > 0 {
                    details
                        .push(format!("now {count} of {all} targets fail: {}", reasons.join(", ")));
                }
            }
            let mut finding = Finding::likely(summary)
                .detail(details.join("; "))
                .resource(balancing::resource(arn))
                .resource(object::resource(&service));
            if let Some(symptom) = told {
                finding = finding.evidence(text(cx, &service, this.as_ref(), symptom));
            }
            if !unhealthy.is_empty() {
                finding = finding.evidence(
                    Evidence::new(
                        cx.query(&request),
                        "/TargetHealthDescriptions",
                        json!(unhealthy),
                    )
                    .object(name),
                );
            }
            cx.report(finding.remedy(remedy(cx, &group, said.as_ref(), &reasons)));
            Ok(())
        });
        Ok(())
    }
}

/// Whether the failure is one of health checks of this target group.
fn names(symptom: &Symptom, arn: &str, only: bool) -> bool {
    let reading = &symptom.reading;
    if reading.benign
        || !matches!(reading.signature, Some("STOP-ELB" | "SVC-UNHEALTHY" | "SVC-TARGET-MISSING"))
    {
        return false;
    }
    match reading.parameters.get("target_group") {
        Some(named) => named == arn || *named == balancing::name(arn),
        None => only && !reading.parameters.contains_key("load_balancer"),
    }
}

/// What the failure message says of the health checks.
#[derive(PartialEq)]
enum Said {
    Codes(String),
    TimedOut,
    Nothing,
}

impl Said {
    fn of(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let codes = || {
            let (_, rest) = lower.split_once("these codes: [")?;
            let (codes, _) = rest.split_once(']')?;
            Some(codes.to_owned())
        };
        match codes() {
            Some(codes) => Self::Codes(codes),
            None if lower.contains("request timed out") => Self::TimedOut,
            None => Self::Nothing,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Codes(codes) => format!(" with the code {codes}"),
            Self::TimedOut => ": no answer in time".to_owned(),
            Self::Nothing => String::new(),
        }
    }

    fn meaning(&self) -> &'static str {
        match self {
            Self::Codes(codes) if codes.starts_with('5') => {
                "an answer came, so that security groups and port are right: the application is not \
                 ready, or fails"
            }
            Self::Codes(_) => meaning("Target.ResponseCodeMismatch"),
            Self::TimedOut => meaning("Target.Timeout"),
            Self::Nothing => "",
        }
    }
}

/// What a reason of Elastic Load Balancing means.
fn meaning(reason: &str) -> &'static str {
    match reason {
        "Target.ResponseCodeMismatch" => {
            "an answer came, so that security groups and port are right: path, matcher or `Host` \
             header are not what the application expects"
        }
        "Target.Timeout" => {
            "no answer came in time: a security group does not admit the load balancer to the health \
             check's port, or the application is slow"
        }
        "Target.FailedHealthChecks" => {
            "the connection was refused or the answer malformed: nothing listens on that port, or it \
             speaks another protocol"
        }
        "Target.NotInUse" => {
            "no listener forwards to the target group, or the target's Availability Zone is not \
             enabled for the load balancer"
        }
        "Target.IpUnusable" => "the address cannot be a target: a load balancer uses it",
        "Target.NotRegistered" => "the target is not registered",
        "Target.InvalidState" => "the instance is stopped or terminated",
        "Elb.InternalError" => "the load balancer had a fault of its own",
        _ => "Elastic Load Balancing does not say why",
    }
}

/// What is asked, how often, and what is expected.
fn asks(group: &TargetGroup) -> String {
    let protocol = group.health_check_protocol.as_deref().unwrap_or("HTTP");
    let port = group.health_check_port.as_ref().map_or("traffic-port", |port| port.0.as_str());
    let path = group.health_check_path.as_deref().unwrap_or("");
    let matcher = group.matcher.as_ref();
    let code = matcher.and_then(|m| m.http_code.as_deref().or(m.grpc_code.as_deref()));
    let expects = code.map_or(String::new(), |code| format!(", which must answer {code}"));
    let timeout = group
        .health_check_timeout_seconds
        .map_or(String::new(), |seconds| format!(" within {seconds} s"));
    format!("it asks `{protocol} {port} {path}`{expects}{timeout}").replace(" `, ", "`, ")
}

/// How long a task has, and how long this one took.
fn time(group: &TargetGroup, service: &Service, this: Option<&Task>) -> String {
    let interval = group.health_check_interval_seconds.unwrap_or(30);
    let threshold = group.unhealthy_threshold_count.unwrap_or(2);
    let grace = service.health_check_grace_period_seconds.unwrap_or(0);
    let window = interval.saturating_mul(threshold);
    let mut words = format!(
        "{threshold} failures in a row, {interval} s apart, make a target unhealthy, and the first \
         {grace} s of a task do not count (`healthCheckGracePeriodSeconds`)"
    );
    let ran = this.and_then(|this| {
        let (from, to) = (this.started_at?, this.stopping_at.or(this.stopped_at)?);
        Some((to.0.as_second().saturating_sub(from.0.as_second()), task::span(from, to)))
    });
    if let Some((seconds, span)) = ran {
        words += &format!(": the task ran {span}");
        // Registration and the scheduler take their time too.
        let soon = grace.saturating_add(window.saturating_mul(2)).saturating_add(60);
        words += if seconds <= soon {
            ", so that it was never healthy: the check is wrong, or the application needs longer"
        } else {
            ", so that it was healthy before"
        };
    }
    words
}

/// The failure message as evidence.
fn text(cx: &Cx<'_>, service: &Service, this: Option<&Arc<Task>>, symptom: &Symptom) -> Evidence {
    match this {
        Some(this) => task::evidence(cx, this, "/stoppedReason", symptom.text.as_str()),
        None => object::evidence(cx, service, "/events", symptom.text.as_str()),
    }
}

fn remedy(cx: &Cx<'_>, group: &TargetGroup, said: Option<&Said>, reasons: &[&str]) -> Remedy {
    let arn = shell::quoted(&group.target_group_arn);
    let region = shell::region_option(cx.region());
    let show = format!("aws elbv2 describe-target-health --target-group-arn {arn}{region}");
    let mismatch = matches!(said, Some(Said::Codes(codes)) if !codes.starts_with('5'))
        || reasons.contains(&"Target.ResponseCodeMismatch");
    let timeout = said == Some(&Said::TimedOut) || reasons.contains(&"Target.Timeout");
    let mut remedy = Remedy::new(if mismatch {
        "let the health check ask a path that answers with the expected code"
    } else if timeout {
        "let the load balancer reach the health check's port, and the application answer in time"
    } else if reasons == ["Target.NotInUse"] {
        "let a listener forward to the target group, and enable the Availability Zones of the \
         service's subnets for the load balancer"
    } else {
        "make the application answer the health check in time"
    });
    if mismatch {
        remedy = remedy.step(format!(
            "ask the path `{}` from inside the task, and compare the code with the matcher",
            group.health_check_path.as_deref().unwrap_or("/")
        ));
    }
    if timeout {
        remedy = remedy.step(
            "admit the load balancer's security group in the tasks' security group, on the health \
             check's port",
        );
    }
    if let Some(command) = definition::update_service(cx).filter(|_| said.is_some()) {
        remedy = remedy.step(format!(
            "if the application starts slowly: `{command} --health-check-grace-period-seconds` with \
             the seconds that it needs"
        ));
    }
    remedy.command(show)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::testing::{GROUP, balanced, health};
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        report::Confidence,
    };

    const ID: &str = "svc-lb-health";
    const MESSAGE: &str = "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:\
        eu-west-1:111122223333:targetgroup/checkout/0123456789abcdef): Health checks failed with these \
        codes: [404]";

    fn failed(world: &mut World) -> &mut World {
        balanced(world)
            .stopped(MESSAGE)
            .task("/stopCode", json!("ServiceSchedulerInitiated"))
            .task("/startedAt", json!("2026-11-20T10:00:30Z"))
            .task("/stoppingAt", json!("2026-11-20T10:02:45Z"))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            failed(world);
        },
        passes: |world| {
            balanced(world);
        },
        unknown: |world| {
            failed(world).deny("elbv2:DescribeTargetGroups");
        },
        near_miss: |world| {
            // The service has another target group since, in which all is well.
            let other = GROUP.replace("/checkout/", "/checkout-v2/");
            failed(world)
                .set("services", "/services/0/loadBalancers/0/targetGroupArn", json!(other))
                .set("TargetGroups", "/TargetGroups/0/TargetGroupArn", json!(other))
                .recorded(
                    "elbv2",
                    "DescribeTargetHealth",
                    &json!({"TargetGroupArn": other}),
                    &json!({"TargetHealthDescriptions": []}),
                );
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: health checks of target group `checkout` failed with the code 404
          an answer came, so that security groups and port are right: path, matcher or `Host` header are not what the application expects; it asks `HTTP traffic-port /health`, which must answer 200 within 5 s; 2 failures in a row, 30 s apart, make a target unhealthy, and the first 60 s of a task do not count (`healthCheckGracePeriodSeconds`): the task ran 2 min, so that it was never healthy: the check is wrong, or the application needs longer
          @ AWS::ElasticLoadBalancingV2::TargetGroup checkout
          @ AWS::ECS::Service checkout
          fix: let the health check ask a path that answers with the expected code
          - ask the path `/health` from inside the task, and compare the code with the matcher
          - if the application starts slowly: `aws ecs update-service --cluster shop --service checkout --region eu-west-1 --health-check-grace-period-seconds` with the seconds that it needs
          $ aws elbv2 describe-target-health --target-group-arn arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/checkout/0123456789abcdef --region eu-west-1
        ");
    }

    #[test]
    fn it_is_the_likely_cause() {
        let report = EXAMPLES.failing().report();
        let cause = &report.root_causes[0];
        assert_eq!(report.findings[cause.finding].check, ID);
        assert_eq!(cause.confidence, Confidence::Likely);
    }

    #[test]
    fn targets_that_fail_now_are_told() {
        for (state, reason, words) in [
            ("unhealthy", "Target.Timeout", "no answer came in time"),
            ("unhealthy", "Target.FailedHealthChecks", "refused"),
            ("unhealthy", "Target.ResponseCodeMismatch", "path, matcher"),
            ("unused", "Target.NotInUse", "no listener forwards"),
        ] {
            let mut world = EXAMPLES.passing();
            health(&mut world, &json!({"State": state, "Reason": reason}));
            let finding = &world.outcome(ID).findings[0];
            assert!(finding.summary.starts_with("1 of 1 targets"), "{finding:?}");
            assert!(finding.detail.contains(words), "{finding:?}");
        }
        for state in ["healthy", "initial", "draining"] {
            let mut world = EXAMPLES.passing();
            health(&mut world, &json!({"State": state}));
            assert_eq!(world.outcome(ID).status, Status::Passed, "{state}");
        }
    }

    #[test]
    fn without_the_targets_health_the_message_still_counts() {
        let mut world = EXAMPLES.failing();
        world.deny("elbv2:DescribeTargetHealth");
        assert_eq!(world.outcome(ID).status, Status::Failed);
        world.stopped("Task failed to start");
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }

    #[test]
    fn how_long_it_ran_tells_whether_it_was_ever_healthy() {
        let detail = |world: &World| world.outcome(ID).findings[0].detail.clone();
        let mut world = EXAMPLES.failing();
        assert!(detail(&world).contains("never healthy"));
        world.task("/stoppingAt", json!("2026-11-20T14:00:00Z"));
        assert!(detail(&world).contains("was healthy before"));
    }

    #[test]
    fn a_timeout_is_another_fault_than_a_code() {
        let mut world = EXAMPLES.failing();
        world.stopped(
            &MESSAGE.replace("Health checks failed with these codes: [404]", "Request timed out"),
        );
        let finding = &world.outcome(ID).findings[0];
        assert!(finding.summary.ends_with("no answer in time"), "{finding:?}");
        assert!(finding.detail.contains("security group"), "{finding:?}");
        world.stopped(&MESSAGE.replace("404", "502"));
        assert!(world.outcome(ID).findings[0].detail.contains("not ready"));
    }
}
