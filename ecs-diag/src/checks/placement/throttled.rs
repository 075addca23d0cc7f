use crate::{
    check::{Check, Cx, Meta, check},
    checks::{service::object, task},
    facts::Missing,
    finding::{Finding, Remedy},
    shell,
};

check! {
    /// The service's calls are not throttled
    ///
    /// # What it looks at
    /// Events since the service's last steady state that say that its operations are being throttled.
    ///
    /// # Why it matters
    /// ECS calls Elastic Load Balancing, EC2 and AWS Cloud Map for the service. Where those slow it
    /// down, tasks start and are registered late; ECS tries again by itself. A deployment meanwhile
    /// looks stuck.
    ///
    /// # How to fix it
    /// Wait; if it happens often, deploy fewer services at once, or ask for a higher quota of the API
    /// that the event names.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/operating-at-scale-dealing-with-throttles.html>
    Throttled {
        id: "plc-throttled",
        domain: "placement",
        phase: Place,
        causes: [],
        explains: [],
    }
}

impl Check for Throttled {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(service) = cx.service()? else { return cx.not_applicable(object::NO_SERVICE) };
        let events = object::events(cx, &service)?;
        let mut throttled = events.iter().filter(|told| told.signature == "SVC-THROTTLE");
        let Some(newest) = throttled.next() else { return Ok(()) };
        let count = throttled.count() + 1;
        let text = service.events.get(newest.at).and_then(|event| event.message.clone());
        let api = text
            .as_deref()
            .and_then(|text| text.split_once("throttled on "))
            .and_then(|(_, rest)| rest.split(['.', ' ']).next())
            .filter(|api| !api.is_empty())
            .map_or(String::new(), |api| format!(" on `{api}`"));
        let name = &service.service_name;
        cx.report(
            Finding::info(format!("operations of service `{name}` are throttled{api}"))
                .detail(format!(
                    "{count} {} since its last steady state; ECS tries again by itself, so \
                     that this delays tasks and does not stop them",
                    if count == 1 { "such event" } else { "such events" }
                ))
                .resource(object::resource(&service))
                .evidence(object::evidence(
                    cx,
                    &service,
                    format!("/events/{}/message", newest.at),
                    text,
                ))
                .remedy(
                    Remedy::new("wait, and see whether new events say the same").command(format!(
                        "aws ecs describe-services --services {} --query 'services[0].events[:10]'{}",
                        shell::quoted(name),
                        task::options(cx)
                    )),
                ),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::checks::{service::testing::events, testing::Examples};

    const ID: &str = "plc-throttled";
    const EVENT: &str =
        "(service checkout) operations are being throttled on elb. Will try again later.";
    const STEADY: &str = "(service checkout) has reached a steady state.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            events(world, &[EVENT, STEADY]);
        },
        passes: |_| {},
        unknown: |world| {
            events(world, &[EVENT, STEADY]).deny("ecs:DescribeServices");
        },
        near_miss: |world| {
            // It has become steady since: the same events, the other one later.
            events(world, &[EVENT, STEADY]).set(
                "services",
                "/services/0/events/1/createdAt",
                "2026-11-20T11:30:00Z".into(),
            );
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        info: operations of service `checkout` are throttled on `elb`
          1 such event since its last steady state; ECS tries again by itself, so that this delays tasks and does not stop them
          @ AWS::ECS::Service checkout
          fix: wait, and see whether new events say the same
          $ aws ecs describe-services --services checkout --query 'services[0].events[:10]' --cluster shop --region eu-west-1
        ");
    }
}
