//! The examples do what they say.

use std::{path::Path, process::Command};

/// Runs an example that cargo has built beside this test.
fn example(name: &str, args: &[&str]) -> String {
    let here = std::env::current_exe().expect("this test");
    let examples = here.ancestors().nth(2).expect("the profile's folder").join("examples");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
    let output = Command::new(examples.join(name))
        .args(args)
        .current_dir(root)
        .env_clear()
        .output()
        .unwrap_or_else(|error| panic!("`{name}` does not run: {error}"));
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn offline_finds_the_cause_in_the_bundled_snapshot() {
    let shown = example("offline", &["examples/snapshots/checkout"]);
    assert!(shown.contains("sec-asm-recreated-suffix"), "{shown}");
    assert!(shown.contains("proved"), "{shown}");
}

#[test]
fn custom_check_reports_what_the_check_found() {
    assert_eq!(
        example("custom_check", &[]),
        "warning: container `proxy` runs `nginx:1.29`\n  \
         images from elsewhere are not scanned, and may be gone tomorrow\n"
    );
}
