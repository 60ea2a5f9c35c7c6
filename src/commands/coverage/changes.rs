//! What a branch has changed, as git tells.

use super::super::context::Context;
use crate::coverage::Changed;
use crate::error::{Failure, Kind, Result};
use crate::session::image;

/// Committed or not, and what git does not know yet.
///
/// # Errors
/// A reference that git does not know, and no repository.
pub fn since(context: &Context<'_>, reference: &str) -> Result<Changed> {
    let (diff, untracked) = image::changed_since(&context.root, reference).ok_or_else(|| {
        Failure::new(Kind::Usage, format!("git knows no commit or branch {reference} here"))
            .hint("`git branch --all` lists branches; CI has to fetch them first (`fetch-depth: 0` in actions/checkout)")
    })?;
    let mut changed = Changed::of_diff(&diff);
    untracked.split('\0').filter(|name| !name.is_empty()).for_each(|name| changed.add_all_of(name));
    Ok(changed)
}
