//! What an answer is, and what was expected: a finding, once no secret is in it.

use super::outcome::Finding;
use super::redact::Redactor;
use super::text::{diff, excerpt, is_short, quoted, visible};

/// A difference between an answer and what was expected, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    text: String,
    expected: String,
    actual: String,
    below: Below,
}

/// What is shown below the text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Below {
    /// The text says it all.
    Nothing,
    Diff,
    /// What was got, around a part of it.
    Excerpt(Option<String>),
}

impl Mismatch {
    /// One that is said in a sentence.
    pub fn said(text: impl Into<String>, expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self { text: text.into(), expected: expected.into(), actual: actual.into(), below: Below::Nothing }
    }

    /// `SUBJECT is ACTUAL, not EXPECTED`, or a diff of them.
    pub fn not_equal(subject: &str, expected: &str, actual: &str) -> Self {
        if is_short(expected) && is_short(actual) {
            let text = format!("{subject} is {}, not {}", quoted(actual), quoted(expected));
            return Self::said(text, expected, actual);
        }
        Self { below: Below::Diff, ..Self::said(format!("{subject} is not as expected"), expected, actual) }
    }

    /// `SUBJECT PREDICATE`, with what it is.
    pub fn but_is(subject: &str, predicate: &str, expected: impl Into<String>, actual: &str, around: Option<&str>) -> Self {
        let text = format!("{subject} {predicate}");
        if actual.is_empty() {
            return Self::said(format!("{text}: it is empty"), expected, actual);
        }
        if is_short(actual) {
            return Self::said(format!("{text}: it is {}", quoted(actual)), expected, actual);
        }
        Self { below: Below::Excerpt(around.map(String::from)), ..Self::said(text, expected, actual) }
    }

    /// Without secrets, and short enough to be read.
    pub fn finding(&self, redactor: &Redactor) -> Finding {
        let clean = |text: &str| visible(&redactor.clean(text));
        let (expected, actual) = (clean(&self.expected), clean(&self.actual));
        let details = match &self.below {
            Below::Nothing => Vec::new(),
            Below::Diff => diff(&expected, &actual),
            Below::Excerpt(around) => excerpt(&actual, around.as_deref().map(clean).as_deref()),
        };
        let short = |text: String| if is_short(&text) { text } else { excerpt(&text, None).join("\n") };
        Finding {
            text: clean(&self.text).replace('\n', "\\n"),
            expected: Some(short(expected)),
            actual: Some(short(actual)),
            details,
            hint: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Secret;

    #[test]
    fn a_secret_is_not_cut_in_half_before_it_is_hidden() {
        let secret = "0123456789".repeat(4);
        let redactor = Redactor::new(&[Secret::new(secret.clone())]);
        for before in 0..200 {
            let body = format!("{}{secret}{}", "x".repeat(before), "y".repeat(200));
            for mismatch in
                [Mismatch::not_equal("the body", "a", &body), Mismatch::but_is("the body", "does not contain `a`", "a", &body, Some("yy"))]
            {
                assert!(!format!("{:?}", mismatch.finding(&redactor)).contains("0123"), "{before}");
            }
        }
    }
}
