//! `expect:` and `log:` of a check.

use super::reader::{Field, Fields, Reader};
use super::{BodyTest, ElementTest, Expect, JsonTest, Log, StatusRange, TextTest};
use crate::config::value::list;
use crate::error::Result;

const NAMES: [&str; 5] = ["status", "headers", "content-type", "body", "max-ms"];
const TEXT_TESTS: [&str; 5] = ["equals", "contains", "not-contains", "regex", "exists"];
const BODY_TESTS: [&str; 4] = ["contains", "not-contains", "regex", "equals"];
const JSON_TESTS: [&str; 6] = ["equals", "not-equals", "contains", "regex", "exists", "count"];
const HTML_TESTS: [&str; 7] = ["text", "equals", "contains", "not-contains", "regex", "exists", "count"];

/// A test waits for an hour at most.
const LONGEST: u32 = 3_600_000;

impl Reader<'_> {
    pub fn expect(&self, field: &Field<'_>) -> Result<Expect> {
        let fields = self.fields(field, &NAMES)?;
        let status = |field: &Field<'_>| field.items().iter().map(|item| self.status(item)).collect();
        let body = |field: &Field<'_>| field.items().iter().map(|item| self.body_test(item)).collect();
        Ok(Expect {
            status: fields.read("status", status)?.unwrap_or_default(),
            headers: fields.read("headers", |field| self.headers(field))?.unwrap_or_default(),
            content_type: fields.read("content-type", |field| self.line_template(field))?,
            body: fields.read("body", body)?.unwrap_or_default(),
            max_ms: fields.read("max-ms", |field| self.number(field, 1, LONGEST))?,
        })
    }

    /// `200` or `2xx`
    fn status(&self, field: &Field<'_>) -> Result<StatusRange> {
        let text = self.text(field)?;
        let class = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")).and_then(|class| class.parse::<u16>().ok());
        let range = match class {
            Some(class) => class.checked_mul(100).map(|from| StatusRange { from, to: from.saturating_add(99) }),
            None => text.parse().ok().map(|code| StatusRange { from: code, to: code }),
        };
        range.filter(|range| range.from >= 100 && range.to <= 599).ok_or_else(|| self.must(field, "a status from 100 to 599, or `2xx`"))
    }

    fn headers(&self, field: &Field<'_>) -> Result<Vec<(String, TextTest)>> {
        let mut headers = Vec::new();
        for (key, field) in self.pairs(field)?.iter() {
            for item in field.items() {
                let test = match item.is_text() {
                    true => TextTest::Equals(self.line_template(&item)?),
                    false => self.text_test(&item)?,
                };
                headers.push((key.name.clone(), test));
            }
        }
        Ok(headers)
    }

    /// `{contains: …}`
    fn text_test(&self, field: &Field<'_>) -> Result<TextTest> {
        let fields = self.fields(field, &TEXT_TESTS)?;
        let (name, field) = self.only(field, &fields, &TEXT_TESTS)?;
        self.text_test_of(name, field)
    }

    fn text_test_of(&self, name: &str, field: &Field<'_>) -> Result<TextTest> {
        Ok(match name {
            "contains" => TextTest::Contains(self.template(field)?),
            "not-contains" => TextTest::NotContains(self.template(field)?),
            "regex" => TextTest::Matches(self.pattern(field)?),
            "exists" => TextTest::Exists(self.flag(field)?),
            _ => TextTest::Equals(self.template(field)?),
        })
    }

    fn body_test(&self, field: &Field<'_>) -> Result<BodyTest> {
        if field.is_text() {
            return Err(self.must(field, "a map such as `{contains: text}`"));
        }
        let fields = self.fields(
            field,
            &[
                "contains",
                "not-contains",
                "regex",
                "equals",
                "jsonpath",
                "html-selector",
                "attribute",
                "not-equals",
                "text",
                "exists",
                "count",
            ],
        )?;
        if let Some(path) = fields.get("jsonpath") {
            let path = self.json_path(path)?;
            let fields = self.fields(field, &[&["jsonpath"], &JSON_TESTS[..]].concat())?;
            let test = match self.at_most_one(field, &fields, &JSON_TESTS)? {
                None => JsonTest::Exists(true),
                Some((name, field)) => self.json_test(name, field)?,
            };
            return Ok(BodyTest::Json { path, test });
        }
        if let Some(selector) = fields.get("html-selector") {
            let selector = self.selector(selector)?;
            let fields = self.fields(field, &[&["html-selector", "attribute"], &HTML_TESTS[..]].concat())?;
            let attribute = fields.read("attribute", |field| self.line(field))?;
            let test = match self.at_most_one(field, &fields, &HTML_TESTS)? {
                None => ElementTest::Text(TextTest::Exists(true)),
                Some(("count", field)) => ElementTest::Count(self.number(field, 0, u32::MAX)? as usize),
                Some((name, field)) => ElementTest::Text(self.text_test_of(name, field)?),
            };
            return Ok(BodyTest::Html { selector, attribute, test });
        }
        let fields = self.fields(field, &[&BODY_TESTS[..], &["jsonpath", "html-selector"]].concat())?;
        let (name, field) = self.only(field, &fields, &BODY_TESTS)?;
        Ok(BodyTest::Text(self.text_test_of(name, field)?))
    }

    fn json_test(&self, name: &str, field: &Field<'_>) -> Result<JsonTest> {
        Ok(match name {
            "equals" => JsonTest::Equals(self.json(field)?),
            "not-equals" => JsonTest::NotEquals(self.json(field)?),
            "contains" => JsonTest::Contains(self.json(field)?),
            "regex" => JsonTest::Matches(self.pattern(field)?),
            "count" => JsonTest::Count(self.number(field, 0, u32::MAX)? as usize),
            _ => JsonTest::Exists(self.flag(field)?),
        })
    }

    /// The one of several names that must be there.
    pub fn only<'f, 'n>(&self, whole: &Field<'n>, fields: &'f Fields<'n>, names: &[&str]) -> Result<(&'n str, &'f Field<'n>)> {
        self.at_most_one(whole, fields, names)?.ok_or_else(|| {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            self.source.failure(whole.spot, &format!("{} needs one of {}", whole.subject, list(&names, "and")))
        })
    }

    fn at_most_one<'f, 'n>(&self, whole: &Field<'n>, fields: &'f Fields<'n>, names: &[&str]) -> Result<Option<(&'n str, &'f Field<'n>)>> {
        let mut found = fields.iter().filter(|(key, _)| names.contains(&key.name.as_str()));
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some((key, field)), None) => Ok(Some((&key.name, field))),
            (Some((one, _)), Some((other, _))) => {
                let what = format!("{} has both `{}` and `{}`", whole.subject, one.name, other.name);
                Err(self.source.failure(other.spot, &what).hint("write an item for each"))
            }
        }
    }

    pub fn log(&self, field: &Field<'_>) -> Result<Log> {
        let fields = self.fields(field, &["absent", "present"])?;
        let patterns = |name| {
            let all = |field: &Field<'_>| field.items().iter().map(|item| self.regex(item)).collect();
            fields.read(name, all).map(Option::unwrap_or_default)
        };
        Ok(Log { absent: patterns("absent")?, present: patterns("present")? })
    }
}
