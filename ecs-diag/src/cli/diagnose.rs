//! `diagnose`.

use super::{
    Connect, Failure, Io,
    args::{Common, Diagnose, Format, Named},
    checks, live,
};
use crate::{Diagnosis, Report, Verdict, render, sources::Snapshot};

pub(super) fn run(
    options: &Diagnose,
    common: &Common,
    connect: Option<&Connect<'_>>,
    io: &mut Io<'_>,
) -> Result<u8, Failure> {
    let diagnosis = checks::chosen(common)?;
    let report = if let Some(path) = &options.snapshot {
        let snapshot = Snapshot::open(path).map_err(|error| Failure::new(error.to_string()))?;
        snapshot.warnings().iter().for_each(|warning| io.warn(warning));
        offline(&diagnosis, &options.named, &snapshot)?
    } else {
        let named = (&options.named, &options.live);
        live::run(&diagnosis, named, common, connect, io)?.report
    };
    let text = match common.format {
        Format::Json => report.to_json() + "\n",
        Format::Markdown => render::markdown(&report),
        Format::Text => render::text(&report, &io.style(io.output_color, common.detail())),
    };
    io.write(text.as_bytes())?;
    Ok(u8::from(report.verdict != Verdict::Healthy))
}

fn offline(diagnosis: &Diagnosis, named: &Named, snapshot: &Snapshot) -> Result<Report, Failure> {
    let (task, service) = (named.task.as_deref(), named.service.as_deref());
    let target = snapshot.find(named.cluster.as_deref(), task, service).map_err(Failure::of)?;
    pollster::block_on(diagnosis.run(&target, snapshot)).map_err(Failure::of)
}
