//! Where reports go: stdout, files, and the annotations that GitHub reads from a log.

use std::path::{Path, PathBuf};

use super::Context;
use crate::error::{Failure, Kind, Result};
use crate::events::Report;
use crate::smoke::outcome::Suite;
use crate::smoke::report::{ReportFormat, annotations, summary};
use crate::ui::Format;
use crate::units::files;

/// Gives each report that was asked for. For people, the outcomes have been shown before.
pub fn give(context: &Context<'_>, files: &[(ReportFormat, PathBuf)], format: Format, suite: &Suite) -> Result<()> {
    let prefix = prefix(context);
    let shown = match format {
        Format::Human | Format::Html => None,
        Format::Json => Some(ReportFormat::Json),
        Format::Tap => Some(ReportFormat::Tap),
        Format::Junit => Some(ReportFormat::Junit),
        Format::Github => Some(ReportFormat::Github),
    };
    match shown {
        None => context.ui.result(&summary(suite)),
        Some(format) => context.ui.result(format.render(suite, &prefix).trim_end()),
    }
    if shown != Some(ReportFormat::Github) && context.environment.get("GITHUB_ACTIONS").is_some_and(|set| set == "true") {
        for line in annotations(suite, &prefix) {
            context.ui.aside(&line);
        }
    }
    for (format, path) in files {
        write(path, &format.render(suite, &prefix))?;
        context.ui.note(format!("wrote {}", path.display()));
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let written = parent.map_or(Ok(()), std::fs::create_dir_all).and_then(|()| files::write_to(path, text));
    written.map_err(|error| Failure::new(Kind::Other, format!("cannot write the report {}", path.display())).caused_by(&error))
}

/// Where the project is in its repository, as GitHub has it.
pub fn prefix(context: &Context<'_>) -> PathBuf {
    let workspace = context.environment.get("GITHUB_WORKSPACE").and_then(|path| Path::new(path).canonicalize().ok());
    workspace.and_then(|workspace| context.root.strip_prefix(workspace).ok().map(Path::to_path_buf)).unwrap_or_default()
}
