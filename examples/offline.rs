//! Diagnoses a task from saved answers.
//!
//! ```text
//! cargo run --example offline -- examples/snapshots/checkout
//! ```

use ecs_diag::{Diagnosis, sources::Snapshot};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("which folder holds the answers?")?;
    let snapshot = Snapshot::open(folder)?;
    let target = snapshot.target(None)?;
    let report = pollster::block_on(Diagnosis::new().run(&target, &snapshot))?;

    println!("{}", report.verdict.as_str());
    for cause in &report.root_causes {
        let finding = &report.findings[cause.finding];
        println!("{} ({}): {}", finding.check, cause.confidence.as_str(), finding.summary);
        if let Some(remedy) = &finding.remedy {
            let proved = if remedy.verified { "proved" } else { "not proved" };
            println!("  fix ({proved}): {}", remedy.summary);
        }
    }
    Ok(())
}
