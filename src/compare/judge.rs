//! What of two answers to a request differs, once what the first side answers differently anyhow is left out.

use std::collections::BTreeSet;

use super::causes::{self, Cause};
use super::ignore::Ignore;
use super::lines::{Line, of_body, without_origin};
use super::noise::{Baseline, Change, From, is_order};
use crate::plan;
use crate::requests::Redacted;
use crate::requests::body::{self, Nature};
use crate::requests::har::digest;
use crate::requests::model::{media_type, values};

/// Headers that say something about the moment, the connection or the request, or follow from what is compared by itself.
const VOLATILE: [&str; 19] = [
    "age",
    "cf-ray",
    "connection",
    "content-length",
    "content-md5",
    "date",
    "etag",
    "keep-alive",
    "last-modified",
    "nel",
    "report-to",
    "server-timing",
    "traceparent",
    "transfer-encoding",
    "x-amzn-trace-id",
    "x-correlation-id",
    "x-request-id",
    "x-response-time",
    "x-runtime",
];
/// Lines of one difference that are kept.
const MOST_LINES: usize = 20;
/// The same of a body below another status: it is another page.
const MOST_LINES_OF_ANOTHER_PAGE: usize = 6;
/// Characters of a line.
const WIDTH: usize = 160;

/// What came of a request.
#[derive(Debug)]
pub enum Got {
    Answer {
        answer: Box<Redacted>,
        /// Its body is longer than what is kept of it.
        cut: bool,
    },
    /// Why there is none.
    Nothing(String),
}

/// All answers to a request.
#[derive(Debug)]
pub struct Answers<'a> {
    pub first: &'a Got,
    /// Others of the first side: the same server's, and of one that was started beside it.
    pub again: Vec<&'a Got>,
    pub twin: Vec<&'a Got>,
    pub second: &'a Got,
}

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `answer`, `status`, `header location`, `cookie theme`, `body`
    pub what: String,
    /// `- first`, `+ second`
    pub lines: Vec<String>,
    /// The fields that differ where all of it is JSON: `$.items[*].price`
    pub paths: Vec<String>,
    pub cause: Option<Cause>,
}

impl Difference {
    fn new(what: impl Into<String>, first: &str, second: &str, cause: Option<Cause>) -> Self {
        Self { what: what.into(), lines: vec![format!("- {}", cut(first)), format!("+ {}", cut(second))], paths: Vec::new(), cause }
    }
}

struct Known<'a> {
    answer: &'a Redacted,
    cut: bool,
}

impl Got {
    fn known(&self) -> Option<Known<'_>> {
        match self {
            Self::Answer { answer, cut } => Some(Known { answer, cut: *cut }),
            Self::Nothing(_) => None,
        }
    }

    /// `200`, or why not.
    pub fn words(&self) -> String {
        match self {
            Self::Answer { answer, .. } => answer.status.map_or_else(|| "no status".into(), |status| status.to_string()),
            Self::Nothing(why) => format!("no answer: {why}"),
        }
    }
}

/// What differs. No answer on one side is always a difference.
/// `declared`: what `parity diff` says of the two.
pub fn differences(answers: &Answers<'_>, ignore: &Ignore, declared: &[plan::Difference]) -> Vec<Difference> {
    let (Some(first), Some(second)) = (answers.first.known(), answers.second.known()) else {
        let (first, second) = (answers.first.words(), answers.second.words());
        return vec![Difference::new("answer", &first, &second, Some(Cause::NoAnswer))];
    };
    let again = answers.again.iter().filter_map(|got| Some((got.known()?, From::Same)));
    let others: Vec<_> = again.chain(answers.twin.iter().filter_map(|got| Some((got.known()?, From::Twin)))).collect();
    let status = status(&first, &others, &second);
    let mut all = Vec::new();
    let is_another_page = status.is_some();
    all.extend(status);
    all.extend(headers(&first, &others, &second, ignore));
    // What belongs to no body.
    let has_body = first.answer.method != "HEAD" && !first.cut && !second.cut && !others.iter().any(|(other, _)| other.cut);
    if has_body {
        let most = if is_another_page { MOST_LINES_OF_ANOTHER_PAGE } else { MOST_LINES };
        all.extend(body_of(&first, &others, &second, (ignore, declared), most));
    }
    all
}

fn status(first: &Known<'_>, others: &[(Known<'_>, From)], second: &Known<'_>) -> Option<Difference> {
    let (one, other) = (first.answer.status, second.answer.status);
    let mut of_first = std::iter::once(one).chain(others.iter().map(|(known, _)| known.answer.status));
    if of_first.clone().any(|status| status == other) {
        return None;
    }
    let fails = |status: Option<u16>| status.is_none_or(|status| status >= 500);
    let is_noise = of_first.clone().any(|status| status != one);
    let fails_anew = fails(other) && !of_first.any(fails);
    if is_noise && !fails_anew {
        return None;
    }
    let text = |status: Option<u16>| status.map_or_else(|| "none".to_owned(), |status| status.to_string());
    let cause = causes::of_status(first.answer, second.answer).or_else(|| (fails(one) != fails(other)).then_some(Cause::Fails));
    Some(Difference::new("status", &text(one), &text(other), cause))
}

fn headers(first: &Known<'_>, others: &[(Known<'_>, From)], second: &Known<'_>, ignore: &Ignore) -> Vec<Difference> {
    let all = [first, second].into_iter().chain(others.iter().map(|(known, _)| known));
    let mut names: Vec<String> = all.flat_map(|known| parts(known.answer)).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    names.retain(|name| {
        let bare = name.split_once(' ').map_or(name.as_str(), |(_, bare)| bare);
        !VOLATILE.contains(&bare) && !ignore.has(bare)
    });
    let mut found = Vec::new();
    for name in names {
        let lines = |known: &Known<'_>| {
            let mut lines: Vec<Line> =
                parts(known.answer).into_iter().filter(|(known, _)| *known == name).map(|(_, value)| Line::plain(&value)).collect();
            lines.sort_by(|one, other| one.shown.cmp(&other.shown));
            lines
        };
        let here = lines(first);
        let is_set_once = name.starts_with("cookie ") && !here.is_empty();
        let mut baseline = Baseline::new(here.clone());
        for (known, from) in others {
            let other = lines(known);
            // A server sets a cookie, and no second time.
            if !(is_set_once && other.is_empty() && *from == From::Same) {
                baseline.learn(&other, *from);
            }
        }
        let there = lines(second);
        let changes = baseline.changes(&there);
        if changes.is_empty() {
            continue;
        }
        let text = |lines: &[Line]| {
            if lines.is_empty() { "(none)".to_owned() } else { lines.iter().map(|line| line.shown.as_str()).collect::<Vec<_>>().join(", ") }
        };
        let cause = causes::of_header(&name).or_else(|| cause_of(&changes));
        found.push(Difference::new(name, &text(&here), &text(&there), cause));
    }
    found
}

/// Headers and cookies by name, with what is compared of each.
fn parts(answer: &Redacted) -> Vec<(String, String)> {
    let mut names: Vec<String> = answer.response_headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort();
    names.dedup();
    let mut all = Vec::new();
    for name in names {
        for value in values(&answer.response_headers, &name) {
            match name.as_str() {
                "set-cookie" => all.push(cookie(value)),
                // What lists have in them, in any order, in one header or in several.
                "allow" | "vary" | "access-control-allow-headers" | "access-control-allow-methods" | "access-control-expose-headers" => {
                    let members = value.split(',').map(|member| member.trim().to_ascii_lowercase());
                    all.extend(members.map(|member| (format!("header {name}"), member)));
                }
                // A URL is the same one with the server's own address and without.
                "location" | "content-location" => all.push((format!("header {name}"), value.trim().replacen(&answer.origin, "", 1))),
                _ => all.push((format!("header {name}"), without_origin(value.trim(), &answer.origin))),
            }
        }
    }
    all
}

/// A cookie by its name, with its attributes. Its value is a session's, or may be.
fn cookie(set: &str) -> (String, String) {
    let name = set.split(['=', ';']).next().unwrap_or_default().trim();
    let mut attributes: Vec<&str> = set.split(';').skip(1).map(str::trim).filter(|part| !part.is_empty()).collect();
    attributes.sort_unstable();
    (format!("cookie {name}"), if attributes.is_empty() { "set".into() } else { attributes.join("; ") })
}

fn body_of(
    first: &Known<'_>,
    others: &[(Known<'_>, From)],
    second: &Known<'_>,
    (ignore, declared): (&Ignore, &[plan::Difference]),
    most: usize,
) -> Option<Difference> {
    let text = |known: &Known<'_>| {
        let content = known.answer.response_body.content.as_deref()?;
        let nature = Nature::of(&known.answer.response_headers);
        body::text(content).filter(|_| nature != Nature::Binary).map(|text| (text.to_owned(), nature))
    };
    let (Some((one, nature)), Some((other, nature_of_other))) = (text(first), text(second)) else {
        return binary(first, others, second);
    };
    // Of a page and a text the lines are compared.
    let common = |one: Nature, other: Nature| if one == other { one } else { Nature::Text };
    let nature = common(nature, nature_of_other);
    let lines = |known: &Known<'_>, text: &str| of_body(text, nature, &known.answer.origin, ignore);
    let mut baseline = Baseline::new(lines(first, &one));
    for (known, from) in others {
        if let Some((text, _)) = text(known) {
            baseline.learn(&lines(known, &text), *from);
        }
    }
    let there = lines(second, &other);
    let changes = baseline.changes(&there);
    if changes.is_empty() {
        return None;
    }
    let differing: Vec<&Line> = changes.iter().map(Change::line).collect();
    let cause = causes::of_pages(&one, &other).or_else(|| cause_of(&changes)).or_else(|| causes::declared(&differing, declared));
    let paths: Option<BTreeSet<&String>> = differing.iter().map(|line| line.place.as_ref()).collect();
    let paths = paths.unwrap_or_default().into_iter().cloned().collect();
    let mut told: Vec<String> = changes
        .iter()
        .map(|change| match change {
            Change::Gone(line) => format!("- {}", cut(&line.shown)),
            Change::Added(line) => format!("+ {}", cut(&line.shown)),
        })
        .collect();
    let more = told.len().saturating_sub(most);
    if more > 1 {
        told = shortened(told, most);
        told.push(format!("… {more} more lines"));
    }
    Some(Difference { what: "body".into(), lines: told, paths, cause })
}

/// So many lines, of both sides some.
fn shortened(lines: Vec<String>, most: usize) -> Vec<String> {
    let is_second = |line: &String| line.starts_with('+');
    if lines[..most].iter().any(is_second) || !lines.iter().any(is_second) {
        return lines.into_iter().take(most).collect();
    }
    let (second, first): (Vec<_>, Vec<_>) = lines.into_iter().partition(is_second);
    first.into_iter().take(most - most / 2).chain(second.into_iter().take(most / 2)).collect()
}

/// What is no text is the same or not.
fn binary(first: &Known<'_>, others: &[(Known<'_>, From)], second: &Known<'_>) -> Option<Difference> {
    let mark = |known: &Known<'_>| {
        let body = &known.answer.response_body;
        body.content.as_deref().map(digest).or_else(|| body.sha256.clone())
    };
    let (one, other) = (mark(first), mark(second));
    if one == other || others.iter().any(|(known, _)| mark(known) != one) {
        return None;
    }
    let about = |known: &Known<'_>, digest: Option<String>| {
        let kind = media_type(&known.answer.response_headers);
        let size = known.answer.response_body.content.as_ref().map_or(known.answer.response_body.size, |content| content.len() as u64);
        let kind = if kind.is_empty() { String::new() } else { format!(" of {kind}") };
        format!("{size} bytes{kind}, sha256 {}", digest.as_deref().and_then(|digest| digest.get(..12)).unwrap_or("unknown"))
    };
    Some(Difference::new("body", &about(first, one), &about(second, other), None))
}

/// What the lines themselves tell.
fn cause_of(changes: &[Change<'_>]) -> Option<Cause> {
    if is_order(changes) {
        return Some(Cause::Order);
    }
    let of = |gone: bool| {
        changes.iter().filter_map(move |change| match change {
            Change::Gone(line) => gone.then_some(&line.shape),
            Change::Added(line) => (!gone).then_some(&line.shape),
        })
    };
    let shift = of(true).zip(of(false)).find_map(|(one, other)| one.zone_shift(other));
    shift.map(Cause::Zone)
}

fn cut(text: &str) -> String {
    let cut: String = text.chars().take(WIDTH).collect();
    if cut.len() < text.len() { cut + "…" } else { cut }
}

#[cfg(test)]
mod tests;
