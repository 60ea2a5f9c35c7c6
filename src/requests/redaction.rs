//! Takes secrets out of what is shown and exported.
//!
//! In two steps. By name: the values of headers, cookies, and fields of URLs, forms, JSON and HTML whose name [`Names`] knows become
//! `***`. By value: what was found so is looked for in all the rest of the exchange, in the page that repeats it, the traceback, the
//! statement.

mod hiding;
pub(super) mod patterns;

use std::io::IsTerminal;

use super::body;
use super::model::{Body, Exchange, Headers, Recorded, Redacted, Summary};
use super::names::Names;
use crate::units::Redactor;
pub(super) use hiding::Hiding;

/// What stands where a secret was.
pub const STARS: &str = "***";

/// Proof that what is shown is shown to a person: stdout is a terminal.
#[derive(Debug)]
pub struct OnTerminal(());

impl OnTerminal {
    pub fn check() -> Option<Self> {
        std::io::stdout().is_terminal().then_some(Self(()))
    }
}

/// Makes what is recorded fit to be shown.
#[derive(Debug, Clone, Default)]
pub struct Redaction {
    names: Names,
    reveals: bool,
}

impl Redaction {
    pub fn new(names: Names) -> Self {
        Self { names, reveals: false }
    }

    /// Leaves secrets where they are, for somebody who asked to see them.
    #[must_use]
    pub fn revealing(self, _: OnTerminal) -> Self {
        Self { reveals: true, ..self }
    }

    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Bodies are unpacked in it; those that cannot be looked into are left out.
    pub fn exchange(&self, recorded: &Recorded) -> Redacted {
        self.all(&[recorded]).into_iter().next().unwrap_or_else(|| Redacted::new(Exchange::default()))
    }

    /// Two of the same request, for a comparison: what is secret in one is hidden in both.
    pub fn pair(&self, one: &Recorded, other: &Recorded) -> (Redacted, Redacted) {
        let mut both = self.all(&[one, other]).into_iter();
        let empty = || Redacted::new(Exchange::default());
        (both.next().unwrap_or_else(empty), both.next().unwrap_or_else(empty))
    }

    pub fn summary(&self, recorded: &Recorded<Summary>) -> Redacted<Summary> {
        let mut summary = recorded.expose().clone();
        if !self.reveals {
            summary.target = Hiding::new(&self.names).target(&summary.target);
        }
        Redacted::new(summary)
    }

    /// What is stored where secrets are not: the same with `***` in their place. A body without a secret stays as it is; one that was packed
    /// is unpacked for it, and one that cannot be looked into is left out.
    pub fn stored(&self, recorded: Recorded) -> Recorded {
        let mut exchange = recorded.into_exposed();
        let before = exchange.clone();
        for (body, headers) in bodies(&mut exchange) {
            body.content = body::content(body, headers);
        }
        let mut hiding = Hiding::new(&self.names).keeping_files();
        hiding.exchange(&mut exchange);
        cleanse(&mut exchange, &hiding.redactor());
        keep_packed(&mut exchange.request_body, &mut exchange.request_headers, &before.request_body, &before.request_headers);
        keep_packed(&mut exchange.response_body, &mut exchange.response_headers, &before.response_body, &before.response_headers);
        exchange.without_secrets = true;
        Recorded::new(exchange)
    }

    /// Any number of the same request, in their order: what is secret in one is hidden in all.
    pub fn all(&self, exchanges: &[&Recorded]) -> Vec<Redacted> {
        let mut hiding = Hiding::new(&self.names);
        let hidden: Vec<Exchange> = exchanges
            .iter()
            .map(|exchange| {
                let mut shown = exchange.expose().clone();
                for (body, headers) in bodies(&mut shown) {
                    body.content = body::content(body, headers);
                }
                if !self.reveals {
                    hiding.exchange(&mut shown);
                }
                shown
            })
            .collect();
        let redactor = hiding.redactor();
        let clean = |mut exchange: Exchange| {
            if !self.reveals {
                cleanse(&mut exchange, &redactor);
            }
            Redacted::new(exchange)
        };
        hidden.into_iter().map(clean).collect()
    }
}

fn bodies(exchange: &mut Exchange) -> [(&mut Body, &Headers); 2] {
    [(&mut exchange.request_body, &exchange.request_headers), (&mut exchange.response_body, &exchange.response_headers)]
}

/// Has the body as it passed if nothing in it is hidden; otherwise says that it is not packed any more.
fn keep_packed(body: &mut Body, headers: &mut Headers, passed: &Body, passed_headers: &Headers) {
    if !body::is_packed(passed_headers) || body.content.is_none() {
        return;
    }
    if body.content == body::content(passed, passed_headers) {
        body.content.clone_from(&passed.content);
    } else {
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-encoding"));
    }
}

/// The second step: by value.
fn cleanse(exchange: &mut Exchange, redactor: &Redactor) {
    let texts = [&mut exchange.target, &mut exchange.origin, &mut exchange.reason, &mut exchange.method];
    texts.into_iter().for_each(|text| *text = redactor.clean(text));
    for (_, value) in exchange.request_headers.iter_mut().chain(&mut exchange.response_headers).chain(&mut exchange.environ) {
        *value = redactor.clean(value);
    }
    for statement in &mut exchange.statements {
        statement.sql = redactor.clean(&statement.sql);
    }
    for text in exchange.templates.iter_mut().chain(&mut exchange.log) {
        *text = redactor.clean(text);
    }
    if let Some(error) = &mut exchange.error {
        error.text = redactor.clean(&error.text);
        error.traceback = redactor.clean(&error.traceback);
        for (_, text) in error.locals.iter_mut().flat_map(|frame| &mut frame.locals) {
            *text = redactor.clean(text);
        }
    }
    for (body, _) in bodies(exchange) {
        let Some(content) = body.content.take() else { continue };
        body.content = match body::text(&content) {
            Some(text) => Some(redactor.clean(text).into_bytes()),
            // Half a picture is none.
            None => redactor.clean_bytes(&content).is_none().then_some(content),
        };
    }
}

#[cfg(test)]
mod tests;
