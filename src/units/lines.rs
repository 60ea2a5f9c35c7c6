//! Lines, put together from pieces.

/// Leaves out lines that are too long.
#[derive(Debug)]
pub struct Lines {
    begun: Vec<u8>,
    skips: bool,
    longest: usize,
}

impl Lines {
    /// `longest`: bytes of a line, with its end.
    pub fn up_to(longest: usize) -> Self {
        Self { begun: Vec::new(), skips: false, longest }
    }

    /// The lines that end in this piece, with their ends.
    pub fn feed(&mut self, piece: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if !self.skips {
                self.begun.extend_from_slice(part);
            }
            self.skips |= self.begun.len() > self.longest;
            if part.ends_with(b"\n") {
                if !self.skips {
                    lines.push(std::mem::take(&mut self.begun));
                }
                (self.begun, self.skips) = (Vec::new(), false);
            } else if self.skips {
                self.begun = Vec::new();
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_an_end() {
        const LONGEST: usize = 96 << 10;
        let mut lines = Lines::up_to(LONGEST);
        assert_eq!(lines.feed(b"{\"a"), Vec::<Vec<u8>>::new());
        assert_eq!(lines.feed(b"\": 1}\n{}\n{"), [b"{\"a\": 1}\n".to_vec(), b"{}\n".to_vec()]);
        let piece = vec![b'x'; 1 << 10];
        for _ in 0..200 {
            assert!(lines.feed(&piece).is_empty());
            assert!(lines.begun.capacity() <= 2 * LONGEST + piece.len());
        }
        assert_eq!(lines.feed(b"\n{}\n"), [b"{}\n".to_vec()]);
    }
}
