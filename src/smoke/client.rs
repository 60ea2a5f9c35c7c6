//! Asks over HTTP: one cookie jar, connections that are kept, every wait with an end.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use cookie_store::{CookieStore, RawCookie};
use http_body_util::{BodyExt, Full};
use hyper::header::{self, HeaderMap};
use hyper::{Request, Response, body::Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client as Pool, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use url::Url;

pub use super::base::Base;
use super::question::Question;
use super::text::size;
pub use super::trouble::Trouble;

/// More of a body is not kept.
pub const MOST_BODY: usize = 4 * 1024 * 1024;
const MOST_REDIRECTS: usize = 10;
/// A request that takes longer has failed.
pub const DEADLINE: Duration = Duration::from_secs(30);
/// Servers close idle connections after a few seconds; a request must not meet that.
const IDLE: Duration = Duration::from_millis(500);

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The body is longer than what was kept of it.
    pub cut: bool,
    /// When its head and when its end was there.
    pub took: Duration,
}

impl Answer {
    /// `302 Found`
    pub fn status_line(&self) -> String {
        let reason = hyper::StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        reason.map_or_else(|| self.status.to_string(), |reason| format!("{} {reason}", self.status))
    }

    /// The values of a header, in order.
    pub fn header(&self, name: &str) -> Vec<String> {
        self.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    }

    /// `302 Found, text/html, 0 bytes`
    pub fn summary(&self) -> String {
        let kind = self.header("content-type").into_iter().next().map(|kind| format!("{kind}, ")).unwrap_or_default();
        let more = if self.cut { "more than " } else { "" };
        format!("{}, {kind}{more}{}", self.status_line(), size(self.body.len()))
    }
}

type Plain = Pool<HttpConnector, Full<Bytes>>;
type Encrypted = Pool<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Asks, and remembers cookies. Shared by reference; several requests may be under way.
#[derive(Debug)]
pub struct Client {
    base: Base,
    plain: Plain,
    /// Made when it is needed: reading the system's certificates takes a while.
    encrypted: OnceLock<Result<Encrypted, String>>,
    jar: Mutex<CookieStore>,
    forgets: bool,
}

impl Client {
    pub fn new(base: Base) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { base, plain: pool(connector), encrypted: OnceLock::new(), jar: Mutex::default(), forgets: false }
    }

    /// One that sends no cookies but those of the question.
    pub fn without_cookies(base: Base) -> Self {
        Self { forgets: true, ..Self::new(base) }
    }

    pub fn base(&self) -> &Base {
        &self.base
    }

    /// Forgets all cookies.
    pub fn forget(&self) {
        self.jar().clear();
    }

    /// A cookie of the jar that would be sent to the base URL or to any page below it.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let jar = self.jar();
        let host = Url::parse(self.base.as_str()).ok();
        let host = host.as_ref().and_then(Url::host_str);
        let found = jar.iter_unexpired().filter(|cookie| cookie.name() == name);
        let here = |cookie: &&cookie_store::Cookie<'_>| host.is_some_and(|host| String::from(&cookie.domain) == host);
        let all: Vec<_> = found.collect();
        all.iter().find(|cookie| here(cookie)).or(all.first()).map(|cookie| cookie.value().to_owned())
    }

    /// Asks and waits for the whole answer, at most until the deadline.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn ask(&self, question: &Question, deadline: Duration) -> Result<Answer, Trouble> {
        let begun = Instant::now();
        let mut progress = None;
        match tokio::time::timeout(deadline, self.follow(question, &mut progress)).await {
            Ok(answer) => answer.map(|answer| Answer { took: begun.elapsed(), ..answer }),
            Err(_) => Err(match progress {
                None => Trouble::Hangs(deadline.as_secs()),
                Some(received) => Trouble::HangsInBody(deadline.as_secs(), size(received)),
            }),
        }
    }

    async fn follow(&self, question: &Question, received: &mut Option<usize>) -> Result<Answer, Trouble> {
        let mut question = question.clone();
        let mut url = self.base.join(&question.path);
        for _ in 0..=MOST_REDIRECTS {
            let parsed = Url::parse(&url).map_err(|why| Trouble::Unsendable(format!("`{url}`: {why}")))?;
            let response = self.send(&question, &url, &parsed).await?;
            let cookies = response.headers().get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
            let cookies = cookies.filter_map(|text| RawCookie::parse(text.to_owned()).ok());
            if !self.forgets {
                self.jar().store_response_cookies(cookies, &parsed);
            }
            let (head, body) = response.into_parts();
            let (body, cut) = read(body, received).await?;
            let answer = Answer { status: head.status.as_u16(), headers: head.headers, body, cut, took: Duration::ZERO };
            let location = answer.header("location").into_iter().next();
            let Some(location) = location.filter(|_| question.follow && matches!(answer.status, 301 | 302 | 303 | 307 | 308)) else {
                return Ok(answer);
            };
            let next = parsed.join(&location).map_err(|_| Trouble::Nowhere(location.clone()))?;
            if !matches!(next.scheme(), "http" | "https") {
                return Err(Trouble::Nowhere(location));
            }
            redirect(&mut question, answer.status, next.origin() == parsed.origin());
            url = next.into();
            *received = None;
        }
        Err(Trouble::Redirects(MOST_REDIRECTS, url))
    }

    /// The request as it is sent to a path of the base URL: with the jar's cookies and all other headers but `Host`.
    pub fn complete(&self, question: &Question) -> Question {
        let headers = Url::parse(&self.base.join(&question.path)).map(|url| self.headers(question, &url)).unwrap_or_default();
        Question { headers, cookies: Vec::new(), ..question.clone() }
    }

    fn headers(&self, question: &Question, url: &Url) -> Vec<(String, String)> {
        let mut headers = question.headers.clone();
        let mut add = |name: &str, value: String| {
            if !question.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                headers.push((name.to_owned(), value));
            }
        };
        add("user-agent", concat!("parity/", env!("CARGO_PKG_VERSION")).into());
        add("accept", "*/*".into());
        if let Some(authorization) = self.base.authorization(url) {
            add("authorization", authorization.into());
        }
        let mut cookies = question.cookies.clone();
        for (name, value) in self.jar().get_request_values(url) {
            if !cookies.iter().any(|(known, _)| known == name) {
                cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        if !cookies.is_empty() {
            let cookies: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            add("cookie", cookies.join("; "));
        }
        headers
    }

    async fn send(&self, question: &Question, url: &str, parsed: &Url) -> Result<Response<Incoming>, Trouble> {
        let unsendable = |why: &dyn std::fmt::Display| Trouble::Unsendable(why.to_string());
        let mut request = Request::builder().method(question.method.as_bytes()).uri(url);
        for (name, value) in self.headers(question, parsed) {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(question.body.clone()))).map_err(|why| unsendable(&why))?;
        let host = parsed[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
        let sent = if parsed.scheme() == "http" {
            self.plain.request(request).await
        } else {
            let encrypted = self.encrypted.get_or_init(encrypted).as_ref();
            encrypted.map_err(|why| Trouble::Tls(host.clone(), why.clone()))?.request(request).await
        };
        sent.map_err(|why| Trouble::of(&why, &host))
    }

    fn jar(&self) -> std::sync::MutexGuard<'_, CookieStore> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pool<C>(connector: C) -> Pool<C, Full<Bytes>>
where
    C: hyper_util::client::legacy::connect::Connect + Clone,
{
    Pool::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE).build(connector)
}

/// With the system's certificates, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
fn encrypted() -> Result<Encrypted, String> {
    let connector = HttpsConnectorBuilder::new().with_native_roots().map_err(|why| why.to_string())?;
    Ok(pool(connector.https_or_http().enable_http1().build()))
}

async fn read(mut body: Incoming, received: &mut Option<usize>) -> Result<(Bytes, bool), Trouble> {
    let mut bytes = BytesMut::new();
    *received = Some(0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|why| Trouble::in_body(&why, size(bytes.len())))?;
        let Ok(data) = frame.into_data() else { continue };
        let room = MOST_BODY - bytes.len();
        bytes.extend_from_slice(&data[..data.len().min(room)]);
        *received = Some(bytes.len());
        if data.len() > room {
            return Ok((bytes.freeze(), true));
        }
    }
    Ok((bytes.freeze(), false))
}

/// What a browser asks next.
fn redirect(question: &mut Question, status: u16, same_origin: bool) {
    let becomes_get = match status {
        303 => question.method != "HEAD",
        301 | 302 => question.method == "POST",
        _ => false,
    };
    if becomes_get {
        question.method = "GET".into();
        question.body = Vec::new();
        question.headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("content-"));
    }
    if !same_origin {
        question.cookies = Vec::new();
        let private = ["authorization", "cookie", "host", "origin"];
        question.headers.retain(|(name, _)| !private.contains(&name.to_ascii_lowercase().as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_keeps_what_it_may() {
        let asked = Question {
            method: "POST".into(),
            headers: vec![("Content-Type".into(), "text/plain".into()), ("Authorization".into(), "x".into()), ("X".into(), "y".into())],
            body: b"z".to_vec(),
            ..Question::default()
        };
        let after = |status, same| {
            let mut question = asked.clone();
            redirect(&mut question, status, same);
            (question.method, question.headers.len(), question.body.len())
        };
        assert_eq!(after(303, true), ("GET".into(), 2, 0));
        assert_eq!(after(307, true), ("POST".into(), 3, 1));
        assert_eq!(after(302, false), ("GET".into(), 1, 0));
    }
}
