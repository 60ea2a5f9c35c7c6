//! A failure as text: `error:`, details, `caused by:`, `hint:`.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use crate::error::Failure;

pub fn text(failure: &Failure) -> String {
    let error = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    let hint = Style::new().bold().fg_color(Some(AnsiColor::Cyan.into()));
    let dim = Style::new().dimmed();
    let mut text = format!("{error}error{error:#}: {}\n", failure.message);
    for line in &failure.details {
        let _ = writeln!(text, "  {line}");
    }
    for cause in &failure.causes {
        let mut lines = cause.lines();
        let _ = writeln!(text, "{dim}caused by{dim:#}: {}", lines.next().unwrap_or_default());
        for line in lines {
            let _ = writeln!(text, "  {line}");
        }
    }
    for words in &failure.hints {
        let _ = writeln!(text, "{hint}hint{hint:#}: {words}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn everything_is_said_in_order() {
        let failure = Failure::new(Kind::Build, "it broke").details(["line 1"]).cause("first\nsecond").hint("type this");
        let plain = anstream::adapter::strip_str(&text(&failure)).to_string();
        insta::assert_snapshot!(plain, @r"
        error: it broke
          line 1
        caused by: first
          second
        hint: type this
        ");
    }
}
