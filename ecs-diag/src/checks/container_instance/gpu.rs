use serde_json::json;

use crate::{
    check::{Check, Cx, Meta, check},
    checks::{
        definition,
        instances::{self, Faults},
    },
    facts::Missing,
    finding::Remedy,
};

check! {
    /// A container instance has the GPUs that the task asks for
    ///
    /// # What it looks at
    /// The GPUs that the containers reserve together, against those that every active instance with a
    /// connected agent has registered. How many of them other tasks have is not looked at.
    ///
    /// # Why it matters
    /// ECS says `RESOURCE:GPU`. An instance of a type with GPUs registers none where the agent was not
    /// told to look for them, or has no NVIDIA driver.
    ///
    /// # How to fix it
    /// Use instances of a GPU type with the ECS GPU-optimized AMI, which has driver and
    /// `ECS_ENABLE_GPU_SUPPORT=true`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-gpu.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>
    Gpu {
        id: "ci-gpu",
        domain: "container-instance",
        phase: Place,
        causes: [PlaceAttributeOrGpu, StartGpuOrDevice],
        explains: [],
    }
}

impl Check for Gpu {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let judged = match instances::up(cx)? {
            Ok(judged) => judged,
            Err(why) => return cx.not_applicable(why),
        };
        let wanted = judged.needs.gpus;
        if wanted <= 0 {
            return cx.not_applicable("the task asks for no GPU");
        }
        let Some(failing) = judged.failing(cx, Faults::GPU)? else { return Ok(()) };
        let definition = cx.definition()?;
        let gpus = |at: usize| instances::gpus(&failing.instances[at].instance).unwrap_or(0);
        let most = (0..failing.instances.len()).map(gpus).max().unwrap_or(0);
        // The families g and p have NVIDIA GPUs, but for AMD's in g4ad.
        let should = failing.instances.iter().find(|judgement| {
            let kind = judgement.instance.attribute("ecs.instance-type").unwrap_or("");
            instances::gpus(&judgement.instance) == Some(0)
                && kind.starts_with(['g', 'p'])
                && !kind.starts_with("g4ad")
        });
        let summary = format!(
            "task definition `{}` asks for {wanted} {}; {} {} {}",
            definition::name(&definition),
            if wanted == 1 { "GPU" } else { "GPUs" },
            failing.count(),
            failing.verb("has", "have"),
            if most == 0 { "none".to_owned() } else { format!("at most {most}") }
        );
        let (detail, remedy) = match should {
            Some(judgement) => (
                format!(
                    "`{}` is of type `{}`, but its agent has registered no GPU: it was not told to \
                     look for them, or the NVIDIA driver is missing",
                    judgement.instance.ec2_id(),
                    judgement.instance.attribute("ecs.instance-type").unwrap_or(""),
                ),
                "launch the instances from the ECS GPU-optimized AMI, or install the NVIDIA driver and \
                 set `ECS_ENABLE_GPU_SUPPORT=true`",
            ),
            None => (
                format!("ECS does not place the task on {}", failing.ids()),
                "add instances of a GPU type, launched from the ECS GPU-optimized AMI",
            ),
        };
        let first = should.copied().unwrap_or(failing.instances[0]);
        let finding = failing
            .finding(cx, summary, detail)?
            .evidence(first.instance.evidence(
                cx,
                "/registeredResources",
                json!({"GPU": instances::gpus(&first.instance)}),
            ))
            .remedy(Remedy::new(remedy));
        cx.report(finding);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{both, one, unplaced},
            testing::{Examples, World},
        },
    };

    const ID: &str = "ci-gpu";
    const MESSAGE: &str = "TaskFailedToStart: RESOURCE:GPU";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            asking(world);
        },
        passes: |world| {
            both(asking(world), "/registeredResources/-", &gpus());
        },
        unknown: |world| {
            both(asking(world), "/registeredResources", &Value::Null);
        },
        near_miss: |world| {
            one(asking(world), 1, "/registeredResources/-", gpus());
        },
    };

    fn asking(world: &mut World) -> &mut World {
        unplaced(world, MESSAGE)
            .container("/resourceRequirements", json!([{"type": "GPU", "value": "1"}]))
    }

    fn gpus() -> Value {
        json!({"name": "GPU", "type": "STRINGSET", "stringSetValue": ["GPU-0c"]})
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: task definition `checkout:42` asks for 1 GPU; both container instances have none
          ECS does not place the task on `i-0a000000000000001`, `i-0b000000000000002`
          @ AWS::ECS::Cluster shop
          fix: add instances of a GPU type, launched from the ECS GPU-optimized AMI
        ");
    }

    #[test]
    fn a_gpu_type_without_gpus_lacks_the_driver() {
        let mut world = EXAMPLES.failing();
        both(&mut world, "/attributes/3/value", &json!("g5.xlarge"));
        let finding = world.outcome(ID).findings.remove(0);
        assert!(finding.detail.contains("NVIDIA driver"), "{}", finding.detail);
        world.container("/resourceRequirements", Value::Null);
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
