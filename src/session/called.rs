//! Processes of a server that are called by the debugger's way in: what they say, line by line, until nobody listens any more.
//!
//! The container is not trusted (`docs/security.md`): its lines are data, of limited length.

use std::pin::Pin;

use bollard::container::LogOutput;
use futures_util::StreamExt;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::engine::Engine;
use crate::engine::exec::{Command, Running};
use crate::error::Result;
use crate::units::lines::Lines;
use crate::units::visible;

/// Bytes of a line of a process.
const LONGEST_LINE: usize = 16 << 20;
/// Bytes of what went wrong.
const MOST_SAID: usize = 4096;

/// The program in the container that has called them; it ends with its stdin.
pub struct Called {
    running: Option<Running>,
    input: Pin<Box<dyn AsyncWrite + Send>>,
    lines: Lines,
    said: Vec<u8>,
}

impl std::fmt::Debug for Called {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Called").finish_non_exhaustive()
    }
}

/// Takes one step after the other while some work is under way: its value, or none where the steps have come to an end before.
pub async fn beside<T>(work: impl Future<Output = T>, mut step: impl AsyncFnMut() -> bool) -> Option<T> {
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return Some(done),
            goes_on = step() => if !goes_on {
                return None;
            },
        }
    }
}

impl Called {
    /// # Errors
    /// The engine's.
    pub async fn call(engine: &Engine, container: &str, argv: Vec<String>) -> Result<Self> {
        let command = Command { argv, tty: false, stdin: true, env: Vec::new(), working_directory: Some("/".into()) };
        let mut running = engine.exec(container, &command).await?;
        let input = std::mem::replace(&mut running.input, Box::pin(tokio::io::sink()));
        Ok(Self { running: Some(running), input, lines: Lines::up_to(LONGEST_LINE), said: Vec::new() })
    }

    /// The lines that come next; `None`: there are no more.
    pub async fn next(&mut self) -> Option<Vec<Vec<u8>>> {
        let running = self.running.as_mut()?;
        match running.output.next().await {
            Some(Ok(LogOutput::StdErr { message })) => {
                let room = MOST_SAID.saturating_sub(self.said.len());
                self.said.extend(message.into_iter().take(room));
                Some(Vec::new())
            }
            Some(Ok(piece)) => Some(self.lines.feed(&piece.into_bytes())),
            _ => {
                self.running = None;
                None
            }
        }
    }

    /// Nobody wants them any longer: they say what they still have to say.
    pub async fn hang_up(&mut self) {
        // It may have ended by itself.
        let _ = self.input.shutdown().await;
    }

    /// The last thing that went wrong.
    pub fn complaint(&self) -> Option<String> {
        String::from_utf8_lossy(&self.said).lines().rev().find(|line| !line.trim().is_empty()).map(visible)
    }
}
