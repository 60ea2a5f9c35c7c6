//! Tests on what a JSONPath finds.

use serde_json::Value;

use crate::smoke::check::{JsonTest, Missing, Values, plain};
use crate::smoke::mismatch::Mismatch;
use crate::smoke::text::{count, quoted};

/// A test on what a path finds. Several values that are found are compared as a list.
pub fn test(subject: &str, test: &JsonTest, found: &[&Value], values: &Values) -> Result<Option<Mismatch>, Missing> {
    let whole = || match found {
        [one] => (*one).clone(),
        several => Value::Array(several.iter().copied().cloned().collect()),
    };
    match test {
        JsonTest::Exists(true) if found.is_empty() => {
            return Ok(Some(Mismatch::said(format!("{subject} finds nothing"), "something", "nothing")));
        }
        JsonTest::Exists(false) if !found.is_empty() => {
            return Ok(Some(Mismatch::but_is(subject, "is there", "nothing", &shown(&whole()), None)));
        }
        JsonTest::Exists(_) => return Ok(None),
        JsonTest::Count(expected) => {
            let actual = if let [Value::Array(items)] = found { items.len() } else { found.len() };
            let text = format!("{subject} finds {}, not {expected}", count(actual, "value", "values"));
            return Ok((actual != *expected).then(|| Mismatch::said(text, expected.to_string(), actual.to_string())));
        }
        _ if found.is_empty() => return Ok(Some(Mismatch::said(format!("{subject} finds nothing"), "something", "nothing"))),
        _ => {}
    }
    Ok(match test {
        JsonTest::Equals(expected) => {
            let (expected, actual) = (expected.fill(values)?, whole());
            (!same(&expected, &actual)).then(|| Mismatch::not_equal(subject, &shown(&expected), &shown(&actual)))
        }
        JsonTest::NotEquals(other) => {
            let (other, actual) = (other.fill(values)?, whole());
            same(&other, &actual)
                .then(|| Mismatch::but_is(subject, "is what it must not be", format!("not {}", shown(&other)), &shown(&actual), None))
        }
        JsonTest::Contains(part) => {
            let part = part.fill(values)?;
            let has = |value: &&Value| match value {
                Value::Array(items) => items.iter().any(|item| same(item, &part)),
                Value::Object(pairs) => part.as_str().is_some_and(|name| pairs.contains_key(name)),
                value => plain(value).contains(&plain(&part)) || same(value, &part),
            };
            let missing =
                || Mismatch::but_is(subject, &format!("does not contain {}", quoted(&shown(&part))), shown(&part), &shown(&whole()), None);
            (!found.iter().any(has)).then(missing)
        }
        JsonTest::Matches(pattern) => {
            let pattern = pattern.fill(values)?;
            let missing =
                || Mismatch::but_is(subject, &format!("does not match {}", quoted(&pattern.text)), &pattern.text, &shown(&whole()), None);
            (!found.iter().any(|value| pattern.value.is_match(&plain(value)))).then(missing)
        }
        JsonTest::Exists(_) | JsonTest::Count(_) => None,
    })
}

/// On one line if it is short, and readable if it is not.
fn shown(value: &Value) -> String {
    let line = value.to_string();
    if line.len() <= 80 { line } else { format!("{value:#}") }
}

/// JSON has one kind of numbers: 1 is 1.0. The order of names means nothing.
pub fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64().is_some_and(|one| Some(one) == other.as_f64()),
        (Value::Array(one), Value::Array(other)) => one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other)),
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len() && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
        }
        (one, other) => one == other,
    }
}
