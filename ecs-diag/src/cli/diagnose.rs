//! `diagnose`.

use super::{
    Failure, Io,
    args::{Common, Diagnose, Format},
    checks,
};
use crate::{DataSource, Target, Verdict, render, sources::Snapshot};

pub(super) fn run(
    options: &Diagnose,
    common: &Common,
    source: Option<&dyn DataSource>,
    io: &mut Io<'_>,
) -> Result<u8, Failure> {
    let diagnosis = checks::chosen(common)?;
    let snapshot = options.snapshot.as_ref().map(Snapshot::open).transpose();
    let snapshot = snapshot.map_err(|error| Failure::new(error.to_string()))?;
    for warning in snapshot.iter().flat_map(Snapshot::warnings) {
        io.warn(warning);
    }
    let (target, source): (Target, &dyn DataSource) = match (&snapshot, source) {
        (Some(snapshot), _) => {
            let (task, service) = (options.task.as_deref(), options.service.as_deref());
            let target = snapshot.find(options.cluster.as_deref(), task, service);
            (target.map_err(Failure::of)?, snapshot)
        }
        (None, Some(source)) => (named(options)?, source),
        (None, None) => {
            return Err(Failure::new(
                "live diagnosis needs the `live` feature, which this build lacks",
            )
            .hint("give saved answers instead: `--snapshot PATH`"));
        }
    };
    let report = pollster::block_on(diagnosis.run(&target, source)).map_err(Failure::of)?;
    let text = match common.format {
        Format::Json => report.to_json() + "\n",
        Format::Markdown => render::markdown(&report),
        Format::Text => render::text(&report, &io.style(io.output_color, common.detail())),
    };
    io.write(text.as_bytes())?;
    Ok(u8::from(report.verdict != Verdict::Healthy))
}

/// The target that the arguments name.
fn named(options: &Diagnose) -> Result<Target, Failure> {
    let cluster = options.cluster.as_deref();
    match (&options.task, &options.service) {
        (Some(task), _) => Ok(Target::task(cluster, task)),
        (_, Some(service)) => Ok(Target::service(cluster, service)),
        (None, None) => Err(Failure::new("nothing says what to diagnose")
            .hint("name a task (`--task ID|ARN`) or a service (`--service NAME|ARN`)")),
    }
}
