//! The text of a file, and failures that point into it.

use std::path::PathBuf;

use super::setting;
use crate::error::{Failure, Kind};
use crate::units::Origin;

/// A place in a file. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub line: usize,
    pub column: usize,
    /// How many characters are meant.
    pub width: usize,
}

/// A file that was read.
pub(super) struct Source {
    /// As shown: relative to the project where it is inside it.
    pub path: PathBuf,
    pub text: String,
}

/// How much of a long line is shown.
const SHOWN: usize = 100;

impl Source {
    pub fn origin(&self, spot: Spot) -> Origin {
        Origin::File { path: self.path.clone(), line: spot.line }
    }

    /// A failure at a place, with its line.
    pub fn failure(&self, spot: Spot, what: &str) -> Failure {
        self.failure_with(spot, what, self.line(spot.line).to_owned())
    }

    /// A failure at a place whose value is nobody's business.
    pub fn secret_failure(&self, spot: Spot, what: &str) -> Failure {
        self.failure_with(spot, what, without_value(self.line(spot.line)))
    }

    /// A failure at a name or value whose place in the document is not settled: it may belong to an `env:` above.
    pub fn doubtful_failure(&self, spot: Spot, what: &str) -> Failure {
        if self.in_doubt(spot) { self.secret_failure(spot, what) } else { self.failure(spot, what) }
    }

    /// A failure at a place where the parser lost its way, so that nobody can say what the line is.
    pub fn lost_failure(&self, spot: Spot, what: &str) -> Failure {
        if self.in_doubt(spot) { self.failure_with(spot, what, "…".to_owned()) } else { self.failure(spot, what) }
    }

    /// May the line be part of `env:`? From an `env:` on, every line may that is not plainly another setting.
    fn in_doubt(&self, spot: Spot) -> bool {
        let line = self.line(spot.line);
        let is_known = name_of(line).is_some_and(|name| setting::all().any(|setting| setting.key.rsplit('.').next() == Some(name)));
        self.text.lines().take(spot.line).any(mentions_env) && (!is_known || mentions_env(line))
    }

    fn failure_with(&self, spot: Spot, what: &str, line: String) -> Failure {
        Failure::new(Kind::BadFile, format!("{}:{}:{}: {what}", self.path.display(), spot.line, spot.column)).details(excerpt(spot, &line))
    }

    pub fn line(&self, number: usize) -> &str {
        self.text.lines().nth(number.saturating_sub(1)).unwrap_or_default()
    }
}

/// The line with its number, and carets below the place.
fn excerpt(spot: Spot, line: &str) -> [String; 2] {
    let skipped = spot.column.saturating_sub(SHOWN / 2 * 2 - 20);
    let skipped = if line.chars().count() <= SHOWN { 0 } else { skipped };
    // One column for each character, whatever a terminal would make of it.
    let shown: String = line.chars().skip(skipped).take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let length = shown.chars().count();
    let at = (spot.column - 1).saturating_sub(skipped).min(length);
    let width = spot.width.clamp(1, (length - at).max(1));
    let number = spot.line.to_string();
    let margin = " ".repeat(number.len());
    [format!("{number} | {shown}").trim_end().to_owned(), format!("{margin} | {}{}", " ".repeat(at), "^".repeat(width))]
}

/// `  SECRET: x` → `  SECRET: …`
fn without_value(line: &str) -> String {
    match line.find([':', '=']) {
        Some(at) if is_plain_name(line[..at].trim_start().trim_start_matches("- ")) => format!("{} …", &line[..=at]),
        _ => format!("{}…", &line[..line.len() - line.trim_start().len()]),
    }
}

fn is_plain_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

/// The key of a line `key: …`.
fn name_of(line: &str) -> Option<&str> {
    line.split_once(':').map(|(name, _)| name.trim()).filter(|name| is_plain_name(name))
}

fn mentions_env(line: &str) -> bool {
    line.match_indices("env").any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + 3..].trim_start_matches(['"', '\'']).trim_start();
        before.is_none_or(|c| " \t{,\"'?".contains(c)) && after.starts_with(':')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { path: "parity.yaml".into(), text: text.into() }
    }

    #[test]
    fn points_at_the_place() {
        let failure = source("a: 1\n\tb: 2").failure(Spot { line: 2, column: 2, width: 1 }, "what");
        assert_eq!(failure.message, "parity.yaml:2:2: what");
        assert_eq!(failure.details, ["2 |  b: 2", "  |  ^"]);
    }

    #[test]
    fn shows_a_window_of_a_long_line() {
        let text = format!("{}X{}", "a".repeat(5000), "b".repeat(5000));
        let failure = source(&text).failure(Spot { line: 1, column: 5001, width: 1 }, "what");
        let [line, carets] = &failure.details[..] else { panic!("two lines") };
        assert_eq!(line.find('X'), carets.find('^'));
        assert!(line.len() < 120);
    }

    #[test]
    fn a_place_outside_the_text_is_no_trouble() {
        for spot in [Spot { line: 9, column: 9, width: 9 }, Spot { line: 1, column: 900, width: 2 }] {
            assert_eq!(source("a").failure(spot, "what").details.len(), 2);
        }
    }

    #[test]
    fn hides_what_may_be_a_secret() {
        assert_eq!(without_value("  KEY: hush"), "  KEY: …");
        assert_eq!(without_value("  - KEY=hush"), "  - KEY= …");
        assert_eq!(without_value("  hush hush: hush"), "  …");
        for (text, line) in
            [("env:\n  KEY: \"hush\n hush: x\n", 3), ("{env: {KEY: hush, }", 1), ("env:\n  - hush\n", 2), ("\"env\": [hush\n", 1)]
        {
            let shown = format!("{:?}", source(text).lost_failure(Spot { line, column: 1, width: 1 }, ""));
            assert!(!shown.contains("hush"), "{shown}");
        }
        let shown = source("env:\n  A: b\nprocesses: [\n").lost_failure(Spot { line: 3, column: 1, width: 1 }, "").details;
        assert_eq!(shown[0], "3 | processes: [");
    }
}
