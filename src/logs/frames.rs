//! The lines of a traceback, made readable: host paths, libraries dimmed, parity's and Python's own import frames dropped.

use std::sync::LazyLock;

use regex::Regex;

use super::{Line, Paths};
use crate::units::layout;

static FRAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^(?P<margin>[ |]*)  File "(?P<path>[^"]+)", line \d+(?:, in (?P<function>.*))?$"#)
        .expect("the pattern is a constant, compiled by the tests")
});

#[derive(Clone, Copy, PartialEq)]
enum Show {
    Plain,
    Dim,
    Drop,
}

/// Is this the first line of a frame?
pub fn is_frame(line: &str) -> bool {
    FRAME.is_match(line)
}

/// Is this where Python shows the place of a syntax error, which needs no traceback?
pub fn is_place(line: &str) -> bool {
    FRAME.captures(line).is_some_and(|found| found.name("function").is_none())
}

/// Rewrites the lines of one traceback.
pub fn tidy(lines: Vec<String>, paths: &Paths) -> Vec<Line> {
    let mut out = Vec::with_capacity(lines.len());
    // How the lines that belong to a frame are shown, and how they begin: its margin and four spaces.
    let mut frame = (Show::Plain, String::new());
    for line in lines {
        if let Some(found) = FRAME.captures(&line) {
            let path = &found["path"];
            frame = (show(path, found.name("function").map(|name| name.as_str()), paths), format!("{}    ", &found["margin"]));
            if frame.0 != Show::Drop {
                let text = line.replacen(path, &paths.translate(path), 1);
                out.push(Line { text, dim: frame.0 == Show::Dim });
            }
            continue;
        }
        let repeated = line.trim_start_matches([' ', '|']).starts_with("[Previous line repeated");
        if !frame.1.is_empty() && (line.starts_with(&frame.1) || repeated) {
            if frame.0 != Show::Drop {
                out.push(Line { text: line, dim: frame.0 == Show::Dim });
            }
            continue;
        }
        frame = (Show::Plain, String::new());
        out.push(line.into());
    }
    out
}

/// `function` is absent where Python shows the place of a syntax error, which is never dropped.
fn show(path: &str, function: Option<&str>, paths: &Paths) -> Show {
    // The handler, and what serves saved code and debugs.
    let is_handler = path.strip_prefix(layout::ETC).is_some_and(|rest| rest.starts_with('/'));
    let is_import = path.starts_with("<frozen importlib.") || path.ends_with("/importlib/__init__.py");
    match function {
        Some(_) if is_handler || is_import => Show::Drop,
        _ if paths.is_own(path) => Show::Plain,
        _ => Show::Dim,
    }
}
