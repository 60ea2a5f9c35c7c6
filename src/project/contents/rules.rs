//! What stays out of an image unless `include` names it: each kind with the names that it goes by.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::units::files;

/// Why files of such a kind stay out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    VersionControl,
    VirtualEnvironment,
    Bytecode,
    Installed,
    Environment,
    Cache,
    Editor,
    Database,
    Key,
    /// Settings of one machine, as far as git ignores them.
    LocalSettings,
}

impl Kind {
    /// In a list, in the plural.
    pub fn words(self) -> &'static str {
        match self {
            Kind::VersionControl => "version control",
            Kind::VirtualEnvironment => "virtual environments",
            Kind::Bytecode => "bytecode",
            Kind::Installed => "installed packages",
            Kind::Environment => ".env files",
            Kind::Cache => "caches",
            Kind::Editor => "files of editors",
            Kind::Database => "databases",
            Kind::Key => "keys and credentials",
            Kind::LocalSettings => "local settings",
        }
    }

    /// Why an image does without them.
    pub fn cause(self) -> &'static str {
        match self {
            Kind::VersionControl => "a server needs no history, which may hold what was deleted",
            Kind::VirtualEnvironment | Kind::Installed => "the image has packages of its own",
            Kind::Bytecode => "Python makes it anew",
            Kind::Cache | Kind::Editor => "they are for whoever works on the code",
            Kind::Environment | Kind::LocalSettings => "they may hold secrets, and are this machine's own",
            Kind::Database => "data of this machine belongs in no image",
            Kind::Key => "whoever can pull the image could read them",
        }
    }

    /// Kinds that are of no use in a container at all, also where the project is uploaded to be worked on.
    pub fn is_never_uploaded(self) -> bool {
        matches!(self, Kind::VersionControl | Kind::VirtualEnvironment | Kind::Bytecode | Kind::Installed | Kind::Environment)
    }
}

/// What a name must be the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Anything,
    Directory,
    File,
}

type Row = (Kind, Of, &'static [&'static str]);

/// The first row that fits decides.
const NAMES: &[Row] = &[
    (Kind::VersionControl, Of::Anything, &[".git", ".hg", ".svn", ".bzr", ".jj", "_darcs", "CVS"]),
    (Kind::VirtualEnvironment, Of::Anything, &[".venv", ".virtualenv", ".tox", ".nox", ".direnv", ".pixi"]),
    (Kind::Bytecode, Of::Directory, &["__pycache__"]),
    (Kind::Installed, Of::Anything, &["node_modules", ".eggs"]),
    (Kind::Environment, Of::Anything, &[".env"]),
    (
        Kind::Cache,
        Of::Directory,
        &[
            ".cache",
            ".mypy_cache",
            ".pytest_cache",
            ".ruff_cache",
            ".hypothesis",
            ".pytype",
            ".ipynb_checkpoints",
            ".sass-cache",
            ".parcel-cache",
            "htmlcov",
        ],
    ),
    (Kind::Cache, Of::File, &[".coverage", ".coverage.*"]),
    (Kind::Editor, Of::Directory, &[".vscode", ".idea", ".vs", ".zed", ".fleet"]),
    (Kind::Editor, Of::File, &["*.swp", "*.swo", "*.swx", "*~", ".#*", "#*#", ".DS_Store", "Thumbs.db"]),
    // With SQLite's names for what belongs to a database, and those of ZODB.
    (
        Kind::Database,
        Of::File,
        &["*.{sqlite,sqlite3,db,db3}", "*.{sqlite,sqlite3,db,db3}-{journal,wal,shm}", "*.fs", "*.fs.{index,lock,tmp}"],
    ),
    (Kind::Key, Of::Directory, &[".ssh", ".gnupg", ".aws"]),
    (Kind::Key, Of::File, &["*.{pem,key,p12,pfx,jks,keystore,ppk,kdbx}"]),
    (Kind::Key, Of::File, &[".netrc", "_netrc", ".pypirc", ".pgpass", ".git-credentials"]),
];

/// Those that git must ignore as well.
const LOCAL: &[&str] = &[
    "local_settings.py",
    "settings_local.py",
    "*.local",
    "*.local.*",
    ".env.*",
    "*.env",
    ".envrc",
    "{,.}{secret,secrets,credentials}",
    "{,.}{secret,secrets,credentials}.*",
    "{,.}secret{_,-}key*",
];

/// SSH's names for a key: `id_rsa`, `id_ed25519.pub`. A module, `id_generator.py`, is none.
fn is_ssh_key(name: &str) -> bool {
    name.strip_prefix("id_").is_some_and(|rest| !rest.strip_suffix(".pub").unwrap_or(rest).contains('.'))
}

struct Compiled {
    rows: GlobSet,
    local: GlobSet,
}

/// The patterns as one matcher, which says which rows of [`NAMES`] have one that fits.
static COMPILED: LazyLock<Compiled> = LazyLock::new(|| {
    let set = |patterns: &[&str]| {
        patterns.iter().fold(GlobSetBuilder::new(), |mut set, pattern| {
            set.add(glob(pattern));
            set
        })
    };
    let all: Vec<&str> = NAMES.iter().flat_map(|(_, _, names)| *names).copied().collect();
    let build = |set: GlobSetBuilder| set.build().expect("patterns that the tests have compiled");
    Compiled { rows: build(set(&all)), local: build(set(LOCAL)) }
});

fn glob(pattern: &str) -> Glob {
    GlobBuilder::new(pattern).case_insensitive(true).empty_alternates(true).build().expect("a pattern that the tests have compiled")
}

/// The kind of a file or directory that stays out; `None`: it goes in. `path` is where it is on this machine.
pub(super) fn kind(path: &Path, name: &str, is_directory: bool, git_ignores: bool) -> Option<Kind> {
    let named = named(name, is_directory);
    if named == Some(Kind::Key) && name.to_ascii_lowercase().ends_with(".pem") && holds_certificates_only(path) {
        return None;
    }
    if named.is_some() {
        return named;
    }
    if is_directory {
        if path.join("pyvenv.cfg").exists() || path.join("conda-meta").is_dir() {
            return Some(Kind::VirtualEnvironment);
        }
        // Flask's, for what an application keeps: never a package.
        return (name == "instance" && !path.join("__init__.py").exists()).then_some(Kind::Database);
    }
    if is_ssh_key(name) {
        return Some(Kind::Key);
    }
    if is_database(path, name) {
        return Some(Kind::Database);
    }
    (git_ignores && COMPILED.local.is_match(name)).then_some(Kind::LocalSettings)
}

fn named(name: &str, is_directory: bool) -> Option<Kind> {
    let fits = COMPILED.rows.matches(name);
    let mut first = 0;
    for (kind, of, names) in NAMES {
        let here = first..first + names.len();
        first = here.end;
        let is_of = match of {
            Of::Anything => true,
            Of::Directory => is_directory,
            Of::File => !is_directory,
        };
        if is_of && fits.iter().any(|at| here.contains(at)) {
            return Some(*kind);
        }
    }
    None
}

/// What the name of a file that goes in says of it, if that is something secret.
pub(super) fn named_as_secret(name: &str) -> Option<&'static str> {
    if named(name, false) == Some(Kind::Key) || is_ssh_key(name) {
        return Some("is named as a key is");
    }
    COMPILED.local.is_match(name).then_some("is named as local settings are")
}

/// What a database of SQLite's begins with.
const SQLITE: &[u8] = b"SQLite format 3\0";
/// All of them are a multiple of that long, and few other files are.
const SMALLEST_PAGE: u64 = 512;
/// Maps in SQLite's format: what an application serves, not what it keeps.
const MAPS: [&str; 2] = ["gpkg", "mbtiles"];

/// A database with a name of its own, as `var/db/main`, or what SQLite keeps beside one.
fn is_database(path: &Path, name: &str) -> bool {
    let beside = ["-journal", "-wal", "-shm"].into_iter().find_map(|ending| name.strip_suffix(ending));
    let path = beside.map_or_else(|| path.to_owned(), |name| path.with_file_name(name));
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    !MAPS.contains(&ending)
        && fs::metadata(&path).is_ok_and(|of| of.is_file() && of.len() > 0 && of.len() % SMALLEST_PAGE == 0)
        && files::read_beginning(&path, SQLITE.len()).is_ok_and(|begins| begins == SQLITE)
}

/// A bundle of certificates is public, and what trusts it needs it.
fn holds_certificates_only(path: &Path) -> bool {
    files::read(path, files::MOST_BYTES).is_ok_and(|bytes| {
        let text = String::from_utf8_lossy(&bytes);
        text.contains("BEGIN CERTIFICATE") && !text.contains("PRIVATE KEY")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, is_directory: bool, git_ignores: bool) -> Option<Kind> {
        kind(Path::new("/nowhere"), name, is_directory, git_ignores)
    }

    #[test]
    fn names_that_stay_out() {
        for (kind, names) in [
            (Kind::Database, &["db.sqlite3", "x.db", "X.DB", "db.sqlite3-wal", "Data.fs", "Data.fs.index"][..]),
            (Kind::Key, &["server.pem", "server.key", "id_rsa", "id_ed25519.pub", ".netrc"]),
            (Kind::Cache, &[".coverage", ".coverage.host.1"]),
            (Kind::Editor, &["a.py~", ".a.py.swp", "Thumbs.db"]),
            (Kind::Environment, &[".env"]),
            (Kind::VersionControl, &[".git"]),
        ] {
            for name in names {
                assert_eq!(of(name, false, false), Some(kind), "{name}");
            }
        }
        for (kind, name) in [
            (Kind::VersionControl, ".hg"),
            (Kind::Cache, ".ruff_cache"),
            (Kind::Editor, ".idea"),
            (Kind::Installed, "node_modules"),
            (Kind::Database, "instance"),
        ] {
            assert_eq!(of(name, true, false), Some(kind), "{name}");
        }
    }

    #[test]
    fn names_that_only_look_like_it() {
        for name in ["id_generator.py", "ids", "keys.py", "database.py", "db", "environment.py", ".envelope", "my.pem.txt", "secrets.py"] {
            assert_eq!(of(name, false, false), None, "{name}");
        }
        for name in ["x.db", "id_rsa", "cache", "keys", "instances"] {
            assert_eq!(of(name, true, false), None, "{name}/");
        }
    }

    #[test]
    fn databases_are_known_by_what_is_in_them() {
        let dir = tempfile::tempdir().unwrap();
        let of = |name: &str, beginning: &[u8], length: usize| {
            let mut bytes = beginning.to_vec();
            bytes.resize(length, 0);
            fs::write(dir.path().join(name), bytes).unwrap();
            kind(&dir.path().join(name), name, false, false)
        };
        assert_eq!(of("main", SQLITE, 1024), Some(Kind::Database));
        assert_eq!(of("main-wal", b"x", 7), Some(Kind::Database));
        assert_eq!(of("other-journal", b"x", 7), None);
        assert_eq!(of("notes", b"SQLite format 3 is", 1024), None);
        assert_eq!(of("cut", SQLITE, 1000), None);
        assert_eq!(of("world.mbtiles", SQLITE, 1024), None);
    }

    #[test]
    fn local_settings_are_what_git_ignores() {
        let names =
            ["local_settings.py", ".env.production", "prod.env", "secrets.py", "secrets.toml", ".secrets", "secret_key.txt", ".envrc"];
        for name in names {
            assert_eq!(of(name, false, true), Some(Kind::LocalSettings), "{name}");
            assert_eq!(of(name, false, false), None, "{name}");
        }
        assert_eq!(of("app.js", false, true), None);
        assert_eq!(of("mysecret.py", false, true), None);
    }

    #[test]
    fn certificates_are_no_keys() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        for (text, expected) in [
            ("-----BEGIN CERTIFICATE-----\n", None),
            ("-----BEGIN CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----\n", Some(Kind::Key)),
            ("", Some(Kind::Key)),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(kind(&path, "ca.pem", false, false), expected, "{text:?}");
        }
    }
}
