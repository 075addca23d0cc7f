use std::collections::BTreeSet;

use serde_json::json;

use super::stops::by_name;
use crate::{
    aws::ecs::{self, ContainerDefinition, Task, TaskDefinition},
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Health checks of containers can pass
    ///
    /// # What it looks at
    /// The `healthCheck` of every container: the form of its command, and, where the container is
    /// unhealthy or the task stopped with `Task failed container health checks`, what the command
    /// needs and how much time the container had. `CMD` runs one program with its arguments, without a
    /// shell, so that `||` and a whole command line in one word do not work; `CMD-SHELL` runs a line in
    /// the image's `/bin/sh`.
    ///
    /// # Why it matters
    /// The check runs inside the container, with the programs of its image: `curl` and `wget` are often
    /// not there. A container is unhealthy after `retries` failures in a row, not counting those in
    /// `startPeriod`; a service then stops the task. ECS reads only health checks of the task
    /// definition, not those of the image.
    ///
    /// # How to fix it
    /// Use a program that the image has, in the right form, and give the application time with
    /// `startPeriod`. A check that starts a large runtime counts against the container's memory.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html>
    HealthCheck {
        id: "ctr-health-check",
        domain: "container",
        phase: Health,
        causes: [HealthContainerCheck],
        explains: [],
    }
}

/// Seconds between checks, seconds that one may take, and failures in a row, where the definition
/// does not say.
const INTERVAL: i64 = 30;
const TIMEOUT: i64 = 5;
const RETRIES: i64 = 3;
/// Characters of a command that are shown.
const SHOWN: usize = 120;

impl Check for HealthCheck {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let checked: Vec<(usize, &ContainerDefinition, &ecs::HealthCheck)> = task_definition
            .container_definitions
            .iter()
            .enumerate()
            .filter_map(|(at, container)| {
                let health = container.health_check.as_ref()?;
                let is_none = health.command.first().is_some_and(|word| word == "NONE");
                (!is_none).then_some((at, container, health))
            })
            .collect();
        if checked.is_empty() {
            return cx.not_applicable("no container has a health check in the task definition");
        }
        let this = cx.task()?;
        let failed = failed(cx, this.as_deref(), &checked)?;
        let mut wrong = Vec::new();
        let mut failing = Vec::new();
        for (at, container, health) in checked {
            if let Some(form) = form(&health.command) {
                wrong.push((at, container, health, form));
            } else if failed.contains(&at) {
                failing.push((at, container, health));
            }
        }
        if !wrong.is_empty() {
            cannot_pass(cx, &task_definition, wrong)?;
        }
        if let Some(this) = this.filter(|_| !failing.is_empty()) {
            failed_so_far(cx, &task_definition, &this, &failing)?;
        }
        Ok(())
    }
}

/// Commands that cannot pass as they are written.
fn cannot_pass(
    cx: &mut Cx<'_>,
    task_definition: &TaskDefinition,
    wrong: Vec<(usize, &ContainerDefinition, &ecs::HealthCheck, Form)>,
) -> Result<(), Missing> {
    let names = definition::containers(wrong.iter().map(|(_, c, ..)| c.name.as_str()));
    let label = definition::name(task_definition);
    let mut finding =
        Finding::likely(format!("the health check of {names} of `{label}` cannot pass"))
            .resource(definition::resource(task_definition));
    let mut remedy = Remedy::new("correct the command of the health check");
    let mut details = Vec::new();
    let evident = wrong.iter().all(|(.., form)| form.right.is_some());
    for (at, container, health, form) in wrong {
        let name = &container.name;
        let pointer = format!("/containerDefinitions/{at}/healthCheck/command");
        finding = finding.named(name.as_str()).evidence(definition::evidence(
            cx,
            task_definition,
            &pointer,
            json!(health.command),
        )?);
        details.push(format!("container `{name}`: {}", form.why));
        let Some(command) = form.right else { continue };
        remedy = remedy
            .step(format!("container `{name}`: set `healthCheck.command` to `{}`", json!(command)));
        if evident {
            remedy = remedy.edit(definition::set(task_definition, &pointer, command));
        }
    }
    let remedy = definition::deployed(cx, task_definition, remedy);
    cx.report(finding.detail(details.join("; ")).remedy(remedy));
    Ok(())
}

/// Commands that are well written, and failed.
fn failed_so_far(
    cx: &mut Cx<'_>,
    task_definition: &TaskDefinition,
    this: &Task,
    failing: &[(usize, &ContainerDefinition, &ecs::HealthCheck)],
) -> Result<(), Missing> {
    let names = definition::containers(failing.iter().map(|(_, c, _)| c.name.as_str()));
    let label = definition::name(task_definition);
    let mut finding = Finding::likely(format!("the health check of {names} of `{label}` failed"))
        .resource(task::resource(this))
        .resource(definition::resource(task_definition));
    let mut remedy = Remedy::new("run the command in the container, and see what it says");
    let mut details = Vec::new();
    let containers = by_name(this);
    for (at, container, health) in failing {
        let name = &container.name;
        finding = finding.named(name.as_str()).evidence(definition::evidence(
            cx,
            task_definition,
            &format!("/containerDefinitions/{at}/healthCheck/command"),
            json!(health.command),
        )?);
        if let Some((place, container)) = containers.get(name.as_str()) {
            let pointer = format!("/containers/{place}/healthStatus");
            let status = container.health_status.clone();
            finding = finding.evidence(task::evidence(cx, this, pointer, status));
        }
        details.push(format!("container `{name}`: {}", timing(health, this)));
        for step in advice(name, health) {
            remedy = remedy.step(step);
        }
    }
    cx.report(finding.detail(details.join("; ")).remedy(remedy));
    Ok(())
}

/// The places of the containers whose health checks failed: those that are called unhealthy, else,
/// where the task says that one is, all that could be.
fn failed(
    cx: &Cx<'_>,
    this: Option<&Task>,
    checked: &[(usize, &ContainerDefinition, &ecs::HealthCheck)],
) -> Result<BTreeSet<usize>, Missing> {
    let Some(this) = this else { return Ok(BTreeSet::new()) };
    let symptom = cx.symptom()?;
    if symptom.as_ref().is_some_and(|symptom| symptom.reading.benign) {
        return Ok(BTreeSet::new());
    }
    let containers = by_name(this);
    let unhealthy: BTreeSet<usize> = checked
        .iter()
        .filter(|(_, defined, _)| {
            containers
                .get(defined.name.as_str())
                .is_some_and(|(_, c)| c.health_status.as_deref() == Some("UNHEALTHY"))
        })
        .map(|(at, ..)| *at)
        .collect();
    let told = symptom.is_some_and(|symptom| symptom.reading.signature == Some("STOP-HC"));
    if !unhealthy.is_empty() || !told {
        return Ok(unhealthy);
    }
    // Only essential containers decide the task's health.
    Ok(checked
        .iter()
        .filter(|(_, container, _)| container.essential.unwrap_or(true))
        .map(|(at, ..)| *at)
        .collect())
}

/// A command that cannot pass as it is written.
#[derive(Debug, PartialEq)]
struct Form {
    why: String,
    /// How it should be written, where that is evident.
    right: Option<Vec<String>>,
}

/// What is wrong with how a command is written.
fn form(command: &[String]) -> Option<Form> {
    let (why, right) = fault(command)?;
    Some(Form { why, right })
}

fn fault(command: &[String]) -> Option<(String, Option<Vec<String>>)> {
    let (first, rest) = command.split_first()?;
    let shell = |line: String| vec!["CMD-SHELL".to_owned(), line];
    let is_operator = |word: &&String| {
        ["||", "&&", "|", ";", ">", ">>", "2>&1", ">/dev/null"].contains(&word.as_str())
    };
    match first.as_str() {
        "CMD-SHELL" if rest.is_empty() => Some(("`CMD-SHELL` without a line to run".to_owned(), None)),
        "CMD-SHELL" if rest.len() > 1 => Some((
            format!("`CMD-SHELL` runs one line, `{}`, and not the words behind it", rest[0]),
            Some(shell(rest.join(" "))),
        )),
        "CMD-SHELL" => None,
        "CMD" => match rest {
            [] => Some(("`CMD` without a program to run".to_owned(), None)),
            // A path of Windows may hold spaces.
            [line] if line.trim().contains(char::is_whitespace) && !line.contains('\\') => Some((
                format!("`CMD` looks for a program called `{}`", shown(line)),
                Some(shell(line.clone())),
            )),
            words => words.iter().find(is_operator).map(|operator| {
                (
                    format!(
                        "`CMD` runs a program without a shell, which gets `{operator}` as an argument"
                    ),
                    Some(shell(words.join(" "))),
                )
            }),
        },
        _ => Some((
            format!("the command begins with `{}`, not with `CMD` or `CMD-SHELL`", shown(first)),
            Some(if rest.is_empty() {
                shell(first.clone())
            } else {
                [vec!["CMD".to_owned()], command.to_vec()].concat()
            }),
        )),
    }
}

/// How much time the container had, and how much the task took.
fn timing(health: &ecs::HealthCheck, this: &Task) -> String {
    let interval = health.interval.unwrap_or(INTERVAL);
    let retries = health.retries.unwrap_or(RETRIES);
    let period = health.start_period.unwrap_or(0);
    let allowed = retries.saturating_mul(interval).saturating_add(period);
    let mut words = format!(
        "`{}` failed {retries} times in a row, {interval} s apart; without a success a container is \
         unhealthy after about {allowed} s, {}",
        shown(&line(health)),
        if period == 0 {
            "and `startPeriod` is not set".to_owned()
        } else {
            format!("{period} s of them `startPeriod`")
        }
    );
    let ran = this.started_at.and_then(|from| {
        let to = this.stopping_at.or(this.stopped_at)?;
        Some((to.0.as_second().saturating_sub(from.0.as_second()).max(0), task::span(from, to)))
    });
    if let Some((seconds, span)) = ran {
        let timeout = health.timeout.unwrap_or(TIMEOUT);
        // Each check may also take its time.
        let soon = retries.saturating_mul(interval.saturating_add(timeout));
        words += &if seconds <= soon.saturating_add(period).saturating_add(interval) {
            format!(
                "; the task ran {span}, so that it failed from the start: the program is not there, \
                 or the application needs longer"
            )
        } else {
            format!(
                "; the task ran {span}, so that it passed at first: the application stopped \
                 answering"
            )
        };
    }
    words
}

fn advice(name: &str, health: &ecs::HealthCheck) -> Vec<String> {
    let line = line(health);
    let uses =
        |program: &str| line.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| w == program);
    let mut steps = Vec::new();
    for program in ["curl", "wget", "nc"] {
        if uses(program) {
            steps.push(format!(
                "container `{name}`: see that its image has `{program}`, or use a program that it \
                 has"
            ));
        }
    }
    if health.start_period.unwrap_or(0) == 0 {
        steps.push(format!(
            "container `{name}`: set `startPeriod` to the seconds that the application needs to \
             start, at most 300"
        ));
    }
    steps
}

/// The command as one line.
fn line(health: &ecs::HealthCheck) -> String {
    let words = match health.command.split_first() {
        Some((first, rest)) if first == "CMD" || first == "CMD-SHELL" => rest,
        _ => &health.command,
    };
    words.join(" ")
}

fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::form;
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "ctr-health-check";

    fn checked<'w>(world: &'w mut World, command: &Value) -> &'w mut World {
        world
            .stopped("Task failed container health checks")
            .task("/stopCode", json!("ServiceSchedulerInitiated"))
            .task("/startedAt", json!("2026-11-20T10:00:30Z"))
            .task("/stoppingAt", json!("2026-11-20T10:02:00Z"))
            .container("/healthCheck", json!({"command": command}))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            checked(world, &json!(["CMD-SHELL", "curl -f http://localhost/ || exit 1"]));
        },
        passes: |world| {
            world.container("/healthCheck", json!({"command": ["CMD", "/app/healthy"]}));
        },
        unknown: |world| {
            checked(world, &json!(["CMD", "true"])).deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| {
            // The load balancer's checks, or another revision's: this one has none.
            checked(world, &json!([])).container("/healthCheck", json!(null));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: the health check of container `app` of `checkout:42` failed
          container `app`: `curl -f http://localhost/ || exit 1` failed 3 times in a row, 30 s apart; without a success a container is unhealthy after about 90 s, and `startPeriod` is not set; the task ran 90 s, so that it failed from the start: the program is not there, or the application needs longer
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          @ AWS::ECS::TaskDefinition checkout:42
          fix: run the command in the container, and see what it says
          - container `app`: see that its image has `curl`, or use a program that it has
          - container `app`: set `startPeriod` to the seconds that the application needs to start, at most 300
        ");
    }

    #[test]
    fn forms() {
        let form = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            form(&words)
        };
        for right in [
            &["CMD-SHELL", "curl -f http://localhost/ || exit 1"][..],
            &["CMD", "curl", "-f", "http://localhost/"],
            &["CMD", "/app/healthy"],
            &["CMD", r"C:\Program Files\app\healthy.exe"],
        ] {
            assert_eq!(form(right), None, "{right:?}");
        }
        for (wrong, fixed) in [
            (
                &["CMD", "curl -f http://localhost/"][..],
                "[\"CMD-SHELL\",\"curl -f http://localhost/\"]",
            ),
            (
                &["CMD", "curl", "-f", "x", "||", "exit", "1"],
                "[\"CMD-SHELL\",\"curl -f x || exit 1\"]",
            ),
            (&["CMD-SHELL", "curl", "-f", "x"], "[\"CMD-SHELL\",\"curl -f x\"]"),
            (&["curl -f x"], "[\"CMD-SHELL\",\"curl -f x\"]"),
            (&["curl", "-f", "x"], "[\"CMD\",\"curl\",\"-f\",\"x\"]"),
        ] {
            let fix = form(wrong).and_then(|form| form.right).unwrap();
            assert_eq!(json!(fix).to_string(), fixed, "{wrong:?}");
        }
        assert_eq!(form(&["CMD"]).unwrap().right, None);
    }

    #[test]
    fn a_form_that_cannot_pass_is_corrected_and_proved() {
        let mut world = World::default();
        let command = json!(["CMD", "curl -f http://localhost/ || exit 1"]);
        world.container("/healthCheck", json!({"command": command}));
        let outcome = world.outcome(ID);
        assert!(outcome.findings[0].summary.ends_with("cannot pass"), "{outcome:?}");
        assert!(world.verified(ID));
        // So it is where the check has failed.
        let mut world = World::default();
        assert!(checked(&mut world, &command).verified(ID));
    }

    #[test]
    fn how_long_it_ran_tells_whether_it_ever_passed() {
        let detail = |world: &World| world.outcome(ID).findings[0].detail.clone();
        let mut world = EXAMPLES.failing();
        assert!(detail(&world).contains("failed from the start"));
        world.task("/stoppingAt", json!("2026-11-20T10:20:00Z"));
        assert!(detail(&world).contains("it passed at first"));
    }

    #[test]
    fn the_container_that_is_unhealthy_is_the_one() {
        let mut world = EXAMPLES.failing();
        world
            .definition(
                "/containerDefinitions/-",
                json!({"name": "proxy", "healthCheck": {"command": ["CMD", "/ready"]}}),
            )
            .task("/containers/0/healthStatus", json!("HEALTHY"))
            .task("/containers/-", json!({"name": "proxy", "healthStatus": "UNHEALTHY"}));
        let summary = world.outcome(ID).findings[0].summary.clone();
        assert!(summary.contains("container `proxy`"), "{summary}");
    }

    #[test]
    fn a_check_that_is_switched_off_is_none() {
        let mut world = World::default();
        world.container("/healthCheck", json!({"command": ["NONE"]}));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
