//! Files as people write them, and as nobody would.

/// A few of everything that a reader may stumble on.
const NAMES: &[&str] = &["A", "B", "DEBUG", "a.b", "my-name", "'A B'", "'x=y'", "1A", "_", "Ä", "export", "", "HOME", "A[0]", "A b"];
const BEFORE: &[&str] = &["", "", "", "", "", "", " ", "\t", "export ", "export\t ", "export", "# ", "\u{c}"];
const EQUALS: &[&str] = &["=", "=", "=", "=", "=", " = ", "= ", " =", ": ", "", " "];
const QUOTES: &[&str] = &["", "", "", "", "\"", "\"", "'", "'", "`"];
const PIECES: &[&str] = &[
    "x",
    "value",
    "1",
    "{\"a\": [1, 2]}",
    "it's",
    "say \"hi\"",
    "C:\\temp\\new",
    "\\n",
    "\\\\",
    "\\'",
    "\\\"",
    "\\$",
    "\\x41",
    "\\0123",
    "\\a\\v",
    "${A}",
    "${HOME}/x",
    "${N:-fallback}",
    "${N-fallback}",
    "${A:-}",
    "${N:-${B}}",
    "${N:?must}",
    "${B:+yes}",
    "${EMPTY:-e}",
    "${A",
    "${}",
    "${A:b}",
    "$A",
    "$$",
    "$",
    "$1",
    "}",
    "${DEBUG}${B}",
    " # comment",
    "#c",
    " #",
    "\t# c",
    " ",
    "  ",
    "=",
    "==",
    "http://u:p@h:1/?a=b&c#d",
    "\n",
    "\r\n",
    "ä€",
    "\u{a0}",
    "\u{1c}",
    "\u{85}",
    "-----BEGIN KEY-----",
    "MIIE+/=",
    "*",
    "a,b;c",
    "!@%^&()",
    "\\",
    "'",
    "\"",
];
const AFTER: &[&str] = &["", "", "", "", "", " ", " # comment", "#c", " x", "\\", "\t", "'"];
const ENDS: &[&str] = &["\n", "\n", "\n", "\n", "\r\n", "\n\n", "\r", ""];
const ALPHABET: &[char] = &['A', 'B', '=', ' ', '\n', '\'', '"', '\\', '$', '{', '}', '#', ':', '-', 'n', 'é', '\t', '\r', '.', '+', '?'];

/// A few bits at a time, the same ones each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % below
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())]
    }
}

/// The same texts for every count.
pub fn generate(count: usize) -> Vec<String> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    (0..count).map(|_| if dice.roll(10) == 0 { noise(&mut dice) } else { file(&mut dice) }).collect()
}

fn file(dice: &mut Dice) -> String {
    let mut text = String::new();
    for _ in 0..=dice.roll(5) {
        // Most lines are in order, so that not every file is refused for one.
        let is_wild = dice.roll(4) == 0;
        let plain: &[&str] = &["A", "B", "DEBUG", "N2", "a.b"];
        text += if is_wild { dice.pick(BEFORE) } else { "" };
        text += dice.pick(if is_wild { NAMES } else { plain });
        text += if is_wild { dice.pick(EQUALS) } else { "=" };
        let quote = dice.pick(QUOTES);
        text += quote;
        for _ in 0..dice.roll(5) {
            let piece = dice.pick(PIECES);
            if is_wild || quote.is_empty() || !piece.contains(quote) && !piece.ends_with('\\') {
                text += piece;
            }
        }
        text += quote;
        text += if is_wild { dice.pick(AFTER) } else { "" };
        text += if is_wild { dice.pick(ENDS) } else { "\n" };
    }
    text
}

fn noise(dice: &mut Dice) -> String {
    (0..dice.roll(30)).map(|_| dice.pick(ALPHABET)).collect()
}
