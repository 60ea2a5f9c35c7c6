//! Values made safe for the place they are written to.
//!
//! Each output language has a type of its own whose only constructors quote, so that a template cannot be handed a
//! value that nobody looked at. What a language cannot hold (a line break in `httpd.conf`, NUL anywhere) is a failure
//! that names the setting; nothing is dropped or replaced silently.

mod dockerfile;
mod httpd;
mod python;
mod shell;

pub use dockerfile::{EnvValue, RunCommand};
pub use httpd::HttpdArg;
pub use python::PythonLiteral;
pub use shell::ShellWord;

use crate::error::{Failure, Kind};

/// A failure that names the setting (`url-alias`) and what is wrong with its value.
pub(super) fn refuse(setting: &str, value: &str, why: &str) -> Failure {
    Failure::new(Kind::BadFile, format!("{setting}: `{}` {why}", value.escape_debug()))
}

/// Refuses what no line-based configuration language can hold.
fn one_line(setting: &str, value: &str) -> Result<(), Failure> {
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(refuse(setting, value, "holds a line break or another control character, which cannot be written there"));
    }
    Ok(())
}

macro_rules! written {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
use written;
