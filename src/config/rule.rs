//! What a setting's text must look like. Nothing that these refuse reaches a generated file or a shell.

mod names;
mod network;
mod numbers;

pub use names::*;
pub use network::*;
pub use numbers::*;

/// A condition on each scalar of a setting.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Completes "must be …".
    pub expected: &'static str,
    pub holds: fn(&str) -> bool,
}

/// Any text that a [`String`] can be.
pub const LINE: Rule = Rule { expected: "one line of text", holds: |text| !text.contains(char::is_control) };

/// Does the text consist of characters that are ASCII letters, digits or one of `more`, at least one?
fn word(text: &str, more: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
}
