//! The report for a terminal.

use serde_json::Value;

use super::{
    Detail, ITEMS, Ink, NAME, NOT_SHOWN, Open, Paper, SENTENCE, SYMPTOM, Style, VALUE, broken,
    changed_after_failure, checks, explained, failure, headlines, is_showable, names_command,
    open_calls, others, paper::FIELD, passed, shorten, target, with_status,
};
use crate::{
    check::Status,
    finding::{Evidence, Finding, Remedy, Severity},
    report::{Report, RootCause, Verdict},
};

/// The report as text: the answer first, then what to do, then what it rests on.
pub fn text(report: &Report, style: &Style) -> String {
    let mut page = Page { paper: Paper::new(style), detail: style.detail };
    page.headlines(report);
    if style.detail > Detail::Brief {
        page.target(report);
        for (index, cause) in report.root_causes.iter().enumerate() {
            page.cause(report, cause, index);
        }
        page.others(report);
        page.ruled_out(report);
        page.unknown(report);
        page.assumptions(report);
    }
    page.paper.finish()
}

struct Page {
    paper: Paper,
    detail: Detail,
}

impl Page {
    /// `text`, shortened to `most` characters unless everything is to be shown.
    fn short<'t>(&self, text: &'t str, most: usize) -> std::borrow::Cow<'t, str> {
        if self.detail == Detail::Full { text.into() } else { shorten(text, most) }
    }

    /// How many of `items` are shown.
    fn shown(&self, items: usize) -> usize {
        if self.detail == Detail::Full { items } else { items.min(ITEMS) }
    }

    fn rest(&mut self, indent: usize, left: usize, what: &str) {
        if left > 0 {
            self.paper.words(indent, indent, &[(Ink::Dim, &format!("… and {left} more{what}"))]);
        }
    }

    fn heading(&mut self, title: &str, rest: &str) {
        self.paper.gap();
        self.paper.words(0, 2, &[(Ink::Bold, title), (Ink::Plain, rest)]);
    }

    fn headlines(&mut self, report: &Report) {
        let ink = match report.verdict {
            Verdict::Explained => Ink::Red,
            Verdict::Healthy => Ink::Green,
            _ => Ink::Yellow,
        };
        let verdict = format!("{}:", report.verdict.as_str());
        let lines = headlines(report);
        if self.detail == Detail::Brief {
            for line in lines {
                let line = self.short(&line, SENTENCE).into_owned();
                self.paper.whole(0, &[(ink, &verdict), (Ink::Plain, " "), (Ink::Bold, &line)]);
            }
            return;
        }
        let line = self.short(&lines[0], SENTENCE).into_owned();
        self.paper.words(0, 2, &[(ink, &verdict), (Ink::Bold, &line)]);
    }

    fn target(&mut self, report: &Report) {
        let (kind, names) = target(report, str::to_owned);
        if names.is_empty() && report.symptom.is_none() {
            return;
        }
        self.paper.gap();
        if !names.is_empty() {
            self.paper.field(kind, Ink::Dim, &self.short(&names, NAME));
        }
        if let Some(arn) = &report.target.task {
            self.paper.field("", Ink::Dim, &self.short(arn, NAME));
        }
        if report.target.task.is_none() {
            let place = [&report.target.region, &report.target.account].map(Option::as_deref);
            let place: Vec<_> = place.into_iter().flatten().collect();
            if !place.is_empty() {
                self.paper.field("in", Ink::Dim, &self.short(&place.join(", "), NAME));
            }
        }
        if let (Some(symptom), Some(failure)) = (&report.symptom, failure(report, str::to_owned)) {
            let label = if symptom.reading.benign { "stopped" } else { "failed" };
            self.paper.field(label, Ink::Dim, &self.short(&failure, NAME));
            let text = self.short(&symptom.text, SYMPTOM).into_owned();
            self.paper.quote(FIELD, &text);
            if self.detail == Detail::Full {
                self.paper.field("from", Ink::Dim, &symptom.place.to_string());
                for (index, cause) in symptom.reading.causes.iter().enumerate() {
                    self.paper.field(
                        if index == 0 { "may be" } else { "" },
                        Ink::Dim,
                        cause.as_str(),
                    );
                }
                for (index, (name, value)) in symptom.reading.parameters.iter().enumerate() {
                    let label = if index == 0 { "says" } else { "" };
                    self.paper.field(label, Ink::Dim, &format!("{name}: {value}"));
                }
            }
        }
        if self.detail == Detail::Full {
            let network = &report.network;
            let public = match network.assign_public_ip {
                Some(true) => ", public address",
                Some(false) => ", no public address",
                None => "",
            };
            let ids: Vec<_> = network
                .subnets
                .iter()
                .chain(&network.security_groups)
                .map(String::as_str)
                .collect();
            if !ids.is_empty() {
                self.paper.field("network", Ink::Dim, &format!("{}{public}", ids.join(", ")));
            }
        }
    }

    fn cause(&mut self, report: &Report, cause: &RootCause, index: usize) {
        let Some(finding) = report.findings.get(cause.finding) else { return };
        let many = report.root_causes.len();
        let confidence = cause.confidence.as_str();
        if index >= self.shown(many) {
            if index == self.shown(many) {
                self.rest(0, many - index, " possible causes");
            }
            return;
        }
        if many == 1 {
            self.heading("cause", &format!("({confidence}: {})", cause.because));
        } else {
            let summary = self.short(&finding.summary, SENTENCE).into_owned();
            let title = format!("cause {} of {many}, {confidence}:", index + 1);
            self.heading(&title, &summary);
            self.paper.field("because", Ink::Dim, &cause.because);
        }
        self.object(finding);
        if !finding.detail.is_empty() {
            self.paper.field("why", Ink::Dim, &self.short(&finding.detail, SENTENCE));
        }
        if changed_after_failure(report, cause.finding) {
            self.paper.field("changed", Ink::Yellow, "after this failure");
        }
        self.evidence(finding);
        let also = explained(report, cause);
        for (index, other) in also.iter().take(self.shown(also.len())).enumerate() {
            let label = if index == 0 { "explains" } else { "" };
            let summary = format!("{} [{}]", other.summary, other.check);
            self.paper.field(label, Ink::Dim, &self.short(&summary, SENTENCE));
        }
        self.rest(FIELD, also.len() - self.shown(also.len()), "");
        self.paper.field("check", Ink::Dim, &finding.check);
        if let Some(remedy) = &finding.remedy {
            self.paper.gap();
            self.remedy(remedy, 0, true);
        }
    }

    fn object(&mut self, finding: &Finding) {
        let resources = &finding.resources;
        for (index, resource) in resources.iter().take(self.shown(resources.len())).enumerate() {
            let label = match index {
                0 => "object",
                1 => "with",
                _ => "",
            };
            let name = format!("{} {}", resource.kind, resource.id);
            self.paper.field(label, Ink::Dim, &self.short(&name, NAME));
            if let Some(arn) = resource.arn.as_ref().filter(|arn| **arn != resource.id) {
                self.paper.field("", Ink::Dim, &self.short(arn, NAME));
            }
        }
        self.rest(FIELD, resources.len() - self.shown(resources.len()), " objects");
    }

    fn evidence(&mut self, finding: &Finding) {
        let all = &finding.evidence;
        for (index, evidence) in all.iter().take(self.shown(all.len())).enumerate() {
            let label = if index == 0 { "seen in" } else { "" };
            self.paper.field(label, Ink::Dim, &self.seen(evidence));
        }
        self.rest(FIELD, all.len() - self.shown(all.len()), " places");
    }

    fn seen(&self, evidence: &Evidence) -> String {
        let Evidence { query, object, pointer, value } = evidence;
        let mut out = query.name();
        if self.detail == Detail::Full {
            out += &format!(" {}", query.input_json());
            if let Some(region) = &query.region {
                out += &format!(" in {region}");
            }
        }
        out += &format!(" {}", self.short(pointer, NAME));
        if let Some(object) = object {
            out += &format!(" of {}", self.short(object, NAME));
        }
        out + &match value {
            Value::Null => ": not there".to_owned(),
            value => format!(": {}", self.short(&value.to_string(), VALUE)),
        }
    }

    fn remedy(&mut self, remedy: &Remedy, indent: usize, commands: bool) {
        let inner = indent + 2;
        let summary = self.short(&remedy.summary, SENTENCE).into_owned();
        self.paper.words(indent, inner, &[(Ink::Green, "fix:"), (Ink::Plain, &summary)]);
        for (index, step) in remedy.steps.iter().take(self.shown(remedy.steps.len())).enumerate() {
            let number = format!("{}.", index + 1);
            let step = self.short(step, SENTENCE).into_owned();
            let hang = inner + number.len() + 1;
            self.paper.words(inner, hang, &[(Ink::Plain, &number), (Ink::Plain, &step)]);
        }
        self.rest(inner, remedy.steps.len() - self.shown(remedy.steps.len()), " steps");
        if commands {
            for command in remedy.commands.iter().take(self.shown(remedy.commands.len())) {
                if is_showable(command) {
                    self.paper.whole(inner, &[(Ink::Dim, "$ "), (Ink::Cyan, command)]);
                } else {
                    self.paper.words(inner, inner, &[(Ink::Dim, NOT_SHOWN)]);
                }
            }
            let left = remedy.commands.len() - self.shown(remedy.commands.len());
            self.rest(inner, left, " commands");
        }
        if remedy.verified {
            let proved = "with this change the checks pass";
            self.paper.words(inner, inner, &[(Ink::Green, "proved:"), (Ink::Plain, proved)]);
        }
    }

    fn others(&mut self, report: &Report) {
        let others = others(report);
        if others.is_empty() {
            return;
        }
        let title = if report.root_causes.is_empty() { "found" } else { "also found" };
        self.heading(title, "");
        for (finding, changed) in others.iter().take(self.shown(others.len())) {
            self.other(finding, *changed);
        }
        self.rest(2, others.len() - self.shown(others.len()), "");
    }

    fn other(&mut self, finding: &Finding, changed: bool) {
        let ink = match finding.severity {
            Severity::Blocker => Ink::Red,
            Severity::Likely | Severity::Warning => Ink::Yellow,
            Severity::Info => Ink::Cyan,
        };
        let severity = format!("{}:", finding.severity);
        let summary = self.short(&finding.summary, SENTENCE).into_owned();
        let check = format!("[{}]", finding.check);
        self.paper.words(2, 4, &[(ink, &severity), (Ink::Plain, &summary), (Ink::Dim, &check)]);
        if !finding.detail.is_empty() {
            let detail = self.short(&finding.detail, SENTENCE).into_owned();
            self.paper.words(4, 4, &[(Ink::Plain, &detail)]);
        }
        if changed {
            self.paper.words(4, 4, &[(Ink::Yellow, "changed after this failure")]);
        }
        if self.detail == Detail::Full {
            for resource in &finding.resources {
                let arn = resource.arn.as_deref().unwrap_or_default();
                let name = format!("at {} {} {arn}", resource.kind, resource.id);
                self.paper.words(4, 6, &[(Ink::Dim, &name)]);
            }
            for evidence in &finding.evidence {
                let seen = format!("seen in {}", self.seen(evidence));
                self.paper.words(4, 6, &[(Ink::Dim, &seen)]);
            }
        }
        if let Some(remedy) = &finding.remedy {
            let commands = self.detail == Detail::Full || finding.severity >= Severity::Likely;
            self.remedy(remedy, 4, commands);
        }
    }

    fn unknown(&mut self, report: &Report) {
        let calls = open_calls(report);
        let unknown = with_status(report, Status::Unknown).count();
        if unknown == 0 {
            return;
        }
        self.heading("could not be known:", &checks(unknown));
        for Open { query, error, checks } in calls.iter().take(self.shown(calls.len())) {
            let mut call = vec![(Ink::Bold, query.name())];
            if self.detail == Detail::Full || !names_command(error) {
                call.push((Ink::Plain, self.short(query.input_json(), VALUE).into_owned()));
                let region = query.region.iter().map(|region| format!("in {region}"));
                call.extend(region.map(|region| (Ink::Plain, region)));
            }
            let call: Vec<_> = call.iter().map(|(ink, text)| (*ink, text.as_str())).collect();
            self.paper.words(2, 4, &call);
            let error = self.short(error, SENTENCE).into_owned();
            self.paper.words(4, 4, &[(Ink::Plain, &error)]);
            let settles = self.names(checks);
            self.paper.words(4, 6, &[(Ink::Dim, "would settle"), (Ink::Dim, &settles)]);
        }
        self.rest(2, calls.len() - self.shown(calls.len()), " calls");
        for (check, why) in broken(report) {
            let why = self.short(why, SENTENCE).into_owned();
            self.paper.words(
                2,
                4,
                &[(Ink::Bold, &format!("{}:", check.check)), (Ink::Plain, &why)],
            );
        }
    }

    fn names(&self, names: &[&str]) -> String {
        let shown = self.shown(names.len());
        let more = match names.len() - shown {
            0 => String::new(),
            left => format!(" and {left} more"),
        };
        format!("{}{more}", names[..shown].join(", "))
    }

    fn ruled_out(&mut self, report: &Report) {
        let passed_checks = with_status(report, Status::Passed).count();
        if passed_checks > 0 {
            self.heading("ruled out:", &format!("{} passed", checks(passed_checks)));
            if self.detail == Detail::Full {
                self.titles(report, Status::Passed);
            } else {
                for (phase, names) in passed(report) {
                    self.paper.field(phase.as_str(), Ink::Dim, &names.join(", "));
                }
            }
        }
        let not_applicable = with_status(report, Status::NotApplicable).count();
        if self.detail == Detail::Full && not_applicable > 0 {
            self.heading("not applicable:", &checks(not_applicable));
            self.titles(report, Status::NotApplicable);
        }
    }

    /// Checks with what they ask, or why they do not.
    fn titles(&mut self, report: &Report, status: Status) {
        for check in with_status(report, status) {
            let said = check.reason.as_deref().unwrap_or(&check.title);
            let name = format!("{}:", check.check);
            let phase = format!("({})", check.phase);
            self.paper.words(2, 4, &[(Ink::Bold, &name), (Ink::Plain, said), (Ink::Dim, &phase)]);
        }
    }

    fn assumptions(&mut self, report: &Report) {
        let all = &report.assumptions;
        if all.is_empty() {
            return;
        }
        self.heading("assumed:", "");
        for assumption in all.iter().take(self.shown(all.len())) {
            let assumption = self.short(assumption, SENTENCE).into_owned();
            self.paper.words(2, 4, &[(Ink::Plain, "-"), (Ink::Plain, &assumption)]);
        }
        self.rest(2, all.len() - self.shown(all.len()), "");
    }
}
