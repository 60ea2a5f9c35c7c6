//! Texts of a server in a report: short, on their own lines, and without power over the terminal.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use crate::units::quantity;

pub use crate::units::visible;

/// A text that is said within a sentence is not longer.
const SHORT: usize = 100;
/// Lines of an excerpt and of a diff.
const MOST_LINES: usize = 8;
const MOST_DIFF: usize = 40;
/// Characters of a line.
const WIDTH: usize = 160;
/// A diff of large texts is cut short, and then says more than is needed.
const DIFF_PATIENCE: Duration = Duration::from_millis(300);

pub fn is_short(text: &str) -> bool {
    !text.contains('\n') && text.chars().nth(SHORT).is_none()
}

/// `` `text` ``, cut if it is long.
pub fn quoted(text: &str) -> String {
    let shown = visible(text).replace('\n', "\\n");
    let cut: String = shown.chars().take(SHORT).collect();
    let more = if cut.len() < shown.len() { "…" } else { "" };
    format!("`{cut}{more}`")
}

/// A few lines of a text: its beginning, or those around a place in it.
pub fn excerpt(text: &str, around: Option<&str>) -> Vec<String> {
    let found = around.filter(|part| !part.is_empty()).and_then(|part| text.find(part));
    let from = found.map_or(0, |at| text[..at].matches('\n').count().saturating_sub(2));
    let column = found.map_or(0, |at| text[..at].chars().rev().take_while(|c| *c != '\n').count());
    let all = text.lines().count();
    let mut lines: Vec<String> = text.lines().skip(from).take(MOST_LINES).map(|line| window(line, column)).collect();
    if from > 0 {
        lines.insert(0, format!("… {}", count(from, "line above", "lines above")));
    }
    if all > from + MOST_LINES {
        lines.push(format!("… {}", count(all - from - MOST_LINES, "more line", "more lines")));
    }
    lines
}

/// The part of a line around a column, where it is too long as a whole.
fn window(line: &str, column: usize) -> String {
    if line.chars().nth(WIDTH).is_none() {
        return line.to_owned();
    }
    let skipped = if column < WIDTH / 2 { 0 } else { column - WIDTH / 4 };
    let shown: String = line.chars().skip(skipped).take(WIDTH).collect();
    let before = if skipped > 0 { "…" } else { "" };
    let behind = if line.chars().nth(skipped + WIDTH).is_some() { "…" } else { "" };
    format!("{before}{shown}{behind}")
}

/// What has to change: `- expected`, `+ actual`, with a little around it.
pub fn diff(expected: &str, actual: &str) -> Vec<String> {
    let diff = TextDiff::configure().timeout(DIFF_PATIENCE).diff_lines(expected, actual);
    let mut lines = Vec::new();
    let column = expected.chars().zip(actual.chars()).take_while(|(one, other)| one == other && *one != '\n').count();
    let column = if expected.lines().count() <= 1 && actual.lines().count() <= 1 { column } else { 0 };
    for (at, group) in diff.grouped_ops(2).iter().enumerate() {
        if at > 0 {
            lines.push("…".to_owned());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let text = change.value().trim_end_matches('\n');
            lines.push(format!("{sign} {}", window(text, column)));
            if change.missing_newline() && (expected.ends_with('\n') || actual.ends_with('\n')) {
                lines.push("  (no line end)".to_owned());
            }
        }
    }
    let all = lines.len();
    if all > MOST_DIFF {
        lines.truncate(MOST_DIFF);
        lines.push(format!("… {}", count(all - MOST_DIFF, "more line", "more lines")));
    }
    lines
}

/// `1 line`, `2 lines`
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `812 bytes`, `4.1 kB`
pub fn size(bytes: usize) -> String {
    match bytes {
        1 => "1 byte".into(),
        0..1000 => format!("{bytes} bytes"),
        _ => quantity::bytes(bytes as u64),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_diff_shows_what_changed() {
        let lines: Vec<String> = (0..40).map(|n| format!("line {n}")).collect();
        let expected = lines.join("\n");
        let actual = expected.replace("line 20", "line twenty");
        insta::assert_snapshot!(diff(&expected, &actual).join("\n"), @r"
          line 18
          line 19
        - line 20
        + line twenty
          line 21
          line 22
        ");
        let long = "x".repeat(400);
        let shown = diff(&format!("{long}a{long}"), &format!("{long}b{long}"));
        assert!(shown[0].contains("xax") && shown[1].contains("xbx") && shown[0].len() < 200, "{shown:?}");
        assert_eq!(diff("a\n", "a"), ["- a", "+ a", "  (no line end)"]);
    }

    #[test]
    fn an_excerpt_is_around_what_is_looked_for() {
        let text: String = (0..100).map(|n| format!("line {n}\n")).collect();
        let shown = excerpt(&text, Some("line 50"));
        assert_eq!((shown[0].as_str(), shown[3].as_str()), ("… 48 lines above", "line 50"));
        assert_eq!(excerpt("a\nb", None), ["a", "b"]);
    }

    #[test]
    fn nothing_has_power_over_the_terminal() {
        assert_eq!(visible("a\u{1b}[2J\r\nb\tc\u{7}"), "a\\u{1b}[2J\nb\tc\\u{7}");
        assert_eq!(quoted("a\nb"), "`a\\nb`");
    }

    proptest! {
        #[test]
        fn any_texts_are_shown(one in "(?s).{0,300}", other in "(?s).{0,300}", part in ".{0,3}") {
            prop_assert!(!visible(&one).contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
            prop_assert!(excerpt(&one, Some(&part)).len() <= MOST_LINES + 2);
            prop_assert!(diff(&one, &other).len() <= MOST_DIFF + 1);
        }
    }
}
