//! A browser as far as tests need one: cookies, forms, no more.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Keeps cookies between requests.
#[derive(Debug)]
pub struct Browser {
    authority: String,
    accept: Option<String>,
    cookies: BTreeMap<String, String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Browser {
    #[track_caller]
    pub fn at(url: &str) -> Self {
        let authority = url.trim_end_matches('/').strip_prefix("http://").unwrap_or_else(|| panic!("{url:?} is no URL"));
        Self { authority: authority.into(), accept: None, cookies: BTreeMap::new() }
    }

    /// One who wants this kind of answer.
    pub fn accepting(mut self, kind: &str) -> Self {
        self.accept = Some(kind.into());
        self
    }

    /// The same person, another server.
    pub fn take_cookies_of(&mut self, other: &Self) {
        self.cookies.clone_from(&other.cookies);
    }

    #[track_caller]
    pub fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    /// `None` when the connection ends without an answer.
    pub fn try_get(&mut self, path: &str) -> Option<Answer> {
        self.try_send("GET", path, None).ok()
    }

    #[track_caller]
    pub fn post(&mut self, path: &str, content_type: &str, body: &[u8]) -> Answer {
        self.send("POST", path, Some((content_type, body)))
    }

    /// Sends a form of Django's, with the token that the page with the form has set.
    #[track_caller]
    pub fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.cookies.get("csrftoken").cloned().unwrap_or_default();
        let fields = fields.iter().copied().chain([("csrfmiddlewaretoken", token.as_str())]);
        let form: Vec<String> = fields.map(|(name, value)| format!("{name}={value}")).collect();
        self.post(path, "application/x-www-form-urlencoded", form.join("&").as_bytes())
    }

    #[track_caller]
    fn send(&mut self, method: &str, path: &str, body: Option<(&str, &[u8])>) -> Answer {
        let answer = self.try_send(method, path, body).unwrap_or_else(|error| panic!("{method} {path} at {}: {error}", self.authority));
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.into(), value.into());
        }
        answer
    }

    /// In HTTP/1.0, which ends a body by ending the connection.
    fn try_send(&self, method: &str, path: &str, body: Option<(&str, &[u8])>) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(&self.authority)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let mut request = format!("{method} {path} HTTP/1.0\r\nHost: {}\r\n", self.authority);
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request += &format!("Cookie: {}\r\n", cookies.join("; "));
        }
        if let Some(accept) = &self.accept {
            request += &format!("Accept: {accept}\r\n");
        }
        if let Some((content_type, body)) = body {
            request += &format!("Content-Type: {content_type}\r\nContent-Length: {}\r\n", body.len());
        }
        stream.write_all(format!("{request}\r\n").as_bytes())?;
        stream.write_all(body.map(|(_, body)| body).unwrap_or_default())?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or(std::io::ErrorKind::InvalidData)?;
        let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.into())).collect();
        Ok(Answer { status, headers, body: bytes.split_off(end + 4) })
    }
}

impl Answer {
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{self}");
        self
    }

    /// The body holds this.
    #[track_caller]
    pub fn has(self, part: &str) -> Self {
        assert!(self.text().contains(part), "{part:?} is not in {self}");
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HTTP {} {:?}\n{}", self.status, self.headers, self.text())
    }
}
