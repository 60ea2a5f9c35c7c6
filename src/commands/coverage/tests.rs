//! What the project's own tests run in their own process, where that is measured as well.

use super::super::smoke::job::Job;
use crate::error::{Failure, Kind, Result};
use crate::units::{files, scratch};

/// Where coverage.py writes its data, on every machine.
const VARIABLE: &str = "COVERAGE_FILE";

/// Runs the tests. Returns what coverage.py has written meanwhile, on this machine.
///
/// # Errors
/// [`Kind::Interrupted`]; tests that measure nothing.
pub async fn measured(job: &Job<'_>, url: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let failed = |error: std::io::Error| Failure::new(Kind::Other, "cannot read what the tests have measured").caused_by(&error);
    let directory = scratch::directory().map_err(failed)?;
    job.tests_with(url, &[(VARIABLE, &directory.path().join(".coverage"))]).await?;
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory.path()).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".coverage")) {
            found.push((format!("tests.{}", found.len()), files::read(&path, files::MOST_BYTES).map_err(failed)?));
        }
    }
    if found.is_empty() {
        return Err(Failure::new(Kind::Usage, "the tests have not measured what runs in their own process")
            .cause(format!("--also-tests adds what coverage.py writes to ${VARIABLE}"))
            .hint("run them by `coverage run -m pytest` or `pytest --cov`, or leave out --also-tests"));
    }
    Ok(found)
}
