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

    /// The same after `preparation`, a piece of shell of parity's own. `seen` stands for what the command sees and its text does not
    /// say: where that changes, it is another command to the engine.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn prepared(setting: &str, preparation: &str, command: &str, seen: &str) -> Result<Self> {
        let prepare = format!("{preparation}; exec /bin/sh -ec \"$0\"");
        let mut words = vec!["/bin/sh", "-c", &prepare, command];
        words.extend((!seen.is_empty()).then_some(seen));
        Self::of_words(setting, &words)
    }

    /// A program and its arguments, which no shell sees.
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

/// The value of an `ENV`, in the quotes in which an engine takes every character as it is but `\\`, `"` and `$`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnvValue(String);

super::written!(EnvValue);

impl EnvValue {
    /// # Errors
    /// Control characters.
    pub fn new(setting: &str, value: &str) -> Result<Self> {
        one_line(setting, value)?;
        let escape = |c: char| if matches!(c, '\\' | '"' | '$') { vec!['\\', c] } else { vec![c] };
        Ok(Self(format!("\"{}\"", value.chars().flat_map(escape).collect::<String>())))
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
    fn a_prepared_command_runs_as_it_would_without() {
        let run = |words: &RunCommand| {
            let words: Vec<String> = serde_json::from_str(&words.0).unwrap();
            let ran = std::process::Command::new(&words[0]).args(&words[1..]).output().unwrap();
            (ran.status.code(), String::from_utf8(ran.stdout).unwrap())
        };
        let command = r#"echo "$A" '$1' $# $0; false; echo never"#;
        let prepared = RunCommand::prepared("x", "export A=seen", command, "digest").unwrap();
        assert_eq!(run(&prepared), (Some(1), "seen $1 0 /bin/sh\n".into()));
        assert_eq!(run(&RunCommand::new("x", command).unwrap()), (Some(1), " $1 0 /bin/sh\n".into()));
        assert!(RunCommand::prepared("x", ":", "a\nb", "").is_err());
    }

    #[test]
    fn shows_how_it_looks() {
        assert_eq!(RunCommand::new("x", "cat <<EOF \\").unwrap().0, r#"["/bin/sh","-ec","cat \u003c\u003cEOF \\"]"#);
    }
}
