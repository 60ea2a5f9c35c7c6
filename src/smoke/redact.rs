//! Keeps secret values out of reports.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::outcome::{Finding, Outcome, Status};
use crate::logs::Record;
use crate::units::Secret;

/// Shorter values are words that are everywhere.
const SHORTEST: usize = 4;
/// Lines of a value that has several, such as a key, are looked for by themselves.
const SHORTEST_LINE: usize = 8;
const STARS: &str = "***";

/// `user:password@` in a URL.
static PASSWORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(://[^\s/:@?#]*):[^\s/@]+@").ok());

/// The values that are not shown.
#[derive(Clone, Default)]
pub struct Redactor {
    /// In all the ways that they may be written, the longest first.
    values: Vec<String>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut values = Vec::new();
        for value in secrets.into_iter().map(Secret::expose) {
            let lines = value.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE && line.len() < value.len());
            for text in lines.chain([value]).filter(|text| text.chars().count() >= SHORTEST && !text.trim().is_empty()) {
                values.extend(ways(text));
            }
        }
        values.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        values.dedup();
        Self { values }
    }

    /// The text without the values.
    pub fn clean(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        for value in &self.values {
            if text.contains(value.as_str()) {
                text = Cow::Owned(text.replace(value.as_str(), STARS));
            }
        }
        match &*PASSWORD {
            Some(password) if text.contains("://") => password.replace_all(&text, format!("$1:{STARS}@")).into_owned(),
            _ => text.into_owned(),
        }
    }

    pub fn record(&self, mut record: Record) -> Record {
        for line in &mut record.lines {
            line.text = self.clean(&line.text);
        }
        record.hint = record.hint.map(|hint| self.clean(&hint));
        record
    }

    pub fn finding(&self, finding: Finding) -> Finding {
        let clean = |text: &String| self.clean(text);
        Finding {
            text: self.clean(&finding.text),
            expected: finding.expected.as_ref().map(clean),
            actual: finding.actual.as_ref().map(clean),
            details: finding.details.iter().map(clean).collect(),
            hint: finding.hint.as_ref().map(clean),
        }
    }

    /// Everything of an outcome, whoever made it.
    pub fn outcome(&self, outcome: Outcome) -> Outcome {
        let clean = |text: &String| self.clean(text);
        Outcome {
            name: self.clean(&outcome.name),
            status: match outcome.status {
                Status::Skipped(reason) => Status::Skipped(self.clean(&reason)),
                status => status,
            },
            findings: outcome.findings.into_iter().map(|finding| self.finding(finding)).collect(),
            log: outcome.log.into_iter().map(|record| self.record(record)).collect(),
            request: outcome.request.as_ref().map(clean),
            answer: outcome.answer.as_ref().map(clean),
            ..outcome
        }
    }
}

/// A value as it is, and as URLs, forms, HTML and JSON have it.
fn ways(value: &str) -> Vec<String> {
    let form: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let json = serde_json::Value::from(value).to_string();
    let html = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let mut ways = vec![
        value.to_owned(),
        form.replace('+', "%20"),
        form,
        json.get(1..json.len() - 1).unwrap_or_default().to_owned(),
        html.replace('\'', "&#x27;"),
        html.replace('\'', "&#39;"),
        super::text::visible(value),
    ];
    ways.retain(|way| way.chars().count() >= SHORTEST);
    ways
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::logs::RecordKind;
    use crate::smoke::outcome::What;

    #[test]
    fn values_are_hidden_in_every_way_they_may_be_written() {
        let redactor = Redactor::new(&[Secret::new("p&ss \"word\""), Secret::new("abc"), Secret::new("one line of it\nand another one\n")]);
        for text in ["p&ss \"word\"", "p%26ss%20%22word%22", "p%26ss+%22word%22", "p&amp;ss &quot;word&quot;", r#"p&ss \"word\""#] {
            assert_eq!(redactor.clean(&format!("<{text}>")), "<***>", "{text}");
        }
        assert_eq!(redactor.clean("abc and another one"), "abc ***");
        assert_eq!(redactor.clean("at https://me:hush@example.com/x"), "at https://me:***@example.com/x");
        assert_eq!(redactor.clean("at https://example.com/a:b@c"), "at https://example.com/a:b@c");
    }

    #[test]
    fn nothing_of_an_outcome_is_left_out() {
        let hush = "hush-hush".to_owned();
        let finding = Finding {
            text: hush.clone(),
            expected: Some(hush.clone()),
            actual: Some(hush.clone()),
            details: vec![hush.clone()],
            hint: Some(hush.clone()),
        };
        let mut outcome = Outcome::failed(hush.clone(), What::Check, Duration::ZERO, vec![finding]);
        outcome.log = vec![Record { hint: Some(hush.clone()), ..Record::new(RecordKind::Error, [hush.clone()]) }];
        (outcome.request, outcome.answer) = (Some(hush.clone()), Some(hush.clone()));
        let redactor = Redactor::new(&[Secret::new(hush.clone())]);
        assert!(!format!("{:?}", redactor.outcome(outcome)).contains(&hush));
        let skipped = redactor.outcome(Outcome::skipped("a", What::Check, hush.clone()));
        assert_eq!(skipped.status, Status::Skipped("***".into()));
        assert!(!format!("{redactor:?}").contains(&hush));
    }
}
