//! What a container writes.

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use bollard::query_parameters::LogsOptionsBuilder;

use crate::engine::connect::Engine;
use crate::engine::error::explain;
use crate::error::Result;

/// Where reading a log begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStart {
    Beginning,
    LastLines(u32),
    /// What was written after a moment, by the engine's clock.
    After(OffsetDateTime),
}

/// A piece of a container's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Stdout(Bytes),
    Stderr(Bytes),
}

impl Engine {
    /// What the container wrote, and on as long as it runs if `follow`.
    pub fn logs(&self, id: &str, follow: bool, from: LogStart) -> impl Stream<Item = Result<Output>> + Send + use<> {
        let options = LogsOptionsBuilder::default().follow(follow).stdout(true).stderr(true);
        self.read(id, options, from)
    }

    /// What it writes to stderr alone, as it comes.
    pub fn errors(&self, id: &str, from: LogStart) -> impl Stream<Item = Result<Output>> + Send + use<> {
        self.read(id, LogsOptionsBuilder::default().follow(true).stderr(true), from)
    }

    fn read(&self, id: &str, options: LogsOptionsBuilder, from: LogStart) -> impl Stream<Item = Result<Output>> + Send + use<> {
        let options = match from {
            LogStart::Beginning => options.tail("all"),
            LogStart::LastLines(lines) => options.tail(&lines.to_string()),
            // Engines cut by whole seconds; the rest is done here, by the time in front of each line.
            LogStart::After(moment) => options.since(i32::try_from(moment.unix_timestamp()).unwrap_or(0)).timestamps(true),
        };
        let moment = if let LogStart::After(moment) = from { Some(moment) } else { None };
        async_stream(self.api.clone(), id.to_owned(), options.build()).filter_map(move |piece| {
            std::future::ready(match (piece, moment) {
                (Ok(piece), Some(moment)) => piece.after(moment).map(Ok),
                (piece, _) => Some(piece),
            })
        })
    }
}

impl Output {
    /// The line without the time in front of it; `None` if it was written before the moment.
    fn after(self, moment: OffsetDateTime) -> Option<Self> {
        let strip = |bytes: Bytes| {
            let end = bytes.iter().position(|byte| *byte == b' ')?;
            let time = std::str::from_utf8(&bytes[..end]).ok().and_then(|time| OffsetDateTime::parse(time, &Rfc3339).ok())?;
            (time > moment).then(|| bytes.slice(end + 1..))
        };
        match self {
            Output::Stdout(bytes) => strip(bytes).map(Output::Stdout),
            Output::Stderr(bytes) => strip(bytes).map(Output::Stderr),
        }
    }
}

fn async_stream(
    api: bollard::Docker,
    id: String,
    options: bollard::query_parameters::LogsOptions,
) -> impl Stream<Item = Result<Output>> + Send {
    use bollard::container::LogOutput;
    let (sender, receiver) = tokio::sync::mpsc::channel(256);
    tokio::spawn(async move {
        let mut stream = std::pin::pin!(api.logs(&id, Some(options)));
        while let Some(piece) = stream.next().await {
            let piece = match piece {
                Ok(LogOutput::StdErr { message }) => Ok(Output::Stderr(message)),
                Ok(LogOutput::StdOut { message } | LogOutput::Console { message } | LogOutput::StdIn { message }) => {
                    Ok(Output::Stdout(message))
                }
                Err(error) => Err(explain(&error, "lost the container's log")),
            };
            if sender.send(piece).await.is_err() {
                return;
            }
        }
    });
    futures_util::stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|piece| (piece, receiver)) })
}
