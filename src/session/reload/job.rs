//! What a change asks for beside a reload: a command in the container, a file that is uploaded.

use std::path::Path;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::engine::Engine;
use crate::events::Event;
use crate::plan::CollectStatic;
use crate::render::start;
use crate::runtime::protocol::Order;
use crate::units::files;
use crate::watch::Change;

/// Lines of a failed command's output that are shown.
const TAIL: usize = 12;

/// Collects Django's static files anew; `clear`: some are gone, and must not be served any more.
pub async fn collect(engine: Engine, container: String, collect: CollectStatic, files: Vec<String>, clear: bool) -> Event {
    let cause = "static files are collected into memory".to_owned();
    let argv = start::collect_static(&collect).into_iter().chain(clear.then(|| "--clear".to_owned())).collect();
    finish(&engine, &container, argv, files, "static files collected", cause).await
}

/// Runs a shell command line of a `watch` rule.
pub async fn run(engine: Engine, container: String, command: String, files: Vec<String>) -> Event {
    let argv = ["/bin/sh", "-c", command.as_str()].map(String::from).to_vec();
    finish(&engine, &container, argv, files, &format!("ran `{command}`"), "a `watch` rule says so".into()).await
}

async fn finish(engine: &Engine, container: &str, argv: Vec<String>, files: Vec<String>, done: &str, cause: String) -> Event {
    let begun = Instant::now();
    match engine.run_to_the_end(container, argv, &[]).await {
        Ok((0, _)) => Event::Changed { files, done: done.to_owned(), cause, took: Some(begun.elapsed()) },
        Ok((code, said)) => {
            let lines: Vec<&str> = said.lines().collect();
            let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n  ");
            Event::Warning { text: format!("{} → not {done}: exit code {code}\n  {tail}", files.join(", ")), hint: None }
        }
        Err(failure) => Event::Warning { text: format!("{} → not {done}: {failure}", files.join(", ")), hint: None },
    }
}

/// Larger files are not for a line of text; the next `parity up` has them.
const LARGEST: u64 = 16 << 20;

/// What brings a changed file into a container that does not see this machine's.
pub fn upload(root: &Path, change: &Change) -> Option<Order> {
    let path = root.join(&change.path);
    let Ok(found) = std::fs::symlink_metadata(&path) else { return Some(Order::Delete { path: change.path.clone() }) };
    // A link may lead anywhere; what it leads to in the project is uploaded by its own name.
    let found = if found.is_symlink() { std::fs::metadata(&path).ok()? } else { found };
    if !found.is_file() || found.len() > LARGEST {
        return None;
    }
    let data = STANDARD.encode(files::read_inside(root, Path::new(&change.path), LARGEST).ok()?);
    Some(Order::Put { path: change.path.clone(), data, mode: mode(&found) })
}

#[cfg(unix)]
fn mode(found: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    found.permissions().mode() & 0o777
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_project_has_is_uploaded() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("project");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(directory.path().join("secret"), "of somebody else").unwrap();
        std::fs::write(root.join("a.py"), "a = 1\n").unwrap();
        std::os::unix::fs::symlink("../secret", root.join("out")).unwrap();
        std::os::unix::fs::symlink("a.py", root.join("in")).unwrap();
        let order = |path: &str| upload(&root, &Change { path: path.into(), gone: false });
        for path in ["out", "../secret"] {
            assert_eq!(order(path), None, "{path}");
        }
        assert!(matches!(order("a.py"), Some(Order::Put { .. })) && matches!(order("in"), Some(Order::Put { .. })));
        assert_eq!(order("gone"), Some(Order::Delete { path: "gone".into() }));
    }
}
