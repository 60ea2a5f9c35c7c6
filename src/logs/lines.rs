//! Bytes to lines, wherever the bytes were cut.

/// Longer lines are cut. Bytes.
pub const LONGEST: usize = 64 * 1024;

/// Collects the bytes of one stream until a line is complete.
#[derive(Debug, Default)]
pub struct Lines {
    line: Vec<u8>,
    /// Bytes of this line beyond [`LONGEST`].
    left_out: usize,
    /// The last byte was a carriage return that ended a line: a newline belongs to it.
    after_return: bool,
    /// The beginning of this line was already given out by [`Lines::take_rest`].
    continued: bool,
}

impl Lines {
    /// Adds bytes and hands each line that is now complete to `each`, without its end. `\n`, `\r\n` and `\r` end lines.
    pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(Vec<u8>)) {
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.push(&rest[..at]);
            if self.after_return && at == 0 {
                // The second half of `\r\n`, or the `\r\r\n` of a terminal.
                self.after_return = rest[at] == b'\r';
            } else {
                self.after_return = rest[at] == b'\r';
                let was_given_out = std::mem::take(&mut self.continued) && self.line.is_empty();
                let line = self.take();
                if !was_given_out {
                    each(line);
                }
            }
            rest = &rest[at + 1..];
        }
        self.push(rest);
    }

    /// The unfinished line, if there is one.
    pub fn take_rest(&mut self) -> Option<Vec<u8>> {
        (!self.line.is_empty()).then(|| {
            self.continued = true;
            self.take()
        })
    }

    fn push(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.after_return = false;
        let room = LONGEST - self.line.len().min(LONGEST);
        let kept = bytes.len().min(room);
        self.line.extend_from_slice(&bytes[..kept]);
        self.left_out += bytes.len() - kept;
    }

    fn take(&mut self) -> Vec<u8> {
        let mut line = std::mem::take(&mut self.line);
        let mut left_out = std::mem::take(&mut self.left_out);
        if left_out > 0 {
            // Do not leave half a character behind.
            let whole = line.len() - unfinished_character(&line);
            left_out += line.len() - whole;
            line.truncate(whole);
            line.extend_from_slice(format!(" … [{left_out} bytes cut]").as_bytes());
        }
        line
    }
}

/// How many bytes at the end begin a character that is not complete.
fn unfinished_character(bytes: &[u8]) -> usize {
    (1..=bytes.len().min(3)).find(|&back| bytes[bytes.len() - back] >= 0xC0).map_or(0, |back| {
        match std::str::from_utf8(&bytes[bytes.len() - back..]) {
            Err(error) if error.error_len().is_none() => back,
            _ => 0,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut out = Vec::new();
        for chunk in chunks {
            lines.feed(chunk, |line| out.push(String::from_utf8(line).unwrap()));
        }
        out.extend(lines.take_rest().map(|rest| String::from_utf8(rest).unwrap()));
        out
    }

    #[test]
    fn ends_of_lines() {
        assert_eq!(lines(&[b"a\nb\r\nc\rd\n\ne\r\n\r\nf"]), ["a", "b", "c", "d", "", "e", "", "f"]);
        assert_eq!(lines(&[b"a\r", b"\nb\r", b"c"]), ["a", "b", "c"]);
        assert_eq!(lines(&[b"tty\r\r\nnext"]), ["tty", "next"]);
    }

    #[test]
    fn a_character_may_come_in_pieces() {
        assert_eq!(lines(&[b"h\xc3", b"\xa9\n"]), ["hé"]);
    }

    #[test]
    fn long_lines_are_cut_with_a_mark() {
        let long = "é".repeat(LONGEST);
        let cut = &lines(&[b"x", long.as_bytes(), b"\nnext\n"])[0];
        assert!(
            cut.starts_with("xé") && cut.ends_with(&format!(" … [{} bytes cut]", long.len() + 1 - LONGEST + 1)),
            "{}",
            &cut[LONGEST - 8..]
        );
    }

    #[test]
    fn the_end_of_a_line_already_given_out_is_no_empty_line() {
        let mut lines = Lines::default();
        let mut out = Vec::new();
        lines.feed(b"name? ", |line| out.push(line));
        assert_eq!(lines.take_rest().unwrap(), b"name? ");
        lines.feed(b"\n\nx\n", |line| out.push(line));
        assert_eq!(out, [b"".to_vec(), b"x".to_vec()]);
    }
}
