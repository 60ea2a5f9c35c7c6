//! `capture:` of a check.

use super::Capture;
use super::reader::{BASE_URL, Field, Reader};
use super::template::is_name;
use crate::error::Result;

const SOURCES: [&str; 5] = ["jsonpath", "regex", "header", "cookie", "html-selector"];

impl Reader<'_> {
    pub fn captures(&self, field: &Field<'_>) -> Result<Vec<(String, Capture)>> {
        let mut captures = Vec::new();
        for (key, field) in self.pairs(field)?.iter() {
            if !is_name(&key.name) {
                return Err(self.source.failure(key.spot, "a captured value's name must be of letters, digits, `-` and `_`"));
            }
            if key.name == BASE_URL {
                return Err(self.source.failure(key.spot, "`${url}` is the address of what is checked; call the value otherwise"));
            }
            captures.push((key.name.clone(), self.capture(field)?));
        }
        Ok(captures)
    }

    fn capture(&self, field: &Field<'_>) -> Result<Capture> {
        let fields = self.fields(field, &[&SOURCES[..], &["attribute"]].concat())?;
        let (name, from) = self.only(field, &fields, &SOURCES)?;
        if let Some(attribute) = fields.get("attribute").filter(|_| name != "html-selector") {
            return Err(self.source.failure(attribute.spot, "`attribute` goes with `html-selector`"));
        }
        Ok(match name {
            "jsonpath" => Capture::Json(self.json_path(from)?),
            "regex" => Capture::Regex(self.regex(from)?),
            "header" => Capture::Header(self.line(from)?),
            "cookie" => Capture::Cookie(self.line(from)?),
            _ => Capture::Html { selector: self.selector(from)?, attribute: fields.read("attribute", |field| self.line(field))? },
        })
    }
}
