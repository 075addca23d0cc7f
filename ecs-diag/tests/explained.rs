//! Failure texts and what they say: the same in every language.
//!
//! `ECS_DIAG_BLESS=1` writes the readings anew.

use std::{env, fs, path::Path};

use ecs_diag::signature;
use serde_json::{Value, json};

#[test]
fn texts_say_what_is_written() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explained.jsonl");
    let expected = fs::read_to_string(&file).unwrap();
    let actual: String = expected
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).expect("JSON");
            let text = line["text"].as_str().expect("a text");
            json!({"text": text, "reading": signature::read(text)}).to_string() + "\n"
        })
        .collect();
    if env::var_os("ECS_DIAG_BLESS").is_some() {
        fs::write(file, actual).unwrap();
    } else {
        assert_eq!(actual, expected);
    }
}
