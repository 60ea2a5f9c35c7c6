//! The value of `--report`: a format, and the file that a report in it is written to.

use std::path::PathBuf;

/// Parses `FORMAT=FILE`. `example`: what is suggested where it is something else.
///
/// # Errors
/// What to write instead.
pub fn parse<F: Copy>(text: &str, formats: &[(&str, F)], example: &str) -> Result<(F, PathBuf), String> {
    let split = text.split_once('=').filter(|(_, file)| !file.is_empty());
    let (name, file) = split.ok_or_else(|| format!("write FORMAT=FILE, such as {example}"))?;
    match formats.iter().find(|(known, _)| *known == name) {
        Some((_, format)) => Ok((*format, file.into())),
        None => Err(format!("the format is one of {}", formats.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "))),
    }
}
