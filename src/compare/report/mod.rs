//! What a comparison came to, as people and programs read it.

mod html;
mod json;
mod junit;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::causes::{Group, groups};
use super::judge::Difference;
use super::side::Compared;
use crate::units::terminal;

/// A comparison.
#[derive(Debug)]
pub struct Comparison {
    /// What the two sides are: `production`, `ref:main`.
    pub first: String,
    pub second: String,
    pub requests: Vec<Compared>,
    pub took: Duration,
}

/// How many came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub equal: usize,
    pub differ: usize,
    pub skipped: usize,
}

/// A format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    Human,
    Json,
    Junit,
    Html,
}

impl ReportFormat {
    pub const NAMES: [(&'static str, Self); 4] =
        [("human", Self::Human), ("json", Self::Json), ("junit", Self::Junit), ("html", Self::Html)];

    /// The whole report.
    pub fn render(self, comparison: &Comparison) -> String {
        match self {
            Self::Human => {
                let mut text = String::new();
                for Block { verdict, line, below } in blocks(comparison, true) {
                    text += &format!("{} {}\n", verdict.sign(), terminal::text(&line));
                    below.iter().for_each(|line| text += &format!("    {}\n", terminal::text(line)));
                }
                text + &summary(comparison) + "\n"
            }
            Self::Json => json::render(comparison),
            Self::Junit => junit::render(comparison),
            Self::Html => html::render(comparison),
        }
    }
}

impl Comparison {
    pub fn count(&self) -> Count {
        let mut count = Count::default();
        for request in &self.requests {
            match request {
                _ if request.differs() => count.differ += 1,
                Compared { skipped: Some(_), .. } => count.skipped += 1,
                _ => count.equal += 1,
            }
        }
        count
    }

    /// All differences, each once.
    pub fn groups(&self) -> Vec<Group<'_>> {
        groups(self.requests.iter().map(|request| request.differences.as_slice()))
    }
}

/// How a request came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Equal,
    Differs,
    Skipped,
}

impl Verdict {
    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "✓",
            Self::Differs => "✗",
            Self::Skipped => "–",
        }
    }
}

/// A line, and what is told below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub verdict: Verdict,
    pub line: String,
    pub below: Vec<String>,
}

/// For people: a block for each request, and one for each difference that several have. `all`: also of those that are equal.
pub fn blocks(comparison: &Comparison, all: bool) -> Vec<Block> {
    let groups = comparison.groups();
    let common: Vec<&Group<'_>> = groups.iter().filter(|group| group.requests.len() > 1).collect();
    let mut blocks = Vec::new();
    for (at, request) in comparison.requests.iter().enumerate() {
        if !all && !request.differs() && request.skipped.is_none() && request.remark.is_none() {
            continue;
        }
        let verdict = match &request.skipped {
            _ if request.differs() => Verdict::Differs,
            Some(_) => Verdict::Skipped,
            None => Verdict::Equal,
        };
        let mut below = Vec::new();
        for difference in &request.differences {
            let of_several = common.iter().position(|group| group.requests.contains(&at) && is_of(group, difference));
            match of_several {
                Some(number) => below.push(format!("{} [{}]", difference.what, number + 1)),
                None => below.extend(told(difference)),
            }
        }
        below.extend(request.skipped.iter().map(|why| format!("skipped: {why}")));
        below.extend(request.remark.map(String::from));
        blocks.push(Block { verdict, line: format!("{}  {}", title(request), statuses(request)).trim_end().to_owned(), below });
    }
    for (number, group) in common.iter().enumerate() {
        let mut below: Vec<String> = group.difference.cause.iter().map(|cause| cause.words()).collect();
        if group.varies {
            let first = group.requests.first().and_then(|at| comparison.requests.get(*at)).map(title).unwrap_or_default();
            below.push(format!("in {first}:"));
        }
        below.extend(group.difference.lines.iter().cloned());
        blocks.push(Block {
            verdict: Verdict::Differs,
            line: format!("[{}] {} of {} requests", number + 1, named(group), group.requests.len()),
            below,
        });
    }
    blocks
}

/// What differs: a body by the fields that do, where those are what several have in common.
fn named(group: &Group<'_>) -> String {
    let Difference { what, paths, cause, .. } = group.difference;
    match paths.as_slice() {
        [] => what.clone(),
        _ if cause.is_some() => what.clone(),
        few if few.len() <= MOST_PATHS => format!("{what}, {}", few.join(", ")),
        many => format!("{what}, {} and {} more fields", many[..MOST_PATHS].join(", "), many.len() - MOST_PATHS),
    }
}

/// Fields that a line names.
const MOST_PATHS: usize = 3;

fn is_of(group: &Group<'_>, difference: &Difference) -> bool {
    let known = group.difference;
    known.what == difference.what
        && known.cause == difference.cause
        && (known.cause.is_some() || known.paths == difference.paths)
        && (group.varies || known.lines == difference.lines)
}

/// A difference with its cause and lines.
fn told(difference: &Difference) -> Vec<String> {
    let cause = difference.cause.as_ref().map(|cause| format!(": {}", cause.words())).unwrap_or_default();
    let lines = difference.lines.iter().map(|line| format!("  {line}"));
    std::iter::once(format!("{}{cause}", difference.what)).chain(lines).collect()
}

/// `#12 GET /polls/`
pub fn title(request: &Compared) -> String {
    let number = request.id.map(|id| format!("#{id} ")).unwrap_or_default();
    let name = request.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    format!("{number}{} {}{name}", request.method, request.target)
}

/// `200`, or `200 / 500`.
fn statuses(request: &Compared) -> String {
    if request.first == request.second { request.first.clone() } else { format!("{} / {}", request.first, request.second) }
}

/// `37 requests, 35 equal, 2 differ: production and up`
pub fn summary(comparison: &Comparison) -> String {
    let Count { equal, differ, skipped } = comparison.count();
    let all = equal + differ + skipped;
    let requests = if all == 1 { "request" } else { "requests" };
    let verb = if differ == 1 { "differs" } else { "differ" };
    let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
    format!("{all} {requests}, {equal} equal, {differ} {verb}{skipped}: {} and {}", comparison.first, comparison.second)
}
