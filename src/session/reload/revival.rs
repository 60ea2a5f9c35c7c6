//! When an agent that has ended is started again, and what is said of it: at once the first time, and ever later where it does not live.

use std::time::{Duration, Instant};

/// What the second attempt in a row waits for; each one after it waits twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// An agent that has lived for so long did not end because of how it was started.
const LIVES_AFTER: Duration = Duration::from_secs(10);
/// How often in a row it is said that one has ended.
const MAX_SAID: u32 = 6;
/// Different lines that are told as unreadable, in one session.
const MAX_TOLD: usize = 5;

/// What is known of the agents of a session.
#[derive(Debug, Default)]
pub(super) struct Revival {
    /// How often in a row one has not lived.
    failed: u32,
    started: Option<Instant>,
    /// What the last one has left on its stderr.
    last_words: Option<String>,
    told: Vec<String>,
}

impl Revival {
    pub fn started(&mut self, now: Instant) {
        self.started = Some(now);
        self.last_words = None;
    }

    pub fn broke(&mut self, text: String) {
        self.last_words = Some(text);
    }

    /// It has ended.
    pub fn ended(&mut self, now: Instant) {
        let lived = self.started.take().is_some_and(|started| now.duration_since(started) >= LIVES_AFTER);
        self.failed = if lived { 1 } else { self.failed + 1 };
    }

    /// Before the next one is started.
    pub fn pause(&self) -> Duration {
        match self.failed {
            0 | 1 => Duration::ZERO,
            often => FIRST_PAUSE.saturating_mul(1 << (often - 2).min(10)).min(LONGEST_PAUSE),
        }
    }

    /// What to say of that, and a hint; `None`: nothing, as it is no news.
    pub fn words(&self) -> Option<(String, Option<String>)> {
        let last_line = self.last_words.as_deref().and_then(|text| text.lines().last());
        let why = last_line.map(|line| format!(": {line}")).unwrap_or_default();
        match self.failed {
            // Somebody has ended it, and the next one knows all that it knew.
            1 if last_line.is_none() => None,
            1 => Some((format!("the agent in the container broke and is started again{why}"), None)),
            // From here on it is the same again and again.
            often if often > MAX_SAID => None,
            often => Some((
                format!(
                    "the agent in the container has ended {often} times in a row, the next one starts in {:.1} s{why}",
                    self.pause().as_secs_f64()
                ),
                Some("saved code is not served meanwhile; `parity restart` starts the server anew".into()),
            )),
        }
    }

    /// Is this line that cannot be read to be told? Not more than a few of them are.
    pub fn tells(&mut self, why: &str) -> bool {
        if self.told.len() >= MAX_TOLD || self.told.iter().any(|told| told == why) {
            return false;
        }
        self.told.push(why.to_owned());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_one_is_replaced_at_once_and_the_next_ones_ever_later() {
        let now = Instant::now();
        let mut revival = Revival::default();
        revival.started(now);
        let end = |revival: &mut Revival| {
            revival.ended(now);
            revival.pause().as_secs_f64()
        };
        let pauses: Vec<f64> = (0..9).map(|_| end(&mut revival)).collect();
        assert_eq!(pauses, [0.0, 0.3, 0.6, 1.2, 2.4, 4.8, 9.6, 10.0, 10.0]);
        // One that has lived is as the first.
        revival.started(now);
        revival.ended(now + LIVES_AFTER);
        assert_eq!(revival.pause(), Duration::ZERO);
    }

    #[test]
    fn what_broke_it_is_said_and_not_for_ever() {
        let now = Instant::now();
        let mut revival = Revival::default();
        revival.started(now);
        revival.ended(now);
        // It was killed, as far as anybody knows.
        assert_eq!(revival.words(), None);
        revival.started(now);
        revival.broke("Traceback (most recent call last):\nOSError: [Errno 28] No space left on device".into());
        revival.ended(now);
        let (text, hint) = revival.words().unwrap();
        assert_eq!(
            text,
            "the agent in the container has ended 2 times in a row, the next one starts in 0.3 s: OSError: [Errno 28] No space left on device"
        );
        assert!(hint.unwrap().contains("parity restart"));
        let told = (0..100).filter(|_| {
            revival.ended(now);
            revival.words().is_some()
        });
        assert_eq!(told.count(), 4);
    }

    #[test]
    fn lines_that_cannot_be_read_are_told_once_and_few_of_them() {
        let mut revival = Revival::default();
        assert!(revival.tells("a") && !revival.tells("a"));
        assert_eq!((0..100).filter(|number| revival.tells(&number.to_string())).count(), MAX_TOLD - 1);
    }
}
