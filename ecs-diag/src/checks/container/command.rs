use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::stops::{Definitions, Said, by_name, said};
use crate::{
    Phase,
    aws::ecs::{ContainerDefinition, Task, TaskDefinition},
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::Missing,
    finding::{Finding, Remedy, Severity},
};

check! {
    /// The command of every container can be executed
    ///
    /// # What it looks at
    /// `entryPoint` and `command` of every container, overrides included, and what the runtime said
    /// when it could not execute them: the program, the working directory or the user is not there,
    /// or the program may not or cannot be executed. Each word of the list is one argument: a whole
    /// command line in one word is the name of a program with spaces in it. Behind `sh -c` only one
    /// word is the script.
    ///
    /// # Why it matters
    /// The container is created, but not started: `exec: "npm start": executable file not found in
    /// $PATH`, `no such file or directory`, `permission denied`, `exec format error`.
    ///
    /// # How to fix it
    /// Write each argument as a word of its own, or run the line with `sh -c`. A script needs an
    /// interpreter that the image has in its first line, without a carriage return at its end, and
    /// the execute bit.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cannot-start-container.html>
    Command {
        id: "ctr-command",
        domain: "container",
        phase: Start,
        causes: [StartCommand],
        explains: [],
    }
}

/// Characters of a word that are shown.
const SHOWN: usize = 120;

/// A container that cannot be started as it is defined.
struct Fault<'d> {
    at: usize,
    container: &'d ContainerDefinition,
    /// The member at fault; `None` where the image gives the command.
    member: Option<&'static str>,
    severity: Severity,
    what: String,
    why: String,
    named: Option<String>,
    /// The right words of the member.
    fix: Option<Vec<String>>,
    advice: String,
}

impl Check for Command {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let this = cx.task()?;
        let told = match &this {
            Some(this) => said(cx, this, &["CSC-CMD", "CSC-EXECFMT"])?,
            None => vec![],
        };
        let task_definition = cx.definition()?;
        // A command that once ran can be executed.
        let started = cx.proven(Phase::Start)?;
        let containers = this.as_deref().map_or(HashMap::new(), by_name);
        let ran = |name: &str| {
            started || containers.get(name).is_some_and(|(_, c)| c.exit_code.is_some())
        };
        let mut faults: Vec<Fault<'_>> = Vec::new();
        let definitions = Definitions::of(&task_definition);
        for said in &told {
            faults.extend(refused(said, &definitions));
        }
        let refused: BTreeSet<usize> = faults.iter().map(|fault| fault.at).collect();
        for (at, container) in task_definition.container_definitions.iter().enumerate() {
            if !refused.contains(&at) && !ran(&container.name) {
                faults.extend(written_wrong(at, container));
            }
        }
        // What an override gives is not the task definition's fault.
        let overrides = this.as_deref().map_or(HashMap::new(), overriding);
        let (given, defined): (Vec<_>, Vec<_>) = faults.into_iter().partition(|fault| {
            fault.member == Some("command") && overrides.contains_key(fault.container.name.as_str())
        });
        if !given.is_empty() {
            report(cx, this.as_deref(), &task_definition, &given, &told, Some(&overrides))?;
        }
        if !defined.is_empty() {
            report(cx, this.as_deref(), &task_definition, &defined, &told, None)?;
        }
        Ok(())
    }
}

/// The places of overrides of commands, by container.
fn overriding(this: &Task) -> HashMap<&str, usize> {
    let overrides = this.overrides.container_overrides.iter().enumerate();
    overrides
        .filter(|(_, change)| change.command.is_some())
        .filter_map(|(at, change)| Some((change.name.as_deref()?, at)))
        .collect()
}

fn report(
    cx: &mut Cx<'_>,
    this: Option<&Task>,
    task_definition: &TaskDefinition,
    faults: &[Fault<'_>],
    told: &[Said<'_>],
    given: Option<&HashMap<&str, usize>>,
) -> Result<(), Missing> {
    let severity = faults.iter().map(|fault| fault.severity).max().unwrap_or(Severity::Warning);
    let what: Vec<_> = faults
        .iter()
        .map(|fault| format!("container `{}`: {}", fault.container.name, fault.what))
        .collect();
    let mut shown: Vec<&str> = Vec::new();
    for fault in faults {
        if !shown.contains(&fault.why.as_str()) {
            shown.push(&fault.why);
        }
    }
    let by = if given.is_some() {
        "the override given when the task was started".to_owned()
    } else {
        format!("`{}`", definition::name(task_definition))
    };
    let summary = format!("{by} has a command that cannot be run: {}", what.join("; "));
    let mut finding = Finding::of(severity, summary).detail(shown.join("; "));
    if let Some(this) = this.filter(|_| given.is_some()) {
        finding = finding.resource(task::resource(this));
    }
    finding = finding.resource(definition::resource(task_definition));
    for said in told {
        if let Some(this) = this {
            finding = finding.evidence(said.evidence(cx, this));
        }
    }
    let evident = faults.iter().all(|fault| fault.fix.is_some());
    let mut remedy = Remedy::new(if evident {
        "write each argument as a word of its own"
    } else {
        "correct the command, or the image"
    });
    for fault in faults {
        let name = &fault.container.name;
        if let Some(named) = &fault.named {
            finding = finding.named(named.as_str());
        }
        let pointer =
            fault.member.map(|member| format!("/containerDefinitions/{}/{member}", fault.at));
        if let Some(pointer) = &pointer {
            finding =
                finding.evidence(definition::evidence(cx, task_definition, pointer, value(fault))?);
        }
        let Some((fix, member)) = fault.fix.as_ref().zip(fault.member) else {
            remedy = remedy.step(format!("container `{name}`: {}", fault.advice));
            continue;
        };
        let place = given.and_then(|overrides| overrides.get(name.as_str()));
        remedy = if let Some((this, place)) = this.zip(place) {
            let remedy = remedy.step(format!(
                "start the task with `{}` as `command` of container `{name}`: the override outranks \
                 the task definition",
                json!(fix)
            ));
            if evident {
                let pointer = format!("/overrides/containerOverrides/{place}/command");
                remedy.edit(task::set(this, pointer, fix.clone()))
            } else {
                remedy
            }
        } else {
            let remedy =
                remedy.step(format!("container `{name}`: set `{member}` to `{}`", json!(fix)));
            match pointer.filter(|_| evident) {
                Some(pointer) => {
                    remedy.edit(definition::set(task_definition, &pointer, fix.clone()))
                }
                None => remedy,
            }
        };
    }
    let remedy =
        if given.is_some() { remedy } else { definition::deployed(cx, task_definition, remedy) };
    cx.report(finding.remedy(remedy));
    Ok(())
}

/// The member at fault as it stands.
fn value(fault: &Fault<'_>) -> Value {
    let container = fault.container;
    match fault.member {
        Some("entryPoint") => json!(container.entry_point),
        Some("command") => json!(container.command),
        Some("workingDirectory") => json!(container.working_directory),
        Some("user") => json!(container.user),
        _ => Value::Null,
    }
}

/// What the runtime said that it cannot execute, if it is still what the container is told to do.
fn refused<'d>(said: &Said<'_>, definitions: &Definitions<'d>) -> Option<Fault<'d>> {
    let text = said.text;
    let (at, container) = definitions.find(said.container_name())?;
    let entry = container.entry_point.as_deref().unwrap_or_default();
    let command = container.command.as_deref().unwrap_or_default();
    let fault = |member, what: String, why: &str, named: Option<&str>, advice: &str| Fault {
        at,
        container,
        member,
        severity: Severity::Blocker,
        what,
        why: why.to_owned(),
        named: named.map(str::to_owned),
        fix: None,
        advice: advice.to_owned(),
    };
    if let Some(user) = behind(text, "unable to find user ") {
        let user = user.split([':', ' ']).next().unwrap_or_default();
        let is_ours =
            container.user.as_deref().is_some_and(|own| own.split(':').next() == Some(user));
        return Some(fault(
            is_ours.then_some("user"),
            format!("its image has no user `{}`", shown(user)),
            "the runtime looks the user up in the image's `/etc/passwd`",
            Some(user),
            "name a user that the image has, or its number",
        ));
    }
    if text.contains("chdir to cwd") {
        let directory =
            quoted(text, "chdir to cwd (").or(container.working_directory.as_deref())?;
        let is_ours = container.working_directory.as_deref() == Some(directory);
        return Some(fault(
            is_ours.then_some("workingDirectory"),
            format!("its working directory `{}` is not in the image", shown(directory)),
            "the runtime changes to the directory before it executes the command",
            Some(directory),
            "name a directory that the image has",
        ));
    }
    let program = quoted(text, "exec: ").or_else(|| {
        // `exec /app/run.sh: exec format error`
        let rest = behind(text, "exec ")?;
        let word = rest.split(": ").next()?;
        (word.starts_with('/') || word.starts_with('.')).then_some(word)
    });
    let first_of_command = || command.first().filter(|_| entry.is_empty());
    let member = match program {
        Some(program) if entry.first().is_some_and(|word| word == program) => Some("entryPoint"),
        Some(program) if first_of_command().is_some_and(|word| word == program) => Some("command"),
        // An entry point of the image may pass the command on.
        Some(program) if command.first().is_some_and(|word| word == program) => Some("command"),
        // The task definition does not say it any more.
        Some(program)
            if program.contains(char::is_whitespace)
                && !(entry.is_empty() && command.is_empty()) =>
        {
            return None;
        }
        _ => None,
    };
    let of = if member.is_none() { ", which its image names," } else { "" };
    let called =
        program.map_or("its command".to_owned(), |program| format!("`{}`", shown(program)));
    let lower = text.to_ascii_lowercase();
    if lower.contains("exec format error") {
        let mut fault = fault(
            member,
            format!("{called}{of} is built for another processor, or a script without `#!`"),
            "the kernel does not know how to execute it",
            program,
            "build the image for the task's `cpuArchitecture`; begin a script with `#!` and its \
             interpreter",
        );
        fault.severity = Severity::Likely;
        return Some(fault);
    }
    if lower.contains("permission denied") {
        return Some(fault(
            member,
            format!("{called}{of} may not be executed"),
            "the file has no execute bit for the container's user, or is a directory",
            program,
            "set the execute bit in the image (`chmod +x`)",
        ));
    }
    let mut fault = fault(
        member,
        format!("{called}{of} is not in its image"),
        "no program of that name is there; a script whose interpreter is not there says the same, \
         also where its first line ends with a carriage return",
        program,
        "name a program that the image has; save scripts with line feeds only",
    );
    if let Some(words) = program.filter(|_| member.is_some()).and_then(split) {
        "the whole command line is one word: the runtime looks for a program of that name"
            .clone_into(&mut fault.why);
        fault.fix = Some(match member {
            Some("entryPoint") => [words, entry[1..].to_vec()].concat(),
            _ => [words, command[1..].to_vec()].concat(),
        });
    }
    Some(fault)
}

/// What cannot work as it is written.
fn written_wrong(at: usize, container: &ContainerDefinition) -> Option<Fault<'_>> {
    let entry = container.entry_point.as_deref().unwrap_or_default();
    let command = container.command.as_deref().unwrap_or_default();
    let (member, words) =
        if entry.is_empty() { ("command", command) } else { ("entryPoint", entry) };
    let first = words.first()?;
    if let Some(parts) = split(first) {
        let condition = if member == "command" {
            ", unless the entry point of the image is a shell that takes a line"
        } else {
            ""
        };
        return Some(Fault {
            at,
            container,
            member: Some(member),
            severity: Severity::Likely,
            what: format!("`{}` is one word of `{member}`", shown(first)),
            why: format!("the runtime looks for a program of that name{condition}"),
            named: Some(first.clone()),
            fix: Some([parts, words[1..].to_vec()].concat()),
            advice: String::new(),
        });
    }
    // `sh -c` takes one word; the others are the script's arguments.
    let all: Vec<&String> = entry.iter().chain(command).collect();
    let is_shell = ["sh", "bash", "ash", "dash"].contains(&first.rsplit('/').next()?);
    let script = all.get(2).filter(|_| is_shell && all[1].as_str() == "-c")?;
    // A script that uses its arguments was written for that.
    let plain = !script.contains('$') && !script.trim().contains(char::is_whitespace);
    if all.len() < 4 || !plain {
        return None;
    }
    let line = all[2..].iter().map(|word| word.as_str()).collect::<Vec<_>>().join(" ");
    let member = if entry.len() > 2 { "entryPoint" } else { "command" };
    let kept: Vec<String> = match member {
        "command" if entry.is_empty() => command[..2].to_vec(),
        _ => vec![],
    };
    Some(Fault {
        at,
        container,
        member: Some(member),
        severity: Severity::Warning,
        what: format!("`{} -c` gets `{}` as its whole script", shown(first), shown(script)),
        why: "the words behind it become the script's arguments, not the program's".to_owned(),
        named: None,
        fix: (member == "command").then(|| [kept, vec![line]].concat()),
        advice: "write the script as one word".to_owned(),
    })
}

/// A whole command line as words, if it is one: as a shell would split it, or for the shell where
/// it needs one.
fn split(word: &str) -> Option<Vec<String>> {
    // A path of Windows may hold spaces.
    if !word.trim().contains(char::is_whitespace) || word.contains('\\') {
        return None;
    }
    if word.contains(|c: char| "\"'`$|&;<>*?(){}[]~#".contains(c)) {
        return Some(["sh", "-c", word].map(str::to_owned).to_vec());
    }
    Some(word.split_whitespace().map(str::to_owned).collect())
}

/// What stands in quotes behind `words`.
fn quoted<'t>(text: &'t str, words: &str) -> Option<&'t str> {
    let rest = behind(text, words)?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest[1..].split_once(quote).map(|(inside, _)| inside)
}

fn behind<'t>(text: &'t str, words: &str) -> Option<&'t str> {
    text.split_once(words).map(|(_, rest)| rest)
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

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        finding::Severity,
        report::{Confidence, Verdict},
    };

    const ID: &str = "ctr-command";
    const REASON: &str = "CannotStartContainerError: Error response from daemon: failed to create \
        shim task: OCI runtime create failed: runc create failed: unable to start container process: \
        exec: \"npm start\": executable file not found in $PATH: unknown";

    fn command(world: &mut World, words: Value) -> &mut World {
        world.task("/containers/0/reason", json!(REASON)).container("/command", words)
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            command(world, json!(["npm start"]));
        },
        passes: |world| {
            world.container("/command", json!(["npm", "start"]));
        },
        unknown: |world| {
            command(world, json!(["npm start"])).deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| {
            // It is written as two words by now.
            command(world, json!(["npm", "start"]));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r#"
        blocker: `checkout:42` has a command that cannot be run: container `app`: `npm start` is not in its image
          the whole command line is one word: the runtime looks for a program of that name
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): write each argument as a word of its own
          - container `app`: set `command` to `["npm","start"]`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        "#);
    }

    #[test]
    fn words_of_their_own_are_proved() {
        let world = EXAMPLES.failing();
        assert!(world.verified(ID));
        let report = world.report();
        assert_eq!(report.verdict, Verdict::Explained);
        assert_eq!(report.root_causes[0].confidence, Confidence::Certain);
    }

    #[test]
    fn an_override_is_corrected_there() {
        let mut world = World::default();
        world.task("/containers/0/reason", json!(REASON)).task(
            "/overrides",
            json!({"containerOverrides": [{"name": "app", "command": ["npm start"]}]}),
        );
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings[0].resources[0].kind, "AWS::ECS::Task");
        assert!(world.verified(ID));
    }

    fn fault(reason: &str, pointer: &str, value: Value) -> (Severity, String) {
        let mut world = World::default();
        world.task("/containers/0/reason", json!(reason)).container(pointer, value);
        let outcome = world.outcome(ID);
        let finding = outcome.findings.first().unwrap_or_else(|| panic!("{reason}: {outcome:?}"));
        (finding.severity, finding.summary.clone())
    }

    #[test]
    fn what_the_runtime_says() {
        let runc = "CannotStartContainerError: failed to create shim task: OCI runtime create \
            failed: runc create failed: unable to start container process:";
        for (tail, pointer, value, severity, words) in [
            (
                "exec: \"/app/run.sh\": permission denied: unknown",
                "/entryPoint",
                json!(["/app/run.sh"]),
                Severity::Blocker,
                "`/app/run.sh` may not be executed",
            ),
            (
                "exec: \"/app/run.sh\": stat /app/run.sh: no such file or directory: unknown",
                "/command",
                json!(["/app/run.sh"]),
                Severity::Blocker,
                "`/app/run.sh` is not in its image",
            ),
            (
                "exec: \"serve\": executable file not found in $PATH: unknown",
                "/command",
                Value::Null,
                Severity::Blocker,
                "`serve`, which its image names, is not in its image",
            ),
            (
                "exec /app/run.sh: exec format error",
                "/command",
                json!(["/app/run.sh"]),
                Severity::Likely,
                "built for another processor",
            ),
            (
                "error during container init: exec: chdir to cwd (\"/srv\") set in config.json \
                 failed: no such file or directory: unknown",
                "/workingDirectory",
                json!("/srv"),
                Severity::Blocker,
                "its working directory `/srv`",
            ),
            (
                "unable to find user web: no matching entries in passwd file: unknown",
                "/user",
                json!("web:web"),
                Severity::Blocker,
                "no user `web`",
            ),
        ] {
            let (found, summary) = fault(&format!("{runc} {tail}"), pointer, value);
            assert_eq!(found, severity, "{tail}");
            assert!(summary.contains(words), "{tail}: {summary}");
        }
    }

    #[test]
    fn a_command_line_in_one_word_is_told_before_it_fails() {
        for (entry, command, severity) in [
            (Value::Null, json!(["npm start"]), Some(Severity::Likely)),
            (Value::Null, json!(["echo $HOME && sleep 5"]), Some(Severity::Likely)),
            (json!(["npm start"]), Value::Null, Some(Severity::Likely)),
            (json!(["sh", "-c"]), json!(["npm start"]), None),
            (json!(["/entry"]), json!(["serve --port 80"]), None),
            (Value::Null, json!(["sh", "-c", "npm start"]), None),
            (Value::Null, json!(["sh", "-c", "npm", "start"]), Some(Severity::Warning)),
            (json!(["/bin/sh", "-c"]), json!(["npm", "start"]), Some(Severity::Warning)),
            (Value::Null, json!(["sh", "-c", "exec \"$@\"", "--", "npm"]), None),
            (Value::Null, json!([r"C:\Program Files\app.exe"]), None),
            (Value::Null, json!([]), None),
        ] {
            let mut world = World::default();
            world.container("/entryPoint", entry.clone()).container("/command", command.clone());
            let outcome = world.outcome(ID);
            let found = outcome.findings.first().map(|finding| finding.severity);
            assert_eq!(found, severity, "{entry} {command}: {outcome:?}");
            assert!(found.is_none() || world.verified(ID), "{entry} {command}");
            // What ran could be executed.
            world.task("/startedAt", json!("2026-11-20T10:00:30Z"));
            assert_eq!(world.outcome(ID).status, Status::Passed);
        }
    }
}
