//! A small application to check, and a server that can misbehave.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Debug)]
pub struct Server {
    pub url: String,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    /// `GET /path`, in the order of their arrival.
    asked: Mutex<Vec<String>>,
    now: AtomicUsize,
    most: AtomicUsize,
    flaky: AtomicUsize,
    left: Mutex<Option<usize>>,
    dead: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl Server {
    pub fn start() -> Self {
        Self::dying_after(None)
    }

    /// It is gone, with its port, after so many answers.
    pub fn dying_after(answers: impl Into<Option<usize>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State { left: Mutex::new(answers.into()), ..State::default() });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.dead.load(Ordering::SeqCst) {
                    return;
                }
                let stream = stream.unwrap();
                shared.open.lock().unwrap().push(stream.try_clone().unwrap());
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || {
                    let _ = shared.serve(stream, address.port());
                });
            }
        });
        Self { url: format!("http://{address}"), state }
    }

    pub fn asked(&self) -> Vec<String> {
        self.state.asked.lock().unwrap().clone()
    }

    /// The most requests that were under way at once.
    pub fn most_at_once(&self) -> usize {
        self.state.most.load(Ordering::SeqCst)
    }
}

impl State {
    fn serve(&self, mut stream: TcpStream, port: u16) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        // The beginning of an encrypted connection.
        if reader.fill_buf()?.first() == Some(&0x16) {
            return stream.write_all(&page(400, &["Connection: close"], "speak HTTP"));
        }
        while let Some(asked) = read(&mut reader)? {
            self.asked.lock().unwrap().push(format!("{} {}", asked.method, asked.path));
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            let answer = self.answer(&asked);
            self.now.fetch_sub(1, Ordering::SeqCst);
            let Some(answer) = answer else { return stream.shutdown(Shutdown::Both) };
            stream.write_all(&answer)?;
            if asked.path == "/cut" || asked.path == "/garbage" {
                return stream.shutdown(Shutdown::Both);
            }
            if asked.path == "/drip" {
                std::thread::sleep(Duration::from_secs(60));
            }
            let mut left = self.left.lock().unwrap();
            if let Some(left) = &mut *left {
                *left -= 1;
                if *left == 0 {
                    self.dead.store(true, Ordering::SeqCst);
                    // Wakes the listener, which ends.
                    let _ = TcpStream::connect(("127.0.0.1", port));
                    for stream in self.open.lock().unwrap().drain(..) {
                        let _ = stream.shutdown(Shutdown::Both);
                    }
                }
            }
        }
        Ok(())
    }

    /// Bytes, or nothing but the end of the connection.
    fn answer(&self, asked: &Asked) -> Option<Vec<u8>> {
        let cookie = |name: &str| {
            let cookies = asked.headers.get("cookie").map(String::as_str).unwrap_or_default();
            cookies
                .split("; ")
                .filter_map(|cookie| cookie.split_once('='))
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.to_owned())
        };
        let path = asked.path.split('?').next().unwrap_or_default();
        Some(match (asked.method.as_str(), path) {
            ("GET" | "HEAD", "/") => page(
                200,
                &["Content-Type: text/html; charset=utf-8", "X-Frame-Options: DENY", "Set-Cookie: a=1", "Set-Cookie: b=2"],
                "<html><h1 class=title>Hello,\n you</h1>\n<ul><li>one<li>two</ul>\n<a href=/x>n=42</a></html>",
            ),
            ("GET", "/json") => json(200, r#"{"name":"a","number":1.5,"one":1.0,"list":[1,{"a":true},"x"],"nothing":null,"id":7}"#),
            ("GET", "/login/") => page(
                200,
                &["Content-Type: text/html", "Set-Cookie: csrftoken=abc123; Path=/; SameSite=Lax"],
                "<form method=post><input name=csrfmiddlewaretoken value=abc123 type=hidden></form>",
            ),
            ("POST", "/login/") => {
                let fields: HashMap<_, _> = asked.body.split('&').filter_map(|pair| pair.split_once('=')).collect();
                let token = cookie("csrftoken");
                if token.is_none() || token.as_deref() != fields.get("csrfmiddlewaretoken").copied() {
                    page(403, &[], "CSRF verification failed")
                } else if fields.get("password") == Some(&"p%26ss+word") {
                    page(302, &["Location: /me?from=login", "Set-Cookie: sessionid=s3ss; HttpOnly; Secure; Path=/"], "")
                } else {
                    page(200, &[], "wrong password")
                }
            }
            ("GET", "/me") if cookie("sessionid").as_deref() == Some("s3ss") => json(200, r#"{"name":"a","id":7}"#),
            ("GET", "/me") => page(302, &["Location: /login/?next=/me"], ""),
            (method, "/echo") => {
                let headers: serde_json::Map<_, _> =
                    asked.headers.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
                let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap_or(asked.body.clone().into());
                json(200, &serde_json::json!({"method": method, "path": asked.path, "headers": headers, "body": body}).to_string())
            }
            ("GET", "/cut") => b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.".to_vec(),
            ("GET", "/garbage") => b"\x01\x02 this is no HTTP\r\n\r\n".to_vec(),
            ("GET", "/close") => return None,
            ("GET", "/hang") => {
                std::thread::sleep(Duration::from_secs(60));
                return None;
            }
            ("GET", "/drip") => b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.".to_vec(),
            ("GET", "/flaky") if self.flaky.fetch_add(1, Ordering::SeqCst) < 3 => page(503, &[], "not yet"),
            ("GET", "/flaky") => page(200, &[], "now"),
            ("GET", "/big") => page(200, &[], &"x".repeat(5 * 1024 * 1024)),
            ("GET", "/lines") => page(200, &[], &(0..200).map(|n| format!("line {n}\n")).collect::<String>()),
            ("GET", "/hostile") => page(500, &[], "\x1b[2J\n::error::owned\nTOKEN=s3cr3t-value &amp; more\n</failure>]]>"),
            ("GET", path) if path.starts_with("/status/") => page(path[8..].trim_end_matches('/').parse().unwrap_or(200), &[], "x"),
            ("GET", "/redirect/0") => page(200, &[], "the end"),
            ("GET", path) if path.starts_with("/redirect/") => {
                let next = path[10..].parse::<u32>().unwrap() - 1;
                page(302, &[&format!("Location: {next}")], "")
            }
            ("GET", path) if path.starts_with("/wait/") => {
                std::thread::sleep(Duration::from_millis(path[6..].parse().unwrap()));
                page(200, &[], path)
            }
            ("POST", "/write") => page(201, &[], ""),
            _ => page(404, &[], "there is nothing here"),
        })
    }
}

fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Asked>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ');
    let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Asked { method, path, headers, body: String::from_utf8_lossy(&body).into_owned() }))
}

fn json(status: u16, body: &str) -> Vec<u8> {
    page(status, &["Content-Type: application/json"], body)
}

fn page(status: u16, headers: &[&str], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len()).into_bytes()
}
