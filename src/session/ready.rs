//! Does the application answer? Asked over HTTP, each time on a fresh connection: through the published port, or through the
//! engine at an address that only the server's own network has.

use std::time::Duration;

use bollard::container::LogOutput;
use futures_util::StreamExt;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::engine::Engine;
use crate::engine::exec::{Command, Running};
use crate::runtime;

/// Between two questions; the server is usually there after a few.
const PAUSE: Duration = Duration::from_millis(10);
/// The same where what starts meanwhile is waited for more than this answer.
const LISTENS_PAUSE: Duration = Duration::from_millis(40);
/// Apache refuses at once, unless it is not there yet.
const ANSWERS: Duration = Duration::from_secs(2);

/// Asks until there is an answer that is the application's. Apache's own 502, 503 and 504 are not.
/// Never returns without one: the caller sets the deadline.
pub async fn answer(url: &str) -> u16 {
    loop {
        if let Ok(status) = ask(url, None).await
            && !matches!(status, 502..=504)
        {
            return status;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// One question by another name of the server's, as a browser asks that has it in its address line: the status.
pub async fn answer_by_name(url: &str, name: &str) -> Option<u16> {
    tokio::time::timeout(ANSWERS, ask(url, Some(name))).await.ok()?.ok()
}

/// A URL with another host, and the same port.
pub fn with_host(url: &str, name: &str) -> Option<String> {
    let (authority, path) = split(url).ok()?;
    let host = authority.rsplit_once(':').map_or_else(|| name.to_owned(), |(_, port)| format!("{name}:{port}"));
    Some(if url.ends_with(&path) { format!("http://{host}{path}") } else { format!("http://{host}") })
}

/// Asks until Apache itself answers, by a question that never reaches the application: HTTP/1.1 without a host is refused with 400.
/// A port that is published takes connections before anybody listens behind it.
pub async fn listens(url: &str) {
    while !matches!(refusal(url).await, Ok(true)) {
        tokio::time::sleep(LISTENS_PAUSE).await;
    }
}

async fn refusal(url: &str) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    let (authority, _) = split(url)?;
    let ask = async {
        let mut stream = TcpStream::connect(authority).await?;
        stream.write_all(format!("GET / HTTP/1.1\r\nUser-Agent: {USER_AGENT}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
        let mut head = [0; 16];
        let read = stream.read(&mut head).await?;
        Ok(head[..read].starts_with(b"HTTP/1."))
    };
    tokio::time::timeout(ANSWERS, ask).await?
}

/// The same of a server that listens at an address inside of a container.
pub async fn answer_inside(engine: &Engine, container: &str, url: &str, address: &str) -> u16 {
    loop {
        if let Ok(status) = ask_inside(engine, container, url, address).await
            && !matches!(status, 502..=504)
        {
            return status;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// One question, passed on by a program in the container as soon as the server listens.
async fn ask_inside(engine: &Engine, container: &str, url: &str, address: &str) -> Result<u16, Box<dyn std::error::Error + Send + Sync>> {
    let (authority, path) = split(url)?;
    let argv = runtime::program(&["takeover", "ask", address]);
    let command = Command { argv, tty: false, stdin: true, env: Vec::new(), working_directory: Some("/".into()) };
    let Running { mut output, mut input, .. } = engine.exec(container, &command).await?;
    let question = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {USER_AGENT}\r\nConnection: close\r\n\r\n");
    input.write_all(question.as_bytes()).await?;
    input.flush().await?;
    let mut head = Vec::new();
    while let Some(piece) = output.next().await {
        if let LogOutput::StdOut { message } = piece? {
            head.extend_from_slice(&message);
        }
        if head.contains(&b'\n') {
            break;
        }
    }
    let status = status_in(&head).ok_or("not an answer")?;
    // A stream without an end is an answer too: its head is enough.
    let _ = tokio::time::timeout(Duration::from_secs(1), async { while output.next().await.is_some() {} }).await;
    Ok(status)
}

/// The status in an answer's first line.
fn status_in(head: &[u8]) -> Option<u16> {
    std::str::from_utf8(head.split(|byte| *byte == b'\n').next()?).ok()?.trim_end().strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()
}

const USER_AGENT: &str = concat!("parity/", env!("CARGO_PKG_VERSION"));

/// Who is asked for what.
fn split(url: &str) -> Result<(&str, String), &'static str> {
    let rest = url.strip_prefix("http://").ok_or("not http")?;
    Ok(rest.split_once('/').map_or((rest, "/".to_owned()), |(authority, path)| (authority, format!("/{path}"))))
}

/// One question: the status of a GET.
async fn ask(url: &str, name: Option<&str>) -> Result<u16, Box<dyn std::error::Error + Send + Sync>> {
    let (authority, path) = split(url)?;
    let named = name.and_then(|name| with_host(url, name));
    let host = named.as_deref().map_or(Ok(authority), |named| split(named).map(|(host, _)| host))?;
    let stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get(path)
        .header("Host", host)
        .header("User-Agent", USER_AGENT)
        .header("Connection", "close")
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await;
    let status = match response {
        Ok(response) => {
            let status = response.status().as_u16();
            // A stream without an end is an answer too: its head is enough.
            let _ = tokio::time::timeout(Duration::from_secs(1), response.into_body().collect()).await;
            Ok(status)
        }
        Err(error) => Err(error.into()),
    };
    connection.abort();
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_name_keeps_port_and_path() {
        let named = |url| with_host(url, "localhost").unwrap();
        assert_eq!(named("http://127.0.0.1:8000"), "http://localhost:8000");
        assert_eq!(named("http://127.0.0.1:8000/app/"), "http://localhost:8000/app/");
        assert_eq!(named("http://127.0.0.1"), "http://localhost");
    }

    #[test]
    fn the_status_is_in_the_first_line() {
        assert_eq!(status_in(b"HTTP/1.1 302 Found\r\nLocation: /200 \r\n"), Some(302));
        assert_eq!(status_in(b"HTTP/1.0 200\r\n"), Some(200));
        assert_eq!(status_in(b"Traceback (most recent call last):\n"), None);
        assert_eq!(split("http://127.0.0.1:80/a/b"), Ok(("127.0.0.1:80", "/a/b".into())));
        assert_eq!(split("http://127.0.0.1:80"), Ok(("127.0.0.1:80", "/".into())));
    }
}
