//! Commands of a Dockerfile.

use serde::Serialize;

use super::one_line;
use crate::error::Result;

/// The argument of `RUN` for a user's shell command line: `["/bin/sh", "-ec", "…"]`.
///
/// The JSON form, because in the shell form a trailing backslash continues into the next instruction, `<<` starts a
/// heredoc in newer engines, and `--mount=…` at the start is a flag. In it the engine substitutes no variables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunCommand(String);

super::written!(RunCommand);

impl RunCommand {
    /// # Errors
    /// Control characters: a build hook is one line.
    pub fn new(setting: &str, command: &str) -> Result<Self> {
        Self::of_words(setting, &["/bin/sh", "-ec", command])
    }

    /// The same for a program and its arguments, which no shell sees.
    ///
    /// # Errors
    /// Control characters.
    pub fn of_words(setting: &str, words: &[&str]) -> Result<Self> {
        words.iter().try_for_each(|word| one_line(setting, word).map(drop))?;
        let json = serde_json::Value::from(words.to_vec()).to_string();
        // An engine's heredoc scanner does not know about JSON: leave it nothing to find.
        Ok(Self(json.replace('<', "\\u003c")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stays_one_instruction_with_the_same_command(command in r#"(?s)(\PC|[\n\r\x00\t\\"'$`<{}%# ]|<<EOF|--mount=type=x){0,20}"#) {
            match RunCommand::new("x", &command) {
                Err(_) => prop_assert!(command.chars().any(char::is_control)),
                Ok(run) => {
                    prop_assert!(!run.0.contains(['\n', '<']));
                    prop_assert!(run.0.starts_with("[\"/bin/sh\"") && run.0.ends_with(']'));
                    let words: Vec<String> = serde_json::from_str(&run.0).unwrap();
                    prop_assert_eq!(words, ["/bin/sh".to_owned(), "-ec".to_owned(), command]);
                }
            }
        }
    }

    #[test]
    fn shows_how_it_looks() {
        assert_eq!(RunCommand::new("x", "cat <<EOF \\").unwrap().0, r#"["/bin/sh","-ec","cat \u003c\u003cEOF \\"]"#);
    }
}
