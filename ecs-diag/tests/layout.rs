//! Files outside the crate that its manifest must list.

use std::{fs, path::Path};

#[test]
fn every_example_and_bench_is_built() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(here.join("Cargo.toml")).unwrap();
    for folder in ["examples", "benches"] {
        for entry in fs::read_dir(here.join("..").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let line =
                    format!("path = \"../{folder}/{}\"", path.file_name().unwrap().display());
                assert!(manifest.contains(&line), "{line} is not in the manifest");
            }
        }
    }
}
