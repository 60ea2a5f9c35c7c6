//! The thread that stores what is recorded.

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use super::{Logged, Piece, Settings, Told};
use crate::requests::message::{Message, read};
use crate::requests::{Recorded, Store};

/// This thread gives way to the server: what came is stored a moment later where all processors are busy.
const NICENESS: i32 = 10;
/// Requests that are stored in one step.
const MOST_AT_ONCE: usize = 200;
/// A request waits so long for what it logged, as the two come in different ways; longer where the log is behind.
const FOR_ITS_LOG: Duration = Duration::from_millis(100);
const AT_MOST: Duration = Duration::from_secs(3);
/// One that failed and has nothing in the log yet waits longer: it is to be expected there, and the engine may be busy.
const FOR_A_TRACEBACK: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(10);
/// Requests that wait, and bytes of their bodies; beyond that the oldest are stored.
const MOST_WAITING: usize = 2000;
const MOST_BYTES: u64 = 32 << 20;

/// Requests that are about to be stored, in the order in which they began: processes send theirs when they are answered, some at a time.
#[derive(Default)]
struct Waiting {
    requests: VecDeque<(Instant, Recorded)>,
    bytes: u64,
}

impl Waiting {
    fn push(&mut self, recorded: Recorded) {
        self.bytes += recorded.expose().bytes();
        let began = recorded.expose().began;
        let later = self.requests.iter().rev().take_while(|(_, other)| other.expose().began > began).count();
        self.requests.insert(self.requests.len() - later, (Instant::now(), recorded));
    }

    /// The next one that need not wait any longer.
    fn due(&mut self, at_once: bool, logged: &Logged) -> Option<Recorded> {
        let (since, recorded) = self.requests.front()?;
        let full = self.requests.len() > MOST_WAITING || self.bytes > MOST_BYTES;
        if !at_once && !full && since.elapsed() < patience(recorded, logged) {
            return None;
        }
        let (_, recorded) = self.requests.pop_front()?;
        self.bytes -= recorded.expose().bytes();
        Some(recorded)
    }
}

/// Stores what comes. Returns how many requests that were.
pub fn write(
    mut store: Store,
    mut pieces: mpsc::UnboundedReceiver<Piece>,
    settings: &Settings,
    logged: &Logged,
    tell: &mpsc::UnboundedSender<Told>,
) -> u64 {
    // Of this thread alone. Where it is refused all goes on as it is.
    let _ = rustix::process::nice(NICENESS);
    let (mut stored, mut failing, mut unstored) = (0, false, 0);
    let mut waiting = Waiting::default();
    let mut ended = false;
    while !ended || !waiting.requests.is_empty() {
        let mut lost = 0;
        let mut next = next(&mut pieces, !waiting.requests.is_empty(), &mut ended);
        while let Some(piece) = next {
            for message in piece.messages {
                match read(&message) {
                    Some(Message::Recorded(recorded)) if settings.marks.wants(recorded.expose().began) => waiting.push(*recorded),
                    Some(Message::Recorded(_)) | None => {}
                    Some(Message::Lost(count)) => lost += count,
                    Some(Message::Collecting) => drop(tell.send(Told::Collecting)),
                }
            }
            next = if waiting.requests.len() < MOST_WAITING { pieces.try_recv().ok() } else { None };
        }
        let due = std::iter::from_fn(|| waiting.due(ended, logged)).take(MOST_AT_ONCE);
        let batch: Vec<Recorded> = due.map(|recorded| settings.storing.exchange(with_log(recorded, logged))).collect();
        if !batch.is_empty() {
            match store.insert(&batch, settings.keep) {
                Ok(ids) => {
                    stored += ids.len() as u64;
                    for (recorded, id) in batch.iter().zip(ids) {
                        settings.marks.stored(recorded.expose().mark.as_deref(), id);
                    }
                    failing = false;
                    lost += std::mem::take(&mut unstored);
                }
                Err(failure) => {
                    unstored += batch.len() as u64;
                    if !std::mem::replace(&mut failing, true) {
                        let _ = tell.send(Told::Failed(failure));
                    }
                }
            }
        }
        if lost > 0 {
            let _ = tell.send(Told::Lost(lost));
        }
    }
    if unstored > 0 {
        let _ = tell.send(Told::Lost(unstored));
    }
    stored
}

/// What comes next; for a moment only, where something waits.
fn next(pieces: &mut mpsc::UnboundedReceiver<Piece>, something_waits: bool, ended: &mut bool) -> Option<Piece> {
    if !something_waits {
        let next = pieces.blocking_recv();
        *ended = next.is_none();
        return next;
    }
    match pieces.try_recv() {
        Ok(next) => Some(next),
        Err(TryRecvError::Empty) => {
            std::thread::sleep(STEP);
            None
        }
        Err(TryRecvError::Disconnected) => {
            *ended = true;
            None
        }
    }
}

/// How long a request waits for what it logged.
fn patience(recorded: &Recorded, logged: &Logged) -> Duration {
    let exchange = recorded.expose();
    let end = exchange.began.saturating_add_unsigned(exchange.timings.total);
    let logged = logged.lock().unwrap_or_else(PoisonError::into_inner);
    if logged.is_behind(end) {
        AT_MOST
    } else if exchange.status.is_none_or(|status| status >= 500) && !logged.has_any(exchange.pid, exchange.thread, exchange.began) {
        FOR_A_TRACEBACK
    } else {
        FOR_ITS_LOG
    }
}

fn with_log(recorded: Recorded, logged: &Logged) -> Recorded {
    let mut exchange = recorded.into_exposed();
    let mut logged = logged.lock().unwrap_or_else(PoisonError::into_inner);
    (exchange.log, exchange.more_log) = logged.take(exchange.pid, exchange.thread, exchange.began, exchange.timings.total);
    drop(logged);
    Recorded::new(exchange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::Printed;
    use crate::requests::testing;

    #[test]
    fn requests_are_stored_in_the_order_in_which_they_began() {
        let (mut waiting, logged) = (Waiting::default(), Logged::default());
        for began in [3, 1, 5, 2] {
            waiting.push(Recorded::new(testing::exchange(|exchange| exchange.began = began)));
        }
        assert!(waiting.due(false, &logged).is_none(), "its log may come");
        let order: Vec<i64> = std::iter::from_fn(|| waiting.due(true, &logged)).map(|recorded| recorded.expose().began).collect();
        assert_eq!(order, [1, 2, 3, 5]);
        assert_eq!(waiting.bytes, 0);
    }

    #[test]
    fn what_failed_waits_longer_for_a_log_that_is_late() {
        let logged = Logged::default();
        let exchange = |status| Recorded::new(testing::exchange(|exchange| (exchange.thread, exchange.status) = (40, status)));
        assert_eq!(patience(&exchange(Some(404)), &logged), FOR_ITS_LOG);
        for failed in [Some(500), None] {
            assert_eq!(patience(&exchange(failed), &logged), FOR_A_TRACEBACK);
        }
        let exchange = exchange(Some(500));
        let (pid, thread, began) = (exchange.expose().pid, exchange.expose().thread, exchange.expose().began);
        let heard = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
        let line = Printed { pid, thread, at: began + 5, heard, text: "first".into(), marked: true, reports: false };
        logged.lock().unwrap().hear(line);
        assert_eq!(patience(&exchange, &logged), FOR_ITS_LOG);
    }
}
