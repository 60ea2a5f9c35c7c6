//! Words of a POSIX shell.

use serde::Serialize;

use super::refuse;
use crate::error::Result;

/// One word of a POSIX shell command, in single quotes, inside which nothing has a meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShellWord(String);

super::written!(ShellWord);

impl ShellWord {
    /// Line breaks are allowed: a word may hold them, and a hook may be several lines.
    ///
    /// # Errors
    /// NUL, which no argument of a program can hold.
    pub fn new(setting: &str, value: &str) -> Result<Self> {
        if value.contains('\0') {
            return Err(refuse(setting, value, "holds a NUL character"));
        }
        Ok(Self(format!("'{}'", value.replace('\'', r"'\''"))))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_one_word_with_the_same_meaning_or_refused(value in r#"(?s)(\PC|[\n\r\x00\t\\"'$`{}%!# ]){0,20}"#) {
            match ShellWord::new("x", &value) {
                Err(_) => prop_assert!(value.contains('\0')),
                Ok(word) => prop_assert_eq!(shlex::split(&format!("echo {word} after")).unwrap(), ["echo".to_owned(), value, "after".to_owned()]),
            }
        }
    }

    #[test]
    fn a_real_shell_agrees() {
        for value in ["a'b", r"\", "$(id)`id`${HOME}", "two\nlines", "", "-n", "'; exit 9; '"] {
            let word = ShellWord::new("x", value).unwrap();
            let output = std::process::Command::new("sh").args(["-c", &format!("printf %s. {word}")]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{value}."));
        }
    }
}
