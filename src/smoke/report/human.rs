//! For people: one line a check, and below a failing one all that is known about it.

use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::{place, record_lines};
use crate::smoke::outcome::{Image, Outcome, Status, Suite, What};
use crate::smoke::text::{count, visible};

/// The lines of an outcome, coloured. No line begins with what a text of the server's says: a CI system must not take it
/// for a command.
pub fn lines(outcome: &Outcome) -> Vec<String> {
    let color = |color: AnsiColor| Style::new().bold().fg_color(Some(color.into()));
    let dim = Style::new().dimmed();
    let (sign, style, remark) = match &outcome.status {
        Status::Passed => ("✓", color(AnsiColor::Green), duration(outcome.took)),
        Status::Failed => ("✗", color(AnsiColor::Red), duration(outcome.took)),
        Status::Skipped(reason) => ("–", color(AnsiColor::Yellow), format!("skipped: {}", one_line(reason))),
    };
    let kind = match outcome.what {
        What::Check => "",
        What::Probe => "probe ",
        What::Tests => "tests ",
    };
    let name = one_line(&outcome.name);
    let mut lines = vec![format!("{style}{sign}{style:#} {kind}{name} {dim}({remark}){dim:#}")];
    if outcome.has_failed() {
        let place = place(outcome).map(|place| format!("  {dim}{place}{dim:#}")).unwrap_or_default();
        let answer = outcome.answer.as_ref().map(|answer| format!(" → {answer}")).unwrap_or_default();
        if let Some(request) = &outcome.request {
            lines.push(format!("    {}{place}", one_line(&format!("{request}{answer}"))));
        } else if !place.is_empty() {
            lines.push(format!("    {}", place.trim_start()));
        }
    }
    if let Some(id) = outcome.recorded {
        lines.push(format!("    recorded as {id}: `parity requests show {id}`"));
    }
    for finding in &outcome.findings {
        lines.push(format!("    ! {}", one_line(&finding.text)));
        for line in finding.details.iter().flat_map(|text| text.lines()) {
            let style = match line.chars().next() {
                Some('-') => Style::new().fg_color(Some(AnsiColor::Green.into())),
                Some('+') => Style::new().fg_color(Some(AnsiColor::Red.into())),
                _ => dim,
            };
            lines.push(format!("    │ {style}{}{style:#}", visible(line)));
        }
        let cyan = color(AnsiColor::Cyan);
        lines.extend(finding.hint.iter().map(|hint| format!("    {cyan}hint{cyan:#}: {}", one_line(hint))));
    }
    let log: Vec<String> = outcome.log.iter().flat_map(record_lines).collect();
    if !log.is_empty() {
        lines.push(format!("    {dim}the server's log:{dim:#}"));
    }
    lines.extend(log.iter().flat_map(|text| text.lines()).map(|line| format!("    {dim}│ {line}{dim:#}")));
    lines
}

fn one_line(text: &str) -> String {
    visible(text).replace('\n', " ")
}

/// `image sha256:…: registry.example.com/team/app@sha256:…`
pub fn image(image: &Image) -> String {
    let known = if image.digests.is_empty() { &image.names } else { &image.digests };
    let known = if known.is_empty() { String::new() } else { format!(": {}", known.join(", ")) };
    visible(&format!("image {}{known}", image.id))
}

/// `3 passed, 1 failed, 2 skipped in 420 ms`, and the image.
pub fn summary(suite: &Suite) -> String {
    let count = suite.count();
    let mut parts = vec![format!("{} passed", count.passed)];
    if count.failed > 0 {
        parts.push(format!("{} failed", count.failed));
    }
    if count.skipped > 0 {
        parts.push(format!("{} skipped", count.skipped));
    }
    let color = if count.failed > 0 { AnsiColor::Red } else { AnsiColor::Green };
    let style = Style::new().bold().fg_color(Some(color.into()));
    let image = suite.image.as_ref().map(|tested| format!("\n{}", image(tested))).unwrap_or_default();
    let recorded = suite.recorded.map(|recorded| format!("\n{} recorded", count_of(recorded))).unwrap_or_default();
    format!("{style}{}{style:#} in {} ({}){image}{recorded}", parts.join(", "), duration(suite.took), visible(&suite.url))
}

fn count_of(recorded: u64) -> String {
    count(usize::try_from(recorded).unwrap_or(usize::MAX), "request", "requests")
}

fn duration(took: Duration) -> String {
    match took.as_millis() {
        millis @ 0..10_000 => format!("{millis} ms"),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}
