//! The checks of `smoke:`, and how they are read: each mistake with its place.

mod capture;
mod expect;
mod load;
mod parsed;
mod reader;
mod request;
mod template;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use regex::Regex;
use scraper::Selector;
use serde_json::Value;
use serde_json_path::JsonPath;

pub use parsed::Parsed;
pub use template::{JsonTemplate, Missing, Pattern, Template, Values};

pub(super) use load::load;

/// The built-in probes, by the names that `--only`, `--skip` and `smoke-skip` take.
pub const PROBES: [&str; 6] = ["wsgi-compliance", "concurrency", "multi-process", "load", "server-differences", "shutdown"];

/// One check: a request and what is expected of its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Unique; method and path, where nobody gave one.
    pub name: String,
    /// The file it was written in, relative to the project, and its line; none for the check that nobody wrote.
    pub place: Option<(PathBuf, usize)>,
    pub request: Request,
    pub expect: Expect,
    /// What is kept of the answer for later checks, by name.
    pub capture: Vec<(String, Capture)>,
    pub log: Log,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// In capitals, where it is one of HTTP's.
    pub method: String,
    /// Begins with `/`, or with a captured value that may be a whole URL.
    pub path: Template,
    pub headers: Vec<(String, Template)>,
    pub query: Vec<(String, Template)>,
    pub body: Body,
    /// Beside those that earlier answers have set.
    pub cookies: Vec<(String, Template)>,
    /// Follow redirects, up to 10.
    pub follow: bool,
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    None,
    Text(Template),
    Json(JsonTemplate),
    /// As a browser sends a form.
    Form(Vec<(String, Template)>),
}

/// What the answer must be.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expect {
    /// Any of these; none at all: below 400.
    pub status: Vec<StatusRange>,
    pub headers: Vec<(String, TextTest)>,
    /// `text/html`; parameters such as `charset` are compared only if they are given.
    pub content_type: Option<Template>,
    pub body: Vec<BodyTest>,
    /// The whole answer must be there in so many milliseconds.
    pub max_ms: Option<u32>,
}

/// Some status codes that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRange {
    pub from: u16,
    pub to: u16,
}

/// A condition on a text.
#[derive(Debug, Clone, PartialEq)]
pub enum TextTest {
    Equals(Template),
    Contains(Template),
    NotContains(Template),
    Matches(Pattern),
    /// Is there at all, or is not.
    Exists(bool),
}

/// A condition on the body.
#[derive(Debug, Clone, PartialEq)]
pub enum BodyTest {
    Text(TextTest),
    Json { path: Parsed<JsonPath>, test: JsonTest },
    Html { selector: Parsed<Selector>, attribute: Option<String>, test: ElementTest },
}

/// A condition on what a JSONPath finds.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonTest {
    Equals(JsonTemplate),
    NotEquals(JsonTemplate),
    /// A part of a text, or an item of a list.
    Contains(JsonTemplate),
    Matches(Pattern),
    Exists(bool),
    /// How many values are found; of a list that is the only one, its items.
    Count(usize),
}

/// A condition on what a CSS selector finds: on the text of any of the elements, or on their number.
#[derive(Debug, Clone, PartialEq)]
pub enum ElementTest {
    Text(TextTest),
    Count(usize),
}

/// Where a value for later checks comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Capture {
    Json(Parsed<JsonPath>),
    /// The first group, or all that matches.
    Regex(Parsed<Regex>),
    Header(String),
    Cookie(String),
    /// The text of the first element, or one of its attributes.
    Html {
        selector: Parsed<Selector>,
        attribute: Option<String>,
    },
}

/// Conditions on what the server's log says about the request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Log {
    pub absent: Vec<Parsed<Regex>>,
    pub present: Vec<Parsed<Regex>>,
}

impl Log {
    pub fn is_empty(&self) -> bool {
        self.absent.is_empty() && self.present.is_empty()
    }
}

impl StatusRange {
    pub fn holds(self, status: u16) -> bool {
        (self.from..=self.to).contains(&status)
    }
}

impl std::fmt::Display for StatusRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.from, self.to) {
            (from, to) if from == to => write!(f, "{from}"),
            (from, to) if from % 100 == 0 && to == from + 99 => write!(f, "{}xx", from / 100),
            (100, to) => write!(f, "below {}", to + 1),
            (from, to) => write!(f, "{from} to {to}"),
        }
    }
}

impl Check {
    /// What is checked where nobody wrote a check: `/` answers below 500.
    pub fn front_page() -> Self {
        Self {
            name: "GET /".into(),
            place: None,
            request: Request {
                method: "GET".into(),
                path: Template::constant("/"),
                headers: Vec::new(),
                query: Vec::new(),
                body: Body::None,
                cookies: Vec::new(),
                follow: false,
            },
            expect: Expect { status: vec![StatusRange { from: 100, to: 499 }], ..Expect::default() },
            capture: Vec::new(),
            log: Log::default(),
        }
    }

    /// Does it neither change anything nor give anything to later checks? Such neighbours may be asked at once.
    pub fn only_reads(&self) -> bool {
        matches!(self.request.method.as_str(), "GET" | "HEAD") && self.capture.is_empty() && self.log.is_empty()
    }

    /// The names of captured values that it uses.
    pub fn uses(&self) -> Vec<&str> {
        let request = &self.request;
        let mut templates = vec![&request.path];
        templates.extend([&request.headers, &request.query, &request.cookies].into_iter().flatten().map(|(_, template)| template));
        let mut names = Vec::new();
        match &request.body {
            Body::None => {}
            Body::Text(text) => templates.push(text),
            Body::Json(json) => names.extend(json.names()),
            Body::Form(fields) => templates.extend(fields.iter().map(|(_, template)| template)),
        }
        let expect = &self.expect;
        templates.extend(&expect.content_type);
        let mut texts: Vec<&TextTest> = expect.headers.iter().map(|(_, test)| test).collect();
        for test in &expect.body {
            match test {
                BodyTest::Text(test) | BodyTest::Html { test: ElementTest::Text(test), .. } => texts.push(test),
                BodyTest::Json { test: JsonTest::Equals(json) | JsonTest::NotEquals(json) | JsonTest::Contains(json), .. } => {
                    names.extend(json.names());
                }
                BodyTest::Json { test: JsonTest::Matches(pattern), .. } => names.extend(pattern.names()),
                BodyTest::Json { .. } | BodyTest::Html { .. } => {}
            }
        }
        for test in texts {
            match test {
                TextTest::Equals(template) | TextTest::Contains(template) | TextTest::NotContains(template) => templates.push(template),
                TextTest::Matches(pattern) => names.extend(pattern.names()),
                TextTest::Exists(_) => {}
            }
        }
        names.extend(templates.into_iter().flat_map(Template::names));
        names
    }
}

/// A JSON value that is a text as it is, and anything else as JSON.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
