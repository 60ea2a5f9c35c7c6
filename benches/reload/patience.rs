//! Waiting that Ctrl-C ends, so that whatever was started is cleared away by the ordinary way out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};

use crate::Result;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
const STEP: Duration = Duration::from_millis(20);

/// From now on SIGINT and SIGTERM end the run at the next wait.
pub fn end_on_signals() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || {
        runtime.block_on(async {
            if let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
                loop {
                    tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
                    INTERRUPTED.store(true, Ordering::Relaxed);
                }
            }
        });
    });
    Ok(())
}

pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// What went wrong with one peer is no reason to end the run; an interruption is.
pub fn or_reason<T>(title: &str, result: Result<T>) -> Result<std::result::Result<T, String>> {
    match result {
        Ok(done) => Ok(Ok(done)),
        Err(error) if interrupted() => Err(error),
        Err(error) => {
            eprintln!("{title}: {error}");
            // What a command says last, not the command.
            Ok(Err(error.to_string().lines().last().unwrap_or_default().to_owned()))
        }
    }
}

pub fn sleep(time: Duration) -> Result<()> {
    until(time, || None).map(|_: Option<()>| ())
}

/// Asks again and again; `None` when the time is up.
pub fn until<T>(time: Duration, mut ask: impl FnMut() -> Option<T>) -> Result<Option<T>> {
    let begun = Instant::now();
    loop {
        if interrupted() {
            return Err("interrupted".into());
        }
        if let Some(found) = ask() {
            return Ok(Some(found));
        }
        match time.saturating_sub(begun.elapsed()) {
            Duration::ZERO => return Ok(None),
            rest => thread::sleep(rest.min(STEP)),
        }
    }
}

/// The nth of many times between two, spread evenly: a reloader that looks once a second is met at each phase of its second.
pub fn spread(n: usize, from: u64, to: u64) -> Duration {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let part = (n as f64 * GOLDEN).fract();
    Duration::from_millis(from) + Duration::from_millis(to - from).mul_f64(part)
}
