//! The user's editor.

use std::io::{Read, Seek, SeekFrom, Write};
use std::process::Command;

use super::terminal;
use crate::error::{Failure, Kind, Result};

/// Has a text edited, in a file that only this user can read and that is gone afterwards. `suffix`: what tells editors of which kind it is.
///
/// # Errors
/// There is no terminal, the editor fails, or the file is not UTF-8 afterwards.
pub fn edit(text: &str, suffix: &str) -> Result<String> {
    if !terminal::interactive() {
        return Err(Failure::new(Kind::Usage, "an editor needs a terminal, and there is none").hint("leave out `--edit`"));
    }
    let failed = |error: &dyn std::error::Error| Failure::new(Kind::Other, "the text cannot be edited").cause(error.to_string());
    let mut file = tempfile::Builder::new().prefix("parity-").suffix(suffix).tempfile().map_err(|error| failed(&error))?;
    file.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
    let editor = ["VISUAL", "EDITOR"].into_iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()));
    let editor = editor.unwrap_or_else(|| "vi".into());
    // As git does it: a value may have arguments.
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(file.path());
    let status = command.status().map_err(|error| failed(&error))?;
    if !status.success() {
        return Err(Failure::new(Kind::Other, format!("the editor `{editor}` ended with an error ({status})"))
            .hint("nothing was sent; the variable EDITOR says which editor it is"));
    }
    // Some editors write another file in its place.
    let mut edited = String::new();
    match std::fs::File::open(file.path()) {
        Ok(mut other) => other.read_to_string(&mut edited),
        Err(_) => file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut edited)),
    }
    .map_err(|error| failed(&error))?;
    Ok(edited)
}
