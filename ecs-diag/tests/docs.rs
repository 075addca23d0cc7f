//! Pages that are made from the code.
//!
//! `ECS_DIAG_BLESS=1` writes them anew.

use std::{env, fs, path::Path};

use ecs_diag::sources::recognised_outputs;

fn snapshot_page() -> String {
    let mut page = "| operation | recognised by | like | also answered by | a missing object does not exist |\n\
        |---|---|---|---|---|\n"
        .to_owned();
    let code = |words: &[&str]| -> String {
        words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
    };
    for output in recognised_outputs() {
        let recognised =
            if output.recording_only() { "recording only".to_owned() } else { code(&output.keys) };
        page += &format!(
            "| `{}` `{}` | {recognised} | {} | {} | {} |\n",
            output.service,
            output.operation,
            code(output.like),
            output.also.unwrap_or(""),
            if output.proves_absence { "yes" } else { "" },
        );
    }
    page
}

#[test]
fn the_table_of_recognised_outputs_is_what_the_code_recognises() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/snapshot.md");
    if env::var_os("ECS_DIAG_BLESS").is_some() {
        fs::write(file, snapshot_page()).unwrap();
    } else {
        assert_eq!(fs::read_to_string(file).unwrap(), snapshot_page(), "run `make bless`");
    }
}
