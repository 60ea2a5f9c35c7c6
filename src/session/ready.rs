//! Does the application answer? Asked over HTTP through the published port, each time on a fresh connection.

use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Between two questions; the server is usually there after a few.
const PAUSE: Duration = Duration::from_millis(10);

/// Asks until there is an answer that is the application's. Apache's own 502, 503 and 504 are not.
/// Never returns without one: the caller sets the deadline.
pub async fn answer(url: &str) -> u16 {
    loop {
        if let Ok(status) = ask(url).await
            && !matches!(status, 502..=504)
        {
            return status;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// One question: the status of a GET.
async fn ask(url: &str) -> Result<u16, Box<dyn std::error::Error + Send + Sync>> {
    let rest = url.strip_prefix("http://").ok_or("not http")?;
    let (authority, path) = rest.split_once('/').map_or((rest, "/".to_owned()), |(authority, path)| (authority, format!("/{path}")));
    let stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get(path)
        .header("Host", authority)
        .header("User-Agent", concat!("parity/", env!("CARGO_PKG_VERSION")))
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
