//! What to do where something cannot be written. Whether that is a matter of the file's owner, or of a place that is
//! read-only in production, depends on where the server runs.

use std::sync::LazyLock;

use regex::Regex;

use super::services::Services;
use super::{Paths, Record};
use crate::units::path;

/// Where the application of a log runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setting {
    /// The code is in the image, which is read-only.
    pub baked: bool,
    /// What it may write to all the same: absolute paths in the container.
    pub writable: Vec<String>,
    /// Those of them that had nothing in them when the server started.
    pub empty: Vec<String>,
    /// Django makes its database's tables.
    pub django: bool,
    /// The only name that the server answers to, localhost included.
    pub only_name: Option<String>,
    /// The services beside it.
    pub services: Option<Services>,
}

/// `denied: '/app/x'` of Python, `cannot create directory ‘x’: denied` of GNU's tools, `cannot create x: denied` of a shell,
/// `denied: '/app/x'` and `/app/x: denied` of others.
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    let denied = "(?:[Rr]ead-only file system|[Pp]ermission denied)";
    let pattern = format!(
        r#"{denied}:? ['"](?P<python>[^'"]+)['"]|['"‘](?P<quoted>[^'"’]+)['"’]: .*{denied}|cannot create (?P<shell>\S+): {denied}|(?P<plain>/\S+): {denied}"#
    );
    Regex::new(&pattern).expect("a constant")
});

/// What SQLite says without a path.
pub fn database(setting: &Setting, in_project: &str) -> String {
    if setting.baked {
        "the project is read-only in production: name the database's directory, `writable: [DIRECTORY]` in parity.yaml, or `.` if it is beside the code"
            .into()
    } else {
        in_project.into()
    }
}

/// What to do about a refusal to write, if its record has the path.
pub fn refused(record: &Record, setting: &Setting, paths: &Paths) -> Option<String> {
    let (found, read_only) = record.lines.iter().rev().find_map(|line| {
        let found = PLACE.captures(&line.text)?;
        let place = ["python", "quoted", "shell", "plain"].into_iter().find_map(|name| found.name(name))?;
        Some((place.as_str().to_owned(), line.text.to_lowercase().contains("read-only")))
    })?;
    let in_project = inside(&found, paths);
    match in_project {
        // A program without permission to be executed is refused in the same words.
        _ if record.lines.iter().any(|line| line.text.contains("subprocess.py\"")) => None,
        Some(inside) if setting.baked => {
            let absolute = format!("{}/{inside}", paths.container);
            let is_named = setting.writable.iter().any(|directory| path::is_at_or_below(&absolute, directory));
            (!is_named).then(|| name_it(&inside))
        }
        None if read_only => Some(format!(
            "only /tmp and what `writable:` names can be written outside of the project: write `{}` there, or name its directory in parity.yaml",
            found.escape_debug()
        )),
        None if setting.baked => Some(format!(
            "`{}` belongs to the system of the image: write below /tmp, or name a directory in `writable:`",
            found.escape_debug()
        )),
        _ => Some(format!(
            "`{}` belongs to another user: the application runs as you do, so you must be able to read and write it",
            found.escape_debug()
        )),
    }
}

/// What to do about a file that is not there, where the image has such files and the server began without them.
pub fn left_out(missing: &str, setting: &Setting, paths: &Paths) -> Option<String> {
    let directory = setting.empty.iter().find(|directory| path::is_at_or_below(missing, directory))?;
    let name = directory.strip_prefix(paths.container.as_str()).map_or(directory.as_str(), |inside| inside.trim_start_matches('/'));
    Some(format!(
        "`{}` is `writable`, and empty when this server starts: if the file is in the image, write `writable-content: image` in parity.yaml, or keep it in a \
         directory that is not written to",
        name.escape_debug()
    ))
}

/// Where a path is in the project, if it is; a relative one is taken for the project's.
fn inside(place: &str, paths: &Paths) -> Option<String> {
    let host = paths.host.to_string_lossy();
    let relative = [paths.container.as_str(), host.trim_end_matches('/')]
        .into_iter()
        .filter(|root| !root.is_empty())
        .find_map(|root| place.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with('/')));
    match relative {
        Some(rest) => Some(rest.trim_matches('/').to_owned()),
        None => (!place.starts_with('/')).then(|| place.trim_start_matches("./").to_owned()),
    }
}

/// Proposes a directory of the project: the topmost, below which an application makes others.
fn name_it(inside: &str) -> String {
    let mut parts = inside.split('/').filter(|part| !part.is_empty()).peekable();
    let mut directory = Vec::new();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        // A name with an ending is a file's.
        if is_last && part.trim_start_matches('.').contains('.') {
            break;
        }
        directory.push(part);
        if part != "src" {
            break;
        }
    }
    let why = "the project is read-only in production";
    if directory.is_empty() {
        let file = inside.rsplit('/').next().unwrap_or_default();
        return format!(
            "{why}: keep `{}` in a directory of its own and write `writable: [DIRECTORY]` in parity.yaml; `writable: [.]` is all of the project",
            file.escape_debug()
        );
    }
    format!(
        "{why}: write `writable: [{}]` in parity.yaml, if this is where the application keeps its data",
        directory.join("/").escape_debug()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::RecordKind;

    fn hint(baked: bool, line: &str) -> String {
        let setting = Setting { baked, writable: vec!["/app/media".into()], ..Setting::default() };
        let record = Record::new(RecordKind::Traceback, ["Traceback (most recent call last):", line]);
        refused(&record, &setting, &Paths::of_project("/home/ada/shop")).unwrap_or_default()
    }

    #[test]
    fn a_file_that_is_not_there_may_have_been_left_out() {
        let setting = Setting { baked: true, empty: vec!["/app/data".into()], ..Setting::default() };
        let hint = |path: &str| left_out(path, &setting, &Paths::of_project("/home/ada/shop"));
        let said = hint("/app/data/rates.yaml").unwrap();
        assert!(said.starts_with("`data` is `writable`, and empty") && said.contains("`writable-content: image`"), "{said}");
        assert_eq!((hint("/app/rates.yaml"), hint("/app/data2/x")), (None, None));
    }

    #[test]
    fn whoever_refuses_names_the_place_in_words_of_its_own() {
        for line in [
            "OSError: [Errno 30] Read-only file system: '/app/var/data/x.log'",
            "PermissionError: [Errno 13] Permission denied: '/home/ada/shop/var/x'",
            "OSError: [Errno 30] Read-only file system: 'var/data/Data.fs.lock'",
            "FileNotFoundError … mkdir: cannot create directory ‘var’: Read-only file system",
            "mkdir: cannot create directory 'var/x': Permission denied",
            "sh: 1: cannot create /app/var/x.txt: Read-only file system",
            "sh: 1: cannot create ./var/x.txt: Permission denied",
            "fatal: Unable to create '/app/var/shop.git/index.lock': Read-only file system",
            "abort: could not lock repository /app/var/repo: Permission denied",
        ] {
            let hint = hint(true, line);
            assert!(hint.contains("`writable: [var]`"), "{line} → {hint}");
        }
    }

    #[test]
    fn what_is_beside_the_code_is_better_moved() {
        for line in
            ["OSError: [Errno 30] Read-only file system: '/app/debug.log'", "PermissionError: [Errno 13] Permission denied: 'app.lock'"]
        {
            assert!(hint(true, line).contains("in a directory of its own"), "{line}");
        }
        assert!(hint(true, "OSError: [Errno 30] Read-only file system: '/app/src/instance/x.db'").contains("`writable: [src/instance]`"));
        assert!(hint(true, "OSError: [Errno 30] Read-only file system: '/app/instance'").contains("`writable: [instance]`"));
    }

    #[test]
    fn what_else_it_may_be() {
        assert!(hint(true, "OSError: [Errno 30] Read-only file system: '/srv/x'").contains("only /tmp"));
        assert!(hint(false, "OSError: [Errno 30] Read-only file system: '/srv/x'").contains("only /tmp"));
        assert!(hint(false, "PermissionError: [Errno 13] Permission denied: '/app/media/x'").contains("belongs to another user"));
        // It is named already, and there is no path.
        assert_eq!(hint(true, "PermissionError: [Errno 13] Permission denied: '/app/media/x'"), "");
        assert_eq!(hint(true, "PermissionError: [Errno 13] Permission denied"), "");
    }
}
