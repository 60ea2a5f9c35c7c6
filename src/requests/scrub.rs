//! Takes the values of the application's environment out of what is about to be stored.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::body;
use super::model::{Body, Exchange, Headers};
use crate::units::{Redactor, Secret};

/// Knows the values.
#[derive(Debug, Clone, Default)]
pub struct Scrubber {
    redactor: Redactor,
    /// There is something to look for.
    looks: bool,
}

impl Scrubber {
    pub fn new<'a>(values: impl IntoIterator<Item = &'a Secret>) -> Self {
        let redactor = Redactor::new(values);
        Self { looks: redactor.looks(), redactor }
    }

    /// The same without the values, and whether one of them was in it.
    pub fn exchange(&self, mut exchange: Exchange) -> Exchange {
        if !self.looks {
            return exchange;
        }
        let mut found = Found { redactor: &self.redactor, any: false };
        found.text(&mut exchange.target);
        found.headers(&mut exchange.request_headers);
        found.headers(&mut exchange.response_headers);
        found.body(&mut exchange.request_body, &exchange.request_headers);
        found.body(&mut exchange.response_body, &exchange.response_headers);
        let in_what_passed = found.any;
        found.headers(&mut exchange.environ);
        if let Some(error) = &mut exchange.error {
            found.text(&mut error.text);
            found.text(&mut error.traceback);
            for frame in &mut error.locals {
                frame.locals.iter_mut().for_each(|(_, text)| found.text(text));
            }
        }
        for statement in &mut exchange.statements {
            found.text(&mut statement.sql);
        }
        exchange.log.iter_mut().for_each(|line| found.text(line));
        exchange.scrubbed |= in_what_passed;
        exchange
    }
}

struct Found<'a> {
    redactor: &'a Redactor,
    any: bool,
}

impl Found<'_> {
    fn text(&mut self, text: &mut String) {
        let clean = self.redactor.clean(text);
        if clean != *text {
            self.any = true;
            *text = clean;
        }
    }

    fn headers(&mut self, headers: &mut Headers) {
        for (_, value) in headers {
            self.text(value);
            // A user's name and password, which nobody would find otherwise.
            let said = value.strip_prefix("Basic ").and_then(|said| STANDARD.decode(said.trim()).ok());
            if let Some(said) = said.and_then(|said| String::from_utf8(said).ok())
                && self.redactor.clean(&said) != said
            {
                self.any = true;
                *value = "Basic ***".into();
            }
        }
    }

    fn body(&mut self, body: &mut Body, headers: &Headers) {
        let Some(kept) = &body.content else { return };
        if kept.is_empty() {
            return;
        }
        if body::is_packed(headers) {
            // What cannot be looked into, or has one in it, is not kept.
            let clean = body::content(body, headers).is_some_and(|content| self.redactor.clean_bytes(&content).is_none());
            if !clean {
                self.any = true;
                body.content = None;
            }
        } else if let Some(clean) = self.redactor.clean_bytes(kept) {
            self.any = true;
            body.content = Some(clean);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing;

    #[test]
    fn no_value_of_the_environment_is_left_anywhere() {
        let scrubber = Scrubber::new(&[Secret::new("hush&hush"), Secret::new("True")]);
        let secret = |text: &str| text.replace('#', "hush&hush");
        let exchange = testing::exchange(|exchange| {
            exchange.target = "/?q=hush%26hush".into();
            exchange.request_headers.push(("X".into(), secret("a # b")));
            exchange.request_headers.push(("Authorization".into(), format!("Basic {}", STANDARD.encode(secret("me:#")))));
            exchange.request_body.content = Some(secret("{\"k\": \"#\"} \u{0}").into_bytes());
            exchange.response_headers.push(("Content-Encoding".into(), "br".into()));
            exchange.response_body.content = Some(b"packed".to_vec());
            exchange.environ.push(("KEY".into(), secret("#")));
            exchange.log = vec![secret("connects with #")];
            exchange.error =
                Some(crate::requests::Raised { kind: "E".into(), text: secret("#"), traceback: secret("T #"), ..Default::default() });
        });
        let clean = scrubber.exchange(exchange);
        assert!(clean.scrubbed && clean.response_body.content.is_none());
        let stored = serde_json::to_string(&clean).unwrap() + &String::from_utf8_lossy(clean.request_body.content.as_ref().unwrap());
        assert!(!stored.contains("hush") && !stored.contains(&STANDARD.encode("me:hush&hush")), "{stored}");
        let untouched = testing::exchange(|exchange| exchange.target = "/true".into());
        assert!(scrubber.exchange(untouched.clone()) == untouched);
    }
}
