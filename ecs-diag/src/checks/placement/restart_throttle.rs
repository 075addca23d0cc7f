use crate::{
    check::{Check, Cx, Meta, check},
    checks::{
        service::object,
        task::{self, failures},
    },
    facts::{self, Missing},
    finding::{Finding, Remedy},
};

check! {
    /// ECS does not wait between attempts to start the service's tasks
    ///
    /// # What it looks at
    /// Events since the service's last steady state that say that it is unable to consistently start
    /// tasks, and when its newest failed task stopped.
    ///
    /// # Why it matters
    /// If tasks of a service go from `PENDING` to `STOPPED` again and again, ECS waits longer and longer
    /// before it starts another one, 27 minutes at most. That no new task fails does not mean that the
    /// fault is gone. Tasks that once ran are not counted.
    ///
    /// # How to fix it
    /// Correct what the stopped tasks say. A new task definition is started without the delay.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html>
    RestartThrottle {
        id: "plc-restart-throttle",
        domain: "placement",
        phase: Place,
        causes: [],
        explains: [],
    }
}

impl Check for RestartThrottle {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(service) = cx.service()? else { return cx.not_applicable(object::NO_SERVICE) };
        let events = object::events(cx, &service)?;
        let told = events.iter().find(|told| told.signature == "SVC-UNABLE-CONSISTENT");
        let Some(told) = told else { return Ok(()) };
        let name = &service.service_name;
        let failures = facts::at_hand(failures(cx, name).map(Some))?;
        let newest = failures.iter().flat_map(|failures| failures.iter()).next();
        let mut detail =
            "the time between attempts grows to 27 minutes: that no new task fails does not \
            mean that the fault is gone"
                .to_owned();
        if let Some((failure, (at, now))) =
            newest.and_then(|failure| Some((failure, failure.at.zip(cx.now())?)))
        {
            detail += &format!(
                "; the newest failed task, `{}`, stopped {} before these answers were read",
                task::id(&failure.arn),
                task::span(at, crate::aws::Time(now))
            );
        }
        let text = service.events.get(told.at).and_then(|event| event.message.clone());
        cx.report(
            Finding::info(format!(
                "ECS waits longer and longer to start tasks of service `{name}`"
            ))
            .detail(detail)
            .resource(object::resource(&service))
            .evidence(object::evidence(cx, &service, format!("/events/{}/message", told.at), text))
            .remedy(Remedy::new(
                "correct what the stopped tasks say; a new task definition is started without the \
                     delay",
            )),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::checks::{service::testing::events, testing::Examples};

    const ID: &str = "plc-restart-throttle";
    const EVENT: &str = "(service checkout) is unable to consistently start tasks successfully. For \
        more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
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
        info: ECS waits longer and longer to start tasks of service `checkout`
          the time between attempts grows to 27 minutes: that no new task fails does not mean that the fault is gone; the newest failed task, `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c`, stopped 29 min before these answers were read
          @ AWS::ECS::Service checkout
          fix: correct what the stopped tasks say; a new task definition is started without the delay
        ");
    }
}
