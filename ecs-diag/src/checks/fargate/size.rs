use serde_json::Value;

use super::{before_1_4, is_windows, on_1_4, operating_system};
use crate::{
    LaunchType,
    aws::{
        Text,
        ecs::{ContainerDefinition, Task, TaskDefinition},
    },
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Fargate has the task's size
    ///
    /// # What it looks at
    /// Whether CPU and memory of the task, overrides included, are a pair that Fargate offers:
    ///
    /// | CPU units | memory |
    /// |---|---|
    /// | 256 | 512 MiB, 1 GB, 2 GB |
    /// | 512 | 1 to 4 GB in steps of 1 GB |
    /// | 1024 | 2 to 8 GB in steps of 1 GB |
    /// | 2048 | 4 to 16 GB in steps of 1 GB |
    /// | 4096 | 8 to 30 GB in steps of 1 GB |
    /// | 8192 | 16 to 60 GB in steps of 4 GB |
    /// | 16384 | 32 to 120 GB in steps of 8 GB |
    /// | 32768 | 60, 120 or 244 GB |
    ///
    /// 8 vCPU and more need platform version 1.4.0; Windows has 1, 2 and 4 vCPU only. `1 vCPU` and
    /// `2 GB` are understood as well as units and MiB.
    ///
    /// # Why it matters
    /// Fargate has no other sizes: the task is refused with `No Fargate configuration exists for given
    /// values` or `Invalid 'cpu' setting for task`.
    ///
    /// # How to fix it
    /// Choose the next pair that is large enough.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html>,
    /// as of November 2026
    Size {
        id: "fg-size",
        domain: "fargate",
        phase: Place,
        causes: [DeployConfiguration],
        explains: [],
    }
}

/// Memory in MiB that goes with CPU units.
struct Offer {
    cpu: u32,
    memory: Memory,
    windows: bool,
}

enum Memory {
    OneOf(&'static [u32]),
    Steps { from: u32, to: u32, step: u32 },
}

const fn gb(from: u32, to: u32, step: u32) -> Memory {
    Memory::Steps { from: from * 1024, to: to * 1024, step: step * 1024 }
}

/// What Fargate offers, as of November 2026.
const OFFERS: [Offer; 8] = [
    Offer { cpu: 256, memory: Memory::OneOf(&[512, 1024, 2048]), windows: false },
    Offer { cpu: 512, memory: gb(1, 4, 1), windows: false },
    Offer { cpu: 1024, memory: gb(2, 8, 1), windows: true },
    Offer { cpu: 2048, memory: gb(4, 16, 1), windows: true },
    Offer { cpu: 4096, memory: gb(8, 30, 1), windows: true },
    Offer { cpu: 8192, memory: gb(16, 60, 4), windows: false },
    Offer { cpu: 16384, memory: gb(32, 120, 8), windows: false },
    Offer { cpu: 32768, memory: Memory::OneOf(&[61_440, 122_880, 249_856]), windows: false },
];

/// CPU units from which on Linux needs platform version 1.4.0.
const LARGE: u32 = 8192;

impl Offer {
    fn has(&self, memory: u32) -> bool {
        self.at_least(memory) == Some(memory)
    }

    /// The smallest memory that is enough.
    fn at_least(&self, memory: u32) -> Option<u32> {
        match self.memory {
            Memory::OneOf(sizes) => sizes.iter().copied().find(|size| *size >= memory),
            Memory::Steps { from, to, step } => {
                let steps = memory.saturating_sub(from).div_ceil(step);
                let size = from.saturating_add(steps.saturating_mul(step));
                (size <= to).then_some(size)
            }
        }
    }

    fn sizes(&self) -> String {
        match self.memory {
            Memory::OneOf(sizes) => {
                let sizes: Vec<_> = sizes.iter().map(u32::to_string).collect();
                format!("{} MiB", sizes.join(", "))
            }
            Memory::Steps { from, to, step } => {
                format!("{from} to {to} MiB in steps of {step}")
            }
        }
    }
}

/// The size that a task asks for; what is no number stays text.
struct Asked {
    cpu: Option<Result<u32, String>>,
    memory: Option<Result<u32, String>>,
    windows: bool,
}

impl Asked {
    fn of(definition: &TaskDefinition) -> Self {
        let read = |text: &Option<Text>, parse: fn(&str) -> Option<u32>| {
            text.as_ref().map(|text| parse(&text.0).ok_or_else(|| text.0.clone()))
        };
        Self {
            cpu: read(&definition.cpu, units),
            memory: read(&definition.memory, mebibytes),
            windows: is_windows(operating_system(definition)),
        }
    }

    fn cpu(&self) -> Option<u32> {
        self.cpu.as_ref()?.as_ref().ok().copied()
    }

    fn memory(&self) -> Option<u32> {
        self.memory.as_ref()?.as_ref().ok().copied()
    }

    fn offers(&self) -> impl Iterator<Item = &'static Offer> {
        OFFERS.iter().filter(|offer| offer.windows || !self.windows)
    }

    /// The offer with these CPU units.
    fn offer(&self) -> Option<&'static Offer> {
        let cpu = self.cpu()?;
        self.offers().find(|offer| offer.cpu == cpu)
    }

    /// The member at fault, and what is wrong with it in words that follow "it".
    fn fault(&self) -> Option<(&'static str, String)> {
        let (cpu, memory) = match (&self.cpu, &self.memory) {
            (None, _) => return Some(("cpu", "names no `cpu` for the task".to_owned())),
            (_, None) => return Some(("memory", "names no `memory` for the task".to_owned())),
            (Some(Err(text)), _) => {
                return Some(("cpu", format!("has `cpu` `{text}`, no number of CPU units")));
            }
            (_, Some(Err(text))) => {
                return Some(("memory", format!("has `memory` `{text}`, no number of MiB")));
            }
            (Some(Ok(cpu)), Some(Ok(memory))) => (*cpu, *memory),
        };
        match self.offer() {
            None if self.windows => Some(("cpu", format!("asks for {cpu} CPU units with Windows"))),
            None => Some(("cpu", format!("asks for {cpu} CPU units"))),
            Some(offer) if !offer.has(memory) => {
                Some(("memory", format!("asks for {memory} MiB of memory with {cpu} CPU units")))
            }
            Some(_) => None,
        }
    }

    /// What there is, in words.
    fn offered(&self) -> String {
        if let Some(offer) = self.offer() {
            return format!("with {} CPU units Fargate has {}", offer.cpu, offer.sizes());
        }
        let sizes: Vec<_> = self.offers().map(|offer| offer.cpu.to_string()).collect();
        format!("Fargate has {} CPU units, each with memory of its own", sizes.join(", "))
    }

    /// The smallest size that is large enough; what is not asked for is what the containers
    /// reserve together.
    fn next(&self, definition: &TaskDefinition) -> Option<(u32, u32)> {
        let sum = |size: fn(&ContainerDefinition) -> Option<i64>| {
            let sizes = definition.container_definitions.iter().filter_map(size);
            u32::try_from(sizes.fold(0, i64::saturating_add)).unwrap_or(0)
        };
        let cpu = self.cpu().unwrap_or_else(|| sum(|container| container.cpu));
        let memory = self
            .memory()
            .unwrap_or_else(|| sum(|container| container.memory_reservation.or(container.memory)));
        at_least(cpu, memory, self.windows)
    }
}

impl Check for Size {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if cx.launch_type()? != LaunchType::Fargate {
            return cx.not_applicable("the task does not run on Fargate");
        }
        let definition = cx.definition()?;
        let task = cx.task()?;
        // A task that started had a size that Fargate offers, whatever this table knows.
        if task.as_ref().is_some_and(|task| task.started_at.is_some()) {
            return Ok(());
        }
        let asked = Asked::of(&definition);
        let Some((member, what)) = asked.fault() else {
            if let Some((task, cpu)) = task.as_deref().zip(asked.cpu())
                && !asked.windows
            {
                old_platform(cx, &definition, task, cpu);
            }
            return Ok(());
        };
        // A value given when the task was started outranks the task definition's.
        let overriding = |member: &str| {
            let task = task.as_deref()?;
            let given = if member == "cpu" { &task.overrides.cpu } else { &task.overrides.memory };
            given.is_some().then_some(task)
        };
        let name = definition::name(&definition);
        let text = if member == "cpu" { &definition.cpu } else { &definition.memory };
        let value = text.as_ref().map_or(Value::Null, |text| text.0.clone().into());
        let (by, evidence) = match overriding(member) {
            Some(task) => (
                "the override given when the task was started",
                task::evidence(cx, task, format!("/overrides/{member}"), value),
            ),
            None => ("it", definition::evidence(cx, &definition, &format!("/{member}"), value)?),
        };
        let mut finding = Finding::blocker(format!(
            "task definition `{name}` has no size that Fargate offers: {by} {what}"
        ))
        .detail(format!("{}; ECS refuses every other pair", asked.offered()))
        .resource(definition::resource(&definition))
        .evidence(evidence);
        if let Some((cpu, memory)) = asked.next(&definition) {
            let mut remedy = Remedy::new(format!(
                "ask for {cpu} CPU units and {memory} MiB, the next size that is large enough"
            ));
            let mut revised = false;
            for (member, now, right) in
                [("cpu", asked.cpu(), cpu), ("memory", asked.memory(), memory)]
            {
                if now == Some(right) {
                    continue;
                }
                let right = right.to_string();
                remedy = if let Some(task) = overriding(member) {
                    remedy
                        .step(format!(
                            "start the task with `{right}` as override of `{member}`: it outranks \
                             the task definition"
                        ))
                        .edit(task::set(task, format!("/overrides/{member}"), right))
                } else {
                    revised = true;
                    remedy
                        .step(format!(
                            "in a new revision of task definition `{name}`, set `{member}` to \
                             `{right}`"
                        ))
                        .edit(definition::set(&definition, &format!("/{member}"), right))
                };
            }
            if revised && let Some(command) = definition::roll_out(cx, &definition) {
                remedy = remedy.command(command);
            }
            finding = finding.remedy(remedy);
        }
        cx.report(finding);
        Ok(())
    }
}

/// The smallest size with this many CPU units and MiB at least.
pub(super) fn at_least(cpu: u32, memory: u32, windows: bool) -> Option<(u32, u32)> {
    OFFERS
        .iter()
        .filter(|offer| offer.cpu >= cpu && (offer.windows || !windows))
        .find_map(|offer| Some((offer.cpu, offer.at_least(memory)?)))
}

/// A large task on a platform version that has no such sizes.
fn old_platform(cx: &mut Cx<'_>, definition: &TaskDefinition, task: &Task, cpu: u32) {
    let old = task.platform_version.as_ref().filter(|version| before_1_4(version));
    let Some(version) = old.filter(|_| cpu >= LARGE) else { return };
    cx.report(
        Finding::blocker(format!(
            "task definition `{}` asks for {cpu} CPU units on platform version {version}",
            definition::name(definition)
        ))
        .detail(format!("{LARGE} CPU units and more need platform version 1.4.0 or newer"))
        .resource(definition::resource(definition))
        .evidence(task::evidence(cx, task, "/platformVersion", version.as_str()))
        .remedy(on_1_4(cx, task)),
    );
}

/// CPU units of `256`, `.25 vCPU`, `1vcpu`.
pub(super) fn units(text: &str) -> Option<u32> {
    sized(text, "vcpu")
}

/// MiB of `512`, `0.5 GB`, `1gb`.
pub(super) fn mebibytes(text: &str) -> Option<u32> {
    sized(text, "gb")
}

/// A whole number, or a decimal number of 1024 with its unit.
fn sized(text: &str, unit: &str) -> Option<u32> {
    let text = text.trim().to_ascii_lowercase();
    let Some(number) = text.strip_suffix(unit) else { return text.parse().ok() };
    let (whole, fraction) = number.trim().split_once('.').unwrap_or((number.trim(), ""));
    // Nine digits are finer than any size, and fit.
    if fraction.len() > 9 || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits = |digits: &str| {
        if digits.is_empty() {
            return Some(0);
        }
        let all = digits.bytes().all(|b| b.is_ascii_digit());
        all.then(|| digits.parse::<u64>().ok()).flatten()
    };
    let scale = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
    let scaled = digits(whole)?.checked_mul(scale)?.checked_add(digits(fraction)?)?;
    let scaled = scaled.checked_mul(1024)?;
    (scaled % scale == 0).then(|| u32::try_from(scaled / scale).ok()).flatten()
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::{mebibytes, units};
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "fg-size";
    const MESSAGE: &str = "ClientException: No Fargate configuration exists for given values.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).definition("/memory", json!("4096"));
        },
        passes: |world| {
            world.definition("/cpu", json!("1 vCPU")).definition("/memory", json!("3 GB"));
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            // The override makes it a pair.
            world
                .stopped(MESSAGE)
                .definition("/memory", json!("4096"))
                .task("/overrides/cpu", json!("1024"));
        },
    };

    fn size(cpu: &str, memory: &str) -> World {
        let mut world = World::default();
        world.definition("/cpu", json!(cpu)).definition("/memory", json!(memory));
        world
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: task definition `checkout:42` has no size that Fargate offers: it asks for 4096 MiB of memory with 256 CPU units
          with 256 CPU units Fargate has 512, 1024, 2048 MiB; ECS refuses every other pair
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): ask for 512 CPU units and 4096 MiB, the next size that is large enough
          - in a new revision of task definition `checkout:42`, set `cpu` to `512`
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn pairs() {
        for (cpu, memory, right) in [
            ("256", "512", true),
            ("256", "2048", true),
            ("256", "3072", false),
            (".25 vCPU", "0.5 GB", true),
            ("512", "4096", true),
            ("512", "512", false),
            ("1024", "8192", true),
            ("1024", "9216", false),
            ("1024", "2500", false),
            ("2048", "16384", true),
            ("4096", "30720", true),
            ("4096", "31744", false),
            ("8192", "16384", true),
            ("8192", "17408", false),
            ("8192", "61440", true),
            ("16384", "122880", true),
            ("16384", "36864", false),
            ("32768", "61440", true),
            ("32 vCPU", "244 GB", true),
            ("32768", "131072", false),
            ("300", "512", false),
            ("256 units", "512", false),
            ("256", "half", false),
        ] {
            let status = size(cpu, memory).outcome(ID).status;
            assert_eq!(status == Status::Passed, right, "{cpu}, {memory}: {status:?}");
        }
    }

    #[test]
    fn a_task_that_started_had_a_size() {
        let mut world = size("65536", "524288");
        assert_eq!(world.outcome(ID).status, Status::Failed);
        world.task("/startedAt", json!("2026-11-20T10:00:40Z"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn a_service_runs_where_its_capacity_providers_are() {
        let mut world = size("256", "4096");
        world
            .target(crate::Target::service(Some("shop"), "checkout"))
            .definition("/requiresCompatibilities", json!(["EC2", "FARGATE"]))
            .recorded(
                "ecs",
                "ListTasks",
                &json!({"cluster": "shop", "serviceName": "checkout", "desiredStatus": "STOPPED"}),
                &json!({"taskArns": []}),
            );
        for (provider, status) in
            [("FARGATE_SPOT", Status::Failed), ("instances", Status::NotApplicable)]
        {
            let strategy = json!([{"capacityProvider": provider, "weight": 1, "base": 0}]);
            world
                .set("services", "/services/0/launchType", json!(null))
                .set("services", "/services/0/deployments/0/launchType", json!(null))
                .set("services", "/services/0/deployments/0/capacityProviderStrategy", strategy);
            assert_eq!(world.outcome(ID).status, status, "{provider}");
        }
    }

    #[test]
    fn the_next_size_that_is_large_enough_is_proved() {
        for (cpu, memory, next) in [
            ("256", "4096", "512 CPU units and 4096 MiB"),
            ("300", "512", "512 CPU units and 1024 MiB"),
            ("1024", "2500", "1024 CPU units and 3072 MiB"),
            ("2048", "512", "2048 CPU units and 4096 MiB"),
            ("4096", "31744", "8192 CPU units and 32768 MiB"),
            ("32768", "131072", "32768 CPU units and 249856 MiB"),
        ] {
            let world = size(cpu, memory);
            let outcome = world.outcome(ID);
            let remedy = outcome.findings[0].remedy.as_ref().unwrap();
            assert!(remedy.summary.contains(next), "{cpu}, {memory}: {remedy:?}");
            assert!(world.verified(ID), "{cpu}, {memory}");
        }
        // Nothing is large enough.
        assert!(size("32768", "300000").outcome(ID).findings[0].remedy.is_none());
    }

    #[test]
    fn what_an_override_says_is_changed_there() {
        let mut world = World::default();
        world.task("/overrides/memory", json!("4096"));
        let outcome = world.outcome(ID);
        let finding = &outcome.findings[0];
        assert!(finding.summary.contains("override"), "{finding:?}");
        assert_eq!(finding.evidence[0].pointer, "/overrides/memory");
        assert!(world.verified(ID));
    }

    #[test]
    fn a_missing_size_is_what_the_containers_reserve() {
        let mut world = World::default();
        world
            .definition("/cpu", json!(null))
            .definition("/memory", json!(null))
            .container("/memory", json!(900))
            .container("/cpu", json!(300));
        let outcome = world.outcome(ID);
        let remedy = outcome.findings[0].remedy.as_ref().unwrap();
        assert!(remedy.summary.contains("512 CPU units and 1024 MiB"), "{remedy:?}");
        assert!(world.verified(ID));
    }

    #[test]
    fn windows_has_three_sizes() {
        let windows = |cpu, memory| {
            let mut world = size(cpu, memory);
            world.definition(
                "/runtimePlatform/operatingSystemFamily",
                json!("WINDOWS_SERVER_2022_CORE"),
            );
            world.outcome(ID)
        };
        assert_eq!(windows("1024", "2048").status, Status::Passed);
        assert_eq!(windows("8192", "16384").status, Status::Failed);
        let outcome = windows("256", "512");
        let remedy = outcome.findings[0].remedy.as_ref().unwrap();
        assert!(remedy.summary.contains("1024 CPU units and 2048 MiB"), "{remedy:?}");
    }

    #[test]
    fn large_tasks_need_platform_1_4() {
        let mut world = size("8192", "16384");
        assert_eq!(world.outcome(ID).status, Status::Passed);
        world.task("/platformVersion", json!("1.3.0"));
        assert_eq!(world.outcome(ID).status, Status::Failed);
        assert!(world.verified(ID));
    }

    #[test]
    fn other_launch_types_have_no_sizes() {
        let mut world = size("300", "700");
        world.task("/launchType", json!("EC2"));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }

    #[test]
    fn sizes_are_read_in_every_unit() {
        for (text, expected) in [
            ("256", Some(256)),
            (".25 vCPU", Some(256)),
            ("0.25 vcpu", Some(256)),
            ("1vCPU", Some(1024)),
            ("1.0 vCPU", Some(1024)),
            ("vCPU", None),
            (". vCPU", None),
            ("-1 vCPU", None),
            ("0.3 vCPU", None),
            ("99999999999999999999 vCPU", None),
            ("0.0000000001 vCPU", None),
            ("", None),
        ] {
            assert_eq!(units(text), expected, "{text}");
        }
        assert_eq!(mebibytes("0.5 GB"), Some(512));
        assert_eq!(mebibytes("512"), Some(512));
    }
}
