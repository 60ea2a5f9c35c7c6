//! Ctrl-C, SIGTERM and SIGHUP, counted. The first asks to stop, the second not to wait any longer.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::error::{Failure, Kind, Result};

/// Listens from the moment it is made until the process ends; it stays awake while things are being stopped.
#[derive(Debug, Clone)]
pub struct Interrupts {
    count: watch::Receiver<u32>,
}

impl Interrupts {
    /// # Errors
    /// When the system refuses signal handlers, which it does not.
    pub fn listen() -> Result<Self> {
        let failed = |error: std::io::Error| Failure::new(Kind::Other, "cannot listen for signals").caused_by(&error);
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
        let (sender, count) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hangup.recv() => {}
                }
                sender.send_modify(|count| *count += 1);
            }
        });
        Ok(Self { count })
    }

    /// Signals so far.
    pub fn count(&self) -> u32 {
        *self.count.borrow()
    }

    /// Returns once that many signals have come.
    pub async fn reached(&self, times: u32) {
        let mut count = self.count.clone();
        // The sender lives as long as the process: an error cannot come before the signals do.
        let _ = count.wait_for(|count| *count >= times).await;
    }

    /// Does some work unless the first signal comes before it is done.
    ///
    /// # Errors
    /// `Kind::Interrupted`, or the work's own failure.
    pub async fn or<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.reached(1) => Err(interrupted()),
            done = work => done,
        }
    }
}

/// The failure that is not one: the user asked for it.
pub fn interrupted() -> Failure {
    Failure::new(Kind::Interrupted, "interrupted")
}
