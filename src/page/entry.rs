//! Who may ask: this machine's page, opened by its user.
//!
//! Three things are looked at. `Host`: a name that a page elsewhere has pointed at this machine (DNS rebinding) is not one of its own.
//! `Origin` and `Sec-Fetch-Site`: another page, also the recorded application's at another port. The token: another user of this machine.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::header::{self, HeaderName};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};

use super::Refusal;
use super::token::Token;
use crate::error::Result;

/// Has the token. A form or a link cannot set it, and another origin's script only after a question that is never answered with yes.
const TOKEN: HeaderName = HeaderName::from_static("x-parity-token");
/// Has what a browser was started with.
const TICKET: HeaderName = HeaderName::from_static("x-parity-ticket");
/// A browser that starts slowly has opened the page by then.
const TICKET_LIFETIME: Duration = Duration::from_secs(120);

/// The secrets that open the page.
#[derive(Debug)]
pub struct Entry {
    token: Token,
    ticket: Mutex<Option<(Token, Instant)>>,
}

impl Entry {
    pub fn new() -> Result<Self> {
        Ok(Self { token: Token::random()?, ticket: Mutex::default() })
    }

    pub fn token(&self) -> &str {
        self.token.expose()
    }

    /// A new ticket; an older one is worth nothing any more.
    pub fn ticket(&self) -> Result<String> {
        let ticket = Token::random()?;
        let text = ticket.expose().to_owned();
        *self.ticket.lock().unwrap_or_else(PoisonError::into_inner) = Some((ticket, Instant::now()));
        Ok(text)
    }

    /// Does it come from this page, or from a person who opens it?
    pub fn check_sender(&self, asked: &Parts) -> Result<(), Refusal> {
        let host = only(asked, &header::HOST).filter(|host| is_loopback(host));
        let host = host.ok_or(Refusal(StatusCode::MISDIRECTED_REQUEST, "this server is 127.0.0.1"))?;
        let other = Err(Refusal(StatusCode::FORBIDDEN, "this is for the page itself"));
        if asked.headers.contains_key(header::ORIGIN) {
            // Other ports are other pages.
            if only(asked, &header::ORIGIN) != Some(&format!("http://{host}")) {
                return other;
            }
        } else if asked.method == Method::POST {
            return other;
        }
        // `none`: a link that was typed or comes from another program.
        if asked.headers.contains_key("sec-fetch-site") && !matches!(only(asked, "sec-fetch-site"), Some("same-origin" | "none")) {
            // Somebody may well follow a link to the page; there is nothing in it without its token.
            let is_link = asked.method == Method::GET && only(asked, "sec-fetch-mode") == Some("navigate");
            if !is_link {
                return other;
            }
        }
        Ok(())
    }

    pub fn check_token(&self, asked: &Parts) -> Result<(), Refusal> {
        let is_known = only(asked, &TOKEN).is_some_and(|raw| self.token.is(raw));
        is_known.then_some(()).ok_or(Refusal(StatusCode::FORBIDDEN, "open the link that `parity requests open` prints"))
    }

    /// The token for a ticket, once.
    pub fn exchange(&self, asked: &Parts) -> Result<&str, Refusal> {
        let mut ticket = self.ticket.lock().unwrap_or_else(PoisonError::into_inner);
        let raw = only(asked, &TICKET).unwrap_or_default();
        match ticket.take_if(|(ticket, since)| ticket.is(raw) && since.elapsed() < TICKET_LIFETIME) {
            Some(_) => Ok(self.token()),
            None => Err(Refusal(StatusCode::FORBIDDEN, "this link has been used: open the one that `parity requests open` prints")),
        }
    }
}

/// The value of a header that is there once.
fn only(asked: &Parts, name: impl header::AsHeaderName) -> Option<&str> {
    let mut values = asked.headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.to_str().ok()).flatten()
}

/// Any port: it may be forwarded from another machine.
fn is_loopback(host: &str) -> bool {
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "80"));
    matches!(name, "127.0.0.1" | "localhost" | "[::1]") && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}
