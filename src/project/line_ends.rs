//! Scripts that were written on Windows.

use std::path::Path;

use crate::units::files;

/// What to do where a command runs a script of the project whose lines end with `\r\n`: a kernel looks for a program of the name
/// `sh\r`, and a shell for a command `\r`.
pub fn windows_line_ends(root: &Path, command: &str) -> Option<String> {
    let words = command.split(|c: char| c.is_whitespace() || "'\";&|()<>".contains(c)).filter(|word| !word.is_empty());
    let script = words.map(|word| word.trim_start_matches("/app/").trim_start_matches("./")).find(|word| is_one(root, word))?;
    let script = script.escape_debug();
    Some(format!(
        "the lines of {script} end as on Windows (CRLF), which no shell and no `#!` line takes: `sed -i 's/\\r$//' {script}`, and `{script} text eol=lf` in \
         .gitattributes keeps it so"
    ))
}

fn is_one(root: &Path, word: &str) -> bool {
    if word.starts_with('/') || word.split('/').any(|part| part == "..") {
        return false;
    }
    let Ok(text) = files::read_inside(root, Path::new(word), files::MOST_TEXT) else { return false };
    // Python itself takes such lines.
    let is_for_shells = text.starts_with(b"#!") || word.ends_with(".sh");
    is_for_shells && text.windows(2).any(|pair| pair == b"\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::testing::project;

    #[test]
    fn the_script_is_named() {
        let dir = project(&[
            ("bin/h.sh", "set -e\r\n"),
            ("manage.py", "#!/usr/bin/env python\r\n"),
            ("ok.sh", "#!/bin/sh\n"),
            ("data.txt", "a\r\n"),
        ]);
        let told = |command| windows_line_ends(dir.path(), command);
        for command in ["./bin/h.sh", "sh bin/h.sh --all", "cd /app && '/app/bin/h.sh'", "test -e ok.sh; sh bin/h.sh"] {
            assert!(told(command).unwrap().contains("`sed -i 's/\\r$//' bin/h.sh`"), "{command}: {:?}", told(command));
        }
        assert!(told("./manage.py migrate").unwrap().starts_with("the lines of manage.py"));
        for command in ["./ok.sh", "cat data.txt", "./gone.sh", "sh ../x.sh", ""] {
            assert_eq!(told(command), None, "{command}");
        }
    }
}
