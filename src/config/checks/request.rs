//! `request:` of a check.

use super::reader::{Field, Reader};
use super::{Body, Request, Template};
use crate::error::Result;

const NAMES: [&str; 9] = ["method", "path", "headers", "query", "body", "json", "form", "cookies", "follow"];
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl Reader<'_> {
    pub fn request(&self, field: &Field<'_>) -> Result<Request> {
        let fields = self.fields(field, &NAMES)?;
        let bodies: Vec<_> = fields.iter().filter(|(key, _)| ["body", "json", "form"].contains(&key.name.as_str())).collect();
        if let [_, (second, _), ..] = bodies[..] {
            return Err(self.source.failure(second.spot, "a request has one body only: `body`, `json` or `form`"));
        }
        let body = match bodies.first() {
            None => Body::None,
            Some((key, field)) => match key.name.as_str() {
                "json" => Body::Json(self.json(field)?),
                "form" => Body::Form(self.templates(field, |field| self.template(field))?),
                _ => Body::Text(self.template(field)?),
            },
        };
        let path = fields.read("path", |field| self.path(field))?.unwrap_or_else(|| Template::constant("/"));
        let otherwise = if body == Body::None { "GET" } else { "POST" };
        let line = |field: &Field<'_>| self.line_template(field);
        let templates = |name| fields.read(name, |field| self.templates(field, line)).map(Option::unwrap_or_default);
        let headers = templates("headers")?;
        if let Some((name, _)) = headers.iter().find(|(name, _)| !is_token(name))
            && let Some(field) = fields.get("headers")
        {
            return Err(self.source.failure(field.spot, &format!("`{}` cannot be the name of a header", name.escape_debug())));
        }
        Ok(Request {
            method: fields.read("method", |field| self.method(field))?.unwrap_or_else(|| otherwise.into()),
            path,
            headers,
            query: templates("query")?,
            body,
            cookies: templates("cookies")?,
            follow: fields.read("follow", |field| self.flag(field))?.unwrap_or_default(),
        })
    }

    fn path(&self, field: &Field<'_>) -> Result<Template> {
        let path = self.line_template(field)?;
        let begins_well = path.beginning().starts_with('/') || (path.beginning().is_empty() && path.names().next().is_some());
        if begins_well {
            return Ok(path);
        }
        let failure = self.must(field, "a path that begins with `/`");
        Err(if path.beginning().starts_with("http") {
            failure.hint("which server is asked is said on the command line: `parity smoke --url URL`")
        } else {
            failure
        })
    }

    fn method(&self, field: &Field<'_>) -> Result<String> {
        let method = self.line(field)?;
        let capitals = method.to_ascii_uppercase();
        match METHODS.contains(&capitals.as_str()) {
            true => Ok(capitals),
            // A method of the application's own is as good; a typo is more likely.
            false if is_token(&method) && crate::config::advice::nearest(&capitals, METHODS.into_iter()).is_none() => Ok(method),
            false => Err(self.must(field, "a method such as GET or POST")),
        }
    }
}

/// What HTTP takes as the name of a header or method.
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}
