//! Ctrl-C, SIGTERM and SIGHUP, counted. The first asks to stop, the second not to wait any longer, the third to leave things
//! as they are. They are heard on a thread of their own: whatever the program is in the middle of, it can be ended.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};

use crate::error::{Failure, Kind, Result};

/// Signals after which nothing more is cleared up.
const LEAVE: u32 = 3;
/// The same, after the first one: longer than the clearing up of any command takes where the engine answers.
const PATIENCE: Duration = Duration::from_secs(30);
/// For the program to end by itself then.
const LAST: Duration = Duration::from_secs(2);

/// Listens from the moment it is made until the process ends; it stays awake while things are being stopped.
#[derive(Debug, Clone)]
pub struct Interrupts {
    count: watch::Receiver<u32>,
    sender: Arc<watch::Sender<u32>>,
}

impl Interrupts {
    /// # Errors
    /// When the system refuses signal handlers, which it does not.
    pub fn listen() -> Result<Self> {
        let failed = |error: std::io::Error| Failure::new(Kind::Other, "cannot listen for signals").caused_by(&error);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let entered = runtime.enter();
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
        drop(entered);
        let (sender, count) = watch::channel(0);
        let sender = Arc::new(sender);
        let heard = Arc::clone(&sender);
        let listen = async move {
            let mut leave = std::pin::pin!(None::<tokio::time::Sleep>);
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hangup.recv() => {}
                    () = when(leave.as_mut()) => return,
                }
                heard.send_modify(|count| *count += 1);
                let count = *heard.borrow();
                if count == 1 {
                    leave.set(Some(tokio::time::sleep(PATIENCE)));
                } else if count >= LEAVE {
                    return;
                }
            }
        };
        thread::spawn(move || {
            runtime.block_on(listen);
            GIVEN_UP.notify_one();
            thread::sleep(LAST);
            // The program is stuck in something that never waits for the runtime.
            std::process::exit(Kind::Interrupted.exit_code().into());
        });
        Ok(Self { count, sender })
    }

    /// Takes something else for the first signal as well: the end of whoever reads what the command writes.
    pub fn also(&self, happens: impl Future<Output = ()> + Send + 'static) {
        let sender = Arc::clone(&self.sender);
        tokio::spawn(async move {
            happens.await;
            sender.send_if_modified(|count| {
                let is_first = *count == 0;
                *count += u32::from(is_first);
                is_first
            });
        });
    }

    /// Takes something else for two signals: keys of a terminal that sends none.
    pub fn insist(&self) {
        self.sender.send_modify(|count| *count = (*count).max(2));
        tokio::spawn(async {
            tokio::time::sleep(PATIENCE).await;
            GIVEN_UP.notify_one();
        });
    }

    /// Returns when a command that was interrupted has had time enough to end. Whoever runs it drops it then.
    pub async fn given_up() {
        GIVEN_UP.notified().await;
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

static GIVEN_UP: Notify = Notify::const_new();

/// Returns at a moment, if there is one.
async fn when(moment: std::pin::Pin<&mut Option<tokio::time::Sleep>>) {
    match moment.as_pin_mut() {
        Some(moment) => moment.await,
        None => std::future::pending().await,
    }
}

/// The failure that is not one: the user asked for it.
pub fn interrupted() -> Failure {
    Failure::new(Kind::Interrupted, "interrupted")
}
