//! Compares an answer with what was expected of it.

mod json;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::check::{BodyTest, ElementTest, Expect, Missing, StatusRange, TextTest, Values};
use super::client::Answer;
use super::html;
use super::mismatch::Mismatch;
use super::text::{count, quoted};

/// Without a `status:`, an answer is good below 400.
const GOOD: StatusRange = StatusRange { from: 100, to: 399 };

/// Everything in which an answer is not as expected.
///
/// # Errors
/// A value that no check has captured.
pub fn evaluate(expect: &Expect, answer: &Answer, values: &Values) -> Result<Vec<Mismatch>, Missing> {
    let mut wrong = Vec::new();
    wrong.extend(status(&expect.status, answer));
    for (name, test) in &expect.headers {
        wrong.extend(any(&format!("the header {}", quoted(name)), test, &answer.header(name), values)?);
    }
    if let Some(expected) = &expect.content_type {
        wrong.extend(content_type(&expected.fill(values)?, answer));
    }
    let body = Body { text: String::from_utf8_lossy(&answer.body).into_owned() };
    for test in &expect.body {
        wrong.extend(body.test(test, values)?);
    }
    if let Some(most) = expect.max_ms {
        let took = answer.took.as_millis();
        if took > u128::from(most) {
            wrong.push(Mismatch::said(
                format!("the answer took {took} ms, not {most} ms at most"),
                format!("at most {most} ms"),
                format!("{took} ms"),
            ));
        }
    }
    Ok(wrong)
}

fn status(expected: &[StatusRange], answer: &Answer) -> Option<Mismatch> {
    let good = if expected.is_empty() { &[GOOD] } else { expected };
    if good.iter().any(|range| range.holds(answer.status)) {
        return None;
    }
    let words: Vec<_> = good.iter().map(ToString::to_string).collect();
    let words = words.join(" or ");
    Some(Mismatch::said(format!("the status is {}, not {words}", answer.status_line()), words, answer.status_line()))
}

fn content_type(expected: &str, answer: &Answer) -> Option<Mismatch> {
    let actual = answer.header("content-type").into_iter().next();
    let Some(actual) = actual else { return Some(Mismatch::said("the answer has no content type", expected, "none")) };
    let normal = |text: &str| -> String {
        let parts: Vec<_> = text.split(';').map(|part| part.trim().to_ascii_lowercase().replace('"', "")).collect();
        if expected.contains(';') { parts.join(";") } else { parts.into_iter().next().unwrap_or_default() }
    };
    (normal(expected) != normal(&actual)).then(|| Mismatch::not_equal("the content type", expected, &actual))
}

/// Does any of several texts pass? `subject` is what they are.
fn any(subject: &str, test: &TextTest, texts: &[String], values: &Values) -> Result<Option<Mismatch>, Missing> {
    if let TextTest::Exists(expected) = test {
        return Ok(match (*expected, texts) {
            (true, []) => Some(Mismatch::said(format!("{subject} is not there"), "there", "not there")),
            (false, [first, ..]) => Some(Mismatch::but_is(subject, "is there", "not there", first, None)),
            _ => None,
        });
    }
    if texts.is_empty() {
        // What is not there contains nothing.
        let missing = || Mismatch::said(format!("{subject} is not there"), describe(test), "not there");
        return Ok((!matches!(test, TextTest::NotContains(_))).then(missing));
    }
    let mut failed = None;
    for text in texts {
        match one(subject, test, text, values)? {
            // None of them may have it.
            Some(wrong) if matches!(test, TextTest::NotContains(_)) => return Ok(Some(wrong)),
            Some(wrong) => failed = failed.or(Some(wrong)),
            None if matches!(test, TextTest::NotContains(_)) => {}
            None => return Ok(None),
        }
    }
    if texts.len() > 1 && failed.is_some() {
        let shown: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
        return Ok(Some(Mismatch::but_is(
            &format!("{subject} ({})", count(texts.len(), "value", "values")),
            &predicate(test, values)?,
            describe(test),
            &shown.join("\n"),
            None,
        )));
    }
    Ok(failed)
}

/// As it was written.
fn describe(test: &TextTest) -> String {
    match test {
        TextTest::Equals(text) => text.to_string(),
        TextTest::Contains(text) => format!("contains {}", quoted(&text.to_string())),
        TextTest::NotContains(text) => format!("does not contain {}", quoted(&text.to_string())),
        TextTest::Matches(_) => "matches".into(),
        TextTest::Exists(_) => "there".into(),
    }
}

fn predicate(test: &TextTest, values: &Values) -> Result<String, Missing> {
    Ok(match test {
        TextTest::Equals(text) => format!("is never {}", quoted(&text.fill(values)?)),
        TextTest::Contains(text) => format!("never contains {}", quoted(&text.fill(values)?)),
        TextTest::NotContains(text) => format!("contains {}", quoted(&text.fill(values)?)),
        TextTest::Matches(pattern) => format!("never matches {}", quoted(&pattern.fill(values)?.text)),
        TextTest::Exists(_) => "is there".into(),
    })
}

fn one(subject: &str, test: &TextTest, actual: &str, values: &Values) -> Result<Option<Mismatch>, Missing> {
    Ok(match test {
        TextTest::Equals(expected) => {
            let expected = expected.fill(values)?;
            (actual != expected).then(|| Mismatch::not_equal(subject, &expected, actual))
        }
        TextTest::Contains(part) => {
            let part = part.fill(values)?;
            let missing = || Mismatch::but_is(subject, &format!("does not contain {}", quoted(&part)), &part, actual, None);
            (!actual.contains(&part)).then(missing)
        }
        TextTest::NotContains(part) => {
            let part = part.fill(values)?;
            let found = || Mismatch::but_is(subject, &format!("contains {}", quoted(&part)), format!("not {part}"), actual, Some(&part));
            actual.contains(&part).then(found)
        }
        TextTest::Matches(pattern) => {
            let pattern = pattern.fill(values)?;
            let missing = || Mismatch::but_is(subject, &format!("does not match {}", quoted(&pattern.text)), &pattern.text, actual, None);
            (!pattern.value.is_match(actual)).then(missing)
        }
        TextTest::Exists(true) => None,
        TextTest::Exists(false) => Some(Mismatch::but_is(subject, "is there", "not there", actual, None)),
    })
}

struct Body {
    text: String,
}

impl Body {
    fn test(&self, test: &BodyTest, values: &Values) -> Result<Option<Mismatch>, Missing> {
        match test {
            BodyTest::Text(test) => one("the body", test, &self.text, values),
            BodyTest::Json { path, test } => {
                let subject = quoted(&path.text);
                let json: Value = match serde_json::from_str(&self.text) {
                    Ok(json) => json,
                    Err(why) => {
                        return Ok(Some(Mismatch::but_is("the body", &format!("is not JSON ({why})"), "JSON", &self.text, None)));
                    }
                };
                json::test(&subject, test, &path.value.query(&json).all(), values)
            }
            BodyTest::Html { selector, attribute, test } => {
                let found = html::select(&self.text, &selector.value, attribute.as_deref());
                let subject = match attribute {
                    Some(name) => format!("the attribute {} of {}", quoted(name), quoted(&selector.text)),
                    None => format!("the element {}", quoted(&selector.text)),
                };
                match test {
                    ElementTest::Count(expected) => Ok(wrong_number(&subject, *expected, found.len())),
                    ElementTest::Text(test) => any(&subject, test, &found, values),
                }
            }
        }
    }
}

fn wrong_number(subject: &str, expected: usize, actual: usize) -> Option<Mismatch> {
    let text = || format!("{subject} is there {}, not {}", count(actual, "time", "times"), count(expected, "time", "times"));
    (actual != expected).then(|| Mismatch::said(text(), expected.to_string(), actual.to_string()))
}
