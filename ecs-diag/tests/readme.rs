//! The README shows what its commands print.
//!
//! `ECS_DIAG_BLESS=1` writes the outputs anew.

use std::{env, fs, path::Path, process::Command};

/// Runs a shell command in the repository's root, with `ecs-diag` on the path and nothing else of
/// the environment.
fn run(command: &str, root: &Path) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_ecs-diag"));
    let path = format!("{}:/usr/bin:/bin", binary.parent().unwrap().display());
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(root)
        .env_clear()
        .env("PATH", path)
        .output()
        .expect("a shell");
    let status = output.status.code();
    assert!(matches!(status, Some(0 | 1)), "`{command}` ends with {status:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn every_shown_output_is_what_the_command_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let readme = root.join("README.md");
    let text = fs::read_to_string(&readme).unwrap();
    let mut actual = String::new();
    let mut commands = 0;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        actual += &format!("{line}\n");
        if line != "```console" {
            continue;
        }
        let command = lines.next().expect("a command");
        actual += &format!("{command}\n");
        commands += 1;
        actual += &run(command.strip_prefix("$ ").expect("a prompt"), root);
        if !actual.ends_with('\n') {
            actual.push('\n');
        }
        // What was shown so far gives way to what is printed now.
        let end = lines.by_ref().find(|line| *line == "```");
        actual += &format!("{}\n", end.expect("an end"));
    }
    assert!(commands >= 3, "commands went missing");
    if env::var_os("ECS_DIAG_BLESS").is_some() {
        fs::write(readme, actual).unwrap();
    } else {
        assert_eq!(text, actual, "`make bless` writes the outputs anew");
    }
}
