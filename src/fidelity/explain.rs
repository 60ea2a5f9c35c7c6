//! Which declared difference something comes from.

use super::Observation;
use crate::plan::Difference;

/// An observation, and the row that declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained<'a> {
    pub observation: &'a Observation,
    /// `None`: nothing does.
    pub cause: Option<&'a Difference>,
}

/// Finds the row of each.
pub fn explain<'a>(observations: &'a [Observation], declared: &'a [Difference]) -> Vec<Explained<'a>> {
    let cause = |observation: &Observation| declared.iter().find(|row| explains(row, observation));
    observations.iter().map(|observation| Explained { observation, cause: cause(observation) }).collect()
}

/// Rows that say how they are seen, and are not.
pub fn unseen<'a>(observations: &[Observation], declared: &'a [Difference]) -> Vec<&'a Difference> {
    let is_seen = |row: &Difference| observations.iter().any(|observation| explains(row, observation));
    declared.iter().filter(|row| !row.signs.is_empty() && !is_seen(row)).collect()
}

fn explains(row: &Difference, observation: &Observation) -> bool {
    let place = observation.place();
    row.signs.iter().any(|sign| match sign.strip_prefix('+') {
        Some(sign) => observation.production.is_none() && is_like(&place, sign),
        None => is_like(&place, sign),
    })
}

/// Is a text like a pattern, in which `*` is any text?
pub(super) fn is_like(text: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_texts() {
        for (text, pattern) in [("a", "a"), ("abc", "a*"), ("abc", "*c"), ("abc", "a*c"), ("a b c b", "a*b*b"), ("", "*"), ("aa", "a*a")] {
            assert!(is_like(text, pattern), "{text} {pattern}");
        }
        for (text, pattern) in [("a", "b"), ("abc", "a"), ("abc", "b*"), ("abc", "*b"), ("a", "a*a"), ("ab", "a*b*b"), ("", "a")] {
            assert!(!is_like(text, pattern), "{text} {pattern}");
        }
    }

    #[test]
    fn a_row_is_the_cause_of_what_it_says() {
        let row = |what: &str, signs: &[&str]| Difference {
            what: what.into(),
            signs: signs.iter().map(|sign| (*sign).to_owned()).collect(),
            ..Difference::default()
        };
        let rows = [
            row("user", &["process: Uid", "process: Gid"]),
            row("port", &[]),
            row("reload", &["request: PARITY_*"]),
            row("modules", &["+order: *"]),
        ];
        let observation = |section: &str, name: &str| Observation {
            section: section.into(),
            name: name.into(),
            production: (section == "order").then(|| 2.into()),
            here: Some(1.into()),
        };
        let seen = [observation("process", "Uid"), observation("process", "Umask"), observation("order", "x")];
        let causes: Vec<_> = explain(&seen, &rows).iter().map(|found| found.cause.map(|row| row.what.as_str())).collect();
        assert_eq!(causes, [Some("user"), None, None]);
        assert_eq!(unseen(&seen, &rows).iter().map(|row| row.what.as_str()).collect::<Vec<_>>(), ["reload", "modules"]);
    }
}
