//! What tools leave in a project without being asked, known by its name.

use super::path;

type Names = &'static [(&'static [&'static str], &'static str)];

const NEVER: Names =
    &[(&[".git", ".hg", ".svn"], "it belongs to version control"), (&["__pycache__"], "it is bytecode, which Python writes")];

const DIRECTORIES: Names = &[
    (&[".venv", "venv", "virtualenv", ".tox", ".nox", ".direnv"], "it belongs to a virtual environment"),
    (&["node_modules", ".eggs"], "it belongs to an installed package"),
    (&[".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", "htmlcov"], "a tool keeps it"),
    (&[".idea", ".vscode"], "it belongs to an editor"),
];

const ENDINGS: Names = &[
    (&[".pyc", ".pyo"], "it is bytecode, which Python writes"),
    (&["~", ".tmp", ".swp", ".swo", ".swx", "___jb_tmp___", "___jb_old___"], "it is a temporary file"),
    // The last are ZODB's; other `.fs` are shaders.
    (&[".sqlite", ".sqlite3", ".db", ".db3", "Data.fs", ".fs.index", ".fs.lock", ".fs.tmp"], "it is a database"),
    (&[".log", ".pid", ".sock"], "a running program writes it"),
];

/// Is it below a directory that is never of interest, or one itself?
pub(super) fn never(path: &str) -> Option<&'static str> {
    path.split('/').find_map(|part| named(NEVER, part))
}

/// Is it below a directory that is not looked into, or one itself?
pub(super) fn directory(path: &str) -> Option<&'static str> {
    path.split('/').find_map(|part| match part.ends_with(".egg-info") {
        true => Some("it belongs to an installed package"),
        false => named(DIRECTORIES, part),
    })
}

/// Is it a file that is not of interest?
pub(super) fn file(path: &str) -> Option<&'static str> {
    let (_, name) = path::split(path);
    // SQLite's own names for what belongs to a database.
    let base = ["-journal", "-wal", "-shm"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    let ends =
        |base: &str| ENDINGS.iter().find(|(endings, _)| endings.iter().any(|ending| base.ends_with(ending))).map(|(_, cause)| *cause);
    match name {
        ".DS_Store" | "Thumbs.db" => Some("the desktop keeps it"),
        _ if name.starts_with(".coverage") => Some("a tool keeps it"),
        _ if is_temporary(name) => Some("it is a temporary file"),
        _ => ends(base),
    }
}

/// The names that editors give to what they are about to rename: those of Emacs, GNOME, Vim and `sed -i`.
fn is_temporary(name: &str) -> bool {
    let of_sed = |rest: &str| rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
    name.starts_with(".#")
        || name.starts_with('#') && name.ends_with('#')
        || name.starts_with(".goutputstream-")
        || name == "4913"
        || name.strip_prefix("sed").is_some_and(of_sed)
}

fn named(names: Names, part: &str) -> Option<&'static str> {
    names.iter().find(|(names, _)| names.contains(&part)).map(|(_, cause)| *cause)
}
