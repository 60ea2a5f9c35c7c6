//! One record of the server's log as coloured lines.

use anstyle::{AnsiColor, Style};

use super::{Verbosity, requests};
use crate::logs::{Record, RecordKind};

/// The lines to print; none for what is not shown at this verbosity.
pub fn lines(record: &Record, verbosity: Verbosity, layout: requests::Layout) -> Vec<String> {
    let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
    let style = match record.kind {
        RecordKind::Application | RecordKind::Hook => Style::new(),
        RecordKind::Traceback | RecordKind::Error => color(AnsiColor::Red),
        RecordKind::Warning => color(AnsiColor::Yellow),
        RecordKind::Access | RecordKind::Info | RecordKind::Noise => Style::new().dimmed(),
        RecordKind::Requests => Style::new(),
        RecordKind::Start | RecordKind::Finding => return Vec::new(),
    };
    let least = match record.kind {
        RecordKind::Noise => Verbosity::Verbose,
        RecordKind::Traceback | RecordKind::Error => Verbosity::Quiet,
        _ => Verbosity::Normal,
    };
    if verbosity < least {
        return Vec::new();
    }
    let hint = color(AnsiColor::Cyan).bold();
    let mut lines = requests::lines(&record.requests, layout, verbosity);
    let own = record
        .lines
        .iter()
        .map(|line| if line.dim { (Style::new().dimmed(), line) } else { (style, line) })
        .map(|(style, line)| format!("{style}{line}{style:#}"));
    lines.extend(own);
    lines.extend(record.hint.iter().map(|words| format!("{hint}hint{hint:#}: {words}")));
    lines
}
