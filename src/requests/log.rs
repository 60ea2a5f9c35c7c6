//! Which lines of the server's log belong to which request: those that its thread wrote while it was answered.
//!
//! They come from the log, not from the process: a request that logs costs its application nothing more, and no line goes another way.
//! A thread answers one request at a time, and both sides have the clock of the container.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::logs::Printed;

/// Of one request; the last ones are kept.
const MOST_LINES: usize = 200;
const MOST_BYTES: usize = 64 << 10;
/// Of one thread, until its requests are known.
const MOST_WAITING: usize = 1000;
/// Threads with lines whose requests are not known.
const MOST_THREADS: usize = 512;
/// Bytes of all of them.
const MOST_WEIGHT: usize = 16 << 20;
/// A log has the time of day where the server is, and time zones are multiples of this apart. Microseconds.
const ZONES: i64 = 15 * 60 * 1_000_000;
/// A log of which nothing has come for so long is not behind.
const QUIET: Duration = Duration::from_millis(100);
/// Both times are cut off at microseconds.
const SLACK: i64 = 20;

/// Lines whose requests are not known yet, by process and thread.
#[derive(Debug, Default)]
pub struct Lines {
    threads: BTreeMap<(u32, u64), Thread>,
    weight: usize,
    /// When the newest line was written, and when it came.
    newest: Option<(i64, Instant)>,
}

#[derive(Debug, Default)]
struct Thread {
    lines: VecDeque<Printed>,
    /// Lines that there was no room for.
    lost: u64,
}

impl Lines {
    pub fn hear(&mut self, line: Printed) {
        self.newest = Some((line.at, line.heard));
        let key = (line.pid, line.thread);
        if !self.threads.contains_key(&key) && self.threads.len() >= MOST_THREADS {
            // Whoever wrote the oldest line answers no requests.
            let oldest = self.threads.iter().min_by_key(|(_, thread)| thread.lines.back().map(|line| line.heard)).map(|(key, _)| *key);
            if let Some(thread) = oldest.and_then(|key| self.threads.remove(&key)) {
                self.weight -= thread.lines.iter().map(|line| line.text.len()).sum::<usize>();
            }
        }
        let thread = self.threads.entry(key).or_default();
        if thread.lines.len() >= MOST_WAITING || self.weight + line.text.len() > MOST_WEIGHT {
            thread.lost += 1;
            match thread.lines.pop_front() {
                Some(first) => self.weight -= first.text.len(),
                None => return,
            }
            if self.weight + line.text.len() > MOST_WEIGHT {
                return;
            }
        }
        self.weight += line.text.len();
        thread.lines.push_back(line);
    }

    /// Is the log behind: do lines come that were written before this moment (microseconds since 1970)?
    pub fn is_behind(&self, moment: i64) -> bool {
        self.newest.is_some_and(|(at, heard)| heard.elapsed() < QUIET && (moment - at).rem_euclid(ZONES) < ZONES / 2)
    }

    /// Did that thread write something since this moment (microseconds since 1970)?
    pub fn has_any(&self, pid: u32, thread: u64, began: i64) -> bool {
        let since = |line: &Printed| (line.at - began + SLACK).rem_euclid(ZONES) < ZONES / 2;
        self.threads.get(&(pid, thread)).is_some_and(|found| found.lines.back().is_some_and(since))
    }

    /// The lines of a request that began at that moment (microseconds since 1970) and took so long, and how many came before them that
    /// there was no room for. What its thread wrote before is nobody's.
    pub fn take(&mut self, pid: u32, thread: u64, began: i64, micros: u64) -> (Vec<String>, u64) {
        let Some(found) = self.threads.get_mut(&(pid, thread)) else { return (Vec::new(), 0) };
        let took = i64::try_from(micros).unwrap_or(i64::MAX / 2);
        let (mut kept, mut bytes, mut reported) = (VecDeque::new(), 0, false);
        let mut lost = std::mem::take(&mut found.lost);
        while let Some(line) = found.lines.front() {
            let since = (line.at - began + SLACK).rem_euclid(ZONES);
            let is_of_it = since <= took.saturating_add(2 * SLACK);
            if !is_of_it && since < ZONES / 2 {
                // The next request's.
                break;
            }
            let Some(line) = found.lines.pop_front() else { break };
            self.weight -= line.text.len();
            reported |= line.reports;
            // What mod_wsgi says of an exception is known without it.
            if !is_of_it || reported && !line.marked {
                continue;
            }
            bytes += line.text.len();
            kept.push_back(line.text);
            while kept.len() > MOST_LINES || bytes > MOST_BYTES {
                bytes -= kept.pop_front().map_or(0, |first: String| first.len());
                lost += 1;
            }
        }
        if found.lines.is_empty() {
            self.threads.remove(&(pid, thread));
        }
        if kept.is_empty() { (Vec::new(), 0) } else { (kept.into(), lost) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::printed;

    /// 2026-11-27 14:02:07.5 UTC, and the same moment as a log has it in India.
    const BEGAN: i64 = 1_795_788_127_500_000;

    fn line(second: f64, rest: &str) -> Printed {
        let line = format!("[Fri Nov 27 19:32:{second:09.6} 2026] [wsgi:error] [pid 31:tid 40] [remote 127.0.0.1:5] {rest}");
        printed(&line).unwrap()
    }

    fn marked(second: f64, text: &str) -> Printed {
        line(second, &format!("[script /etc/parity/handler.wsgi] {text}"))
    }

    #[test]
    fn a_request_has_what_its_thread_wrote_meanwhile() {
        let mut lines = Lines::default();
        lines.hear(marked(7.4, "of the import"));
        lines.hear(marked(7.5, "first"));
        lines.hear(marked(7.512, "last"));
        lines.hear(marked(7.513, "of the next one"));
        assert!(lines.has_any(31, 40, BEGAN) && !lines.has_any(31, 40, BEGAN + 20_000) && !lines.has_any(31, 41, BEGAN));
        assert_eq!(lines.take(31, 41, BEGAN, 12_400), (vec![], 0), "another thread's");
        assert_eq!(lines.take(32, 40, BEGAN, 12_400), (vec![], 0), "another process's");
        assert_eq!(lines.take(31, 40, BEGAN, 12_400), (vec!["first".into(), "last".into()], 0));
        assert_eq!(lines.take(31, 40, BEGAN + 12_900, 1000), (vec!["of the next one".into()], 0));
        assert!(lines.threads.is_empty() && lines.weight == 0);
    }

    #[test]
    fn what_mod_wsgi_says_of_an_exception_is_left_out() {
        let mut lines = Lines::default();
        lines.hear(marked(7.5, "before"));
        lines.hear(line(7.501, "WSGI0117: Exception occurred processing WSGI script '/etc/parity/handler.wsgi'."));
        lines.hear(line(7.501, "Traceback (most recent call last):"));
        lines.hear(marked(7.502, "in close()"));
        assert_eq!(lines.take(31, 40, BEGAN, 12_400).0, ["before", "in close()"]);
    }

    #[test]
    fn a_log_is_behind_while_older_lines_come() {
        let mut lines = Lines::default();
        assert!(!lines.is_behind(BEGAN));
        lines.hear(marked(7.4, ""));
        assert!(lines.is_behind(BEGAN) && !lines.is_behind(BEGAN - 200_000));
        lines.hear(Printed { heard: Instant::now().checked_sub(QUIET).unwrap(), ..marked(7.41, "") });
        assert!(!lines.is_behind(BEGAN));
    }

    #[test]
    fn there_is_an_end_to_it() {
        let mut lines = Lines::default();
        for number in 0..1500 {
            lines.hear(marked(7.5, &number.to_string()));
        }
        let (kept, more) = lines.take(31, 40, BEGAN, 1000);
        assert_eq!((kept.len(), kept[0].as_str(), kept[199].as_str(), more), (200, "1300", "1499", 1300));
        for thread in 0..1000 {
            lines.hear(Printed { thread, text: "x".repeat(100_000), ..marked(7.5, "") });
        }
        assert!(lines.threads.len() <= MOST_THREADS && lines.weight <= MOST_WEIGHT, "{} {}", lines.threads.len(), lines.weight);
        let weight: usize = lines.threads.values().flat_map(|thread| &thread.lines).map(|line| line.text.len()).sum();
        assert_eq!(lines.weight, weight);
        lines.hear(Printed { text: "y".repeat(70_000), ..marked(7.5, "") });
    }
}
