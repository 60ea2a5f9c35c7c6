//! How much a server may print in a second: nobody reads more, and what parity itself has to say must be found among it.

use std::time::{Duration, Instant};

const MAX_LINES: usize = 2_000;
const MAX_BYTES: usize = 1 << 20;
const WINDOW: Duration = Duration::from_secs(1);

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Shown,
    /// It is left out, as the first of this second.
    FirstLeftOut,
    LeftOut,
}

/// What is said when lines begin to be left out.
pub const LEAVING_OUT: &str = "leaving out what the server prints: more than 2,000 lines or 1 MiB in a second (`parity logs` has all)";

/// Counts what was shown in this second, and what was not.
#[derive(Debug, Default)]
pub struct Flood {
    begun: Option<Instant>,
    lines: usize,
    bytes: usize,
    left_out: usize,
}

impl Flood {
    /// Is there room for a line?
    pub fn add(&mut self, bytes: usize, now: Instant) -> Line {
        if self.is_over(now) {
            *self = Self { begun: Some(now), left_out: self.left_out, ..Self::default() };
        }
        if self.lines >= MAX_LINES || self.bytes >= MAX_BYTES {
            self.left_out += 1;
            return if self.left_out == 1 { Line::FirstLeftOut } else { Line::LeftOut };
        }
        (self.lines, self.bytes) = (self.lines + 1, self.bytes + bytes);
        Line::Shown
    }

    /// What is to be said of lines that were left out before this second. It is said once.
    pub fn left_out(&mut self, now: Instant) -> Option<String> {
        if !self.is_over(now) {
            return None;
        }
        self.rest()
    }

    /// The same, whatever the time.
    pub fn rest(&mut self) -> Option<String> {
        match std::mem::take(&mut self.left_out) {
            0 => None,
            1 => Some("1 line was left out".into()),
            lines => Some(format!("{lines} lines were left out")),
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        self.begun.is_none_or(|begun| now.duration_since(begun) >= WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_room_for_so_much_and_the_rest_is_counted() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut flood = Flood::default();
        let shown = (0..5_000).filter(|_| flood.add(80, at(100)) == Line::Shown).count();
        assert_eq!((shown, flood.left_out(at(900))), (MAX_LINES, None));
        assert_eq!(flood.left_out(at(1100)).as_deref(), Some("3000 lines were left out"));
        assert!(flood.add(80, at(1100)) == Line::Shown && flood.left_out(at(5000)).is_none());
        let lines: Vec<Line> = (0..100).map(|_| flood.add(64 << 10, at(9000))).collect();
        let room = MAX_BYTES / (64 << 10);
        assert_eq!(lines[room - 1..room + 2], [Line::Shown, Line::FirstLeftOut, Line::LeftOut]);
        assert!(flood.rest().as_deref() == Some("84 lines were left out") && flood.rest().is_none());
        // A busy server is below that all the time.
        assert!((0..100_000).all(|millis| flood.add(200, at(20_000 + millis)) == Line::Shown));
    }
}
