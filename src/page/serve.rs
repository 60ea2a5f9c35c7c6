//! The HTTP server.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use super::{Answer, Page, Step, answer};
use crate::error::Result;

/// A browser has six.
const MOST_CONNECTIONS: usize = 64;
/// A connection that asks nothing is closed.
const HEAD_PATIENCE: Duration = Duration::from_secs(15);
/// After a connection could not be accepted: there may be too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers until it is dropped. `replay` asks a request again, and says what came of it.
pub async fn serve(listener: TcpListener, page: &Page, replay: impl AsyncFn(i64) -> Result<Value>) {
    let replay = &replay;
    let mut connections = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => match accepted {
                Ok((stream, _)) => connections.push(connection(stream, page, replay)),
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            Some(()) = connections.next() => {}
        }
    }
}

async fn connection(stream: TcpStream, page: &Page, replay: &impl AsyncFn(i64) -> Result<Value>) {
    let service = service_fn(async |request: hyper::Request<hyper::body::Incoming>| {
        // Bodies are not read: nothing is asked with one.
        let (asked, _) = request.into_parts();
        let answer: Answer = match page.step(&asked) {
            Step::Answer(answer) => answer,
            Step::Search(text) => answer(page.search(text).await),
            Step::Replay(id) => answer(replay(id).await),
        };
        Ok::<_, Infallible>(answer)
    });
    // What a browser breaks off is its own affair.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
