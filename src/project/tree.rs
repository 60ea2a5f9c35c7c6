//! The files of a project: which there are, and their text. Nothing here fails on a strange file; it is passed over.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::python::Module;
use super::{dockerignore, ignore_files, links};
use crate::error::{Failure, Kind, Result};
use crate::units::files;

/// Larger files are generated or data, never what a person wrote to start an application.
const MAX_BYTES: u64 = 1 << 20;
/// Directories below the project that are looked into: `src/package/api/__init__.py` is the deepest of interest.
const MAX_DEPTH: usize = 4;
/// A home directory taken for a project must not be read for minutes.
const MAX_ENTRIES: usize = 20_000;
/// Directories that hold other people's code, or code that is not the application.
const SKIPPED: [&str; 14] = [
    "node_modules",
    "site-packages",
    "__pycache__",
    "venv",
    "virtualenv",
    "build",
    "dist",
    "test",
    "tests",
    "docs",
    "migrations",
    "htmlcov",
    "bower_components",
    "vendor",
];

/// A project directory. All paths given and returned are relative to it, with `/` between the parts.
pub(super) struct Tree {
    root: PathBuf,
    files: Vec<String>,
    /// What is to be said of symbolic links that lead out of the project.
    links: Vec<String>,
    parsed: RefCell<HashMap<String, Option<Rc<Module>>>>,
}

impl Tree {
    /// Lists the project's files, shallow ones first, without what `.gitignore` hides.
    pub fn scan(root: &Path) -> Result<Self> {
        fs::read_dir(root).map_err(|error| {
            Failure::new(Kind::Project, format!("the project directory {} cannot be read", root.display())).caused_by(&error)
        })?;
        for name in [".gitignore", dockerignore::FILE] {
            ignore_files::read(root, name)?;
        }
        // Only the project's own .gitignore counts: what a person has configured elsewhere must not change what is found.
        let walk = ignore::WalkBuilder::new(root)
            .max_depth(Some(MAX_DEPTH))
            .require_git(false)
            .parents(false)
            .ignore(false)
            .git_global(false)
            .git_exclude(false)
            .follow_links(false)
            .filter_entry(|entry| entry.depth() == 0 || !is_skipped_directory(entry) && ignore_files::is_readable(entry.path()))
            .build();
        let entries = walk.take(MAX_ENTRIES).filter_map(std::result::Result::ok).filter(|entry| entry.depth() > 0);
        let (mut files, mut links) = (Vec::new(), Vec::new());
        for entry in entries {
            if entry.path_is_symlink() {
                links.extend(leading_out(root, entry.path()));
            }
            if entry.path().is_file() {
                files.extend(relative(root, entry.path()));
            }
        }
        files.sort_by(|a, b| (depth(a), a).cmp(&(depth(b), b)));
        links.sort();
        Ok(Self { root: root.to_owned(), files, links, parsed: RefCell::default() })
    }

    /// The project's directory on this machine.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What is in a directory, sorted.
    pub fn names(&self, directory: &str) -> Vec<String> {
        let entries = fs::read_dir(self.root.join(directory)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    /// What is to be said of symbolic links that lead out of the project.
    pub fn links(&self) -> &[String] {
        &self.links
    }

    /// The files that were found, shallow ones first, then by name.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    pub fn is_file(&self, path: &str) -> bool {
        self.root.join(path).is_file()
    }

    pub fn is_dir(&self, path: &str) -> bool {
        self.root.join(path).is_dir()
    }

    /// The text of a file; `None` if it is absent, unreadable, not a plain file of the project or too large.
    pub fn text(&self, path: &str) -> Option<String> {
        self.read(path).ok()
    }

    /// The same for a file that has to be there.
    ///
    /// # Errors
    /// Why it is not.
    pub fn read(&self, path: &str) -> io::Result<String> {
        files::read_inside(&self.root, Path::new(path), MAX_BYTES).map(|bytes| decode(&bytes))
    }

    /// A Python file, parsed once.
    pub fn module(&self, path: &str) -> Option<Rc<Module>> {
        if let Some(known) = self.parsed.borrow().get(path) {
            return known.clone();
        }
        let module = self.text(path).map(|text| Rc::new(Module::parse(&text)));
        self.parsed.borrow_mut().insert(path.to_owned(), module.clone());
        module
    }

    /// The file of an importable module: the first of `package/__init__.py` and `module.py` in the given directories.
    pub fn module_file(&self, import_roots: &[String], module: &str) -> Option<String> {
        if module.is_empty() || !module.split('.').all(is_name) {
            return None;
        }
        let path = module.replace('.', "/");
        import_roots
            .iter()
            .flat_map(|root| [join(root, &format!("{path}/__init__.py")), join(root, &format!("{path}.py"))])
            .find(|file| self.is_file(file))
    }

    /// The directory that must be importable for a Python file, and the file's module name from there. A package's
    /// directories, those with `__init__.py`, belong to the name. No name: it cannot be imported, `my-site/app-2.py`.
    pub fn importable(&self, file: &str) -> (String, Option<String>) {
        let mut root = parent(file);
        while !root.is_empty() && self.is_file(&join(root, "__init__.py")) {
            root = parent(root);
        }
        let path = file.strip_prefix(root).unwrap_or(file).trim_start_matches('/');
        let path = path.strip_suffix(".py").unwrap_or(path);
        let path = path.strip_suffix("/__init__").unwrap_or(path);
        let module = path.split('/').all(is_name).then(|| path.replace('/', "."));
        (root.to_owned(), module)
    }
}

fn leading_out(root: &Path, link: &Path) -> Option<String> {
    let (path, target) = (link.strip_prefix(root).ok()?, fs::read_link(link).ok()?);
    // That of a virtual environment is nobody's business in a container.
    let is_skipped = link.file_name()?.to_str().is_some_and(|name| SKIPPED.contains(&name)) || link.join("pyvenv.cfg").exists();
    (!is_skipped && links::leads_out(path, &target)).then(|| links::remark(path, &target))
}

fn is_skipped_directory(entry: &ignore::DirEntry) -> bool {
    let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
    is_dir && (entry.file_name().to_str().is_none_or(|name| SKIPPED.contains(&name)) || entry.path().join("pyvenv.cfg").exists())
}

fn relative(root: &Path, path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.strip_prefix(root).ok()?.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

/// How many directories a file is below the project's root.
pub(super) fn depth(path: &str) -> usize {
    path.matches('/').count()
}

/// The directory of a path; empty for the project's root.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

pub(super) fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// `directory/name`, where the empty directory is the project's root.
pub(super) fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// Takes `.`, `..` and doubled slashes out of a relative path; `None` if it leads out of the project.
pub(super) fn normalize(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!path.starts_with('/')).then(|| parts.join("/"))
}

fn is_name(part: &str) -> bool {
    part.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_') && part.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// UTF-8, UTF-16 with a byte order mark (what PowerShell's `>` writes), else Latin-1, which every byte is valid in.
fn decode(bytes: &[u8]) -> String {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    let text = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| bytes.iter().map(|&byte| char::from(byte)).collect()),
    };
    text.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::testing::project;

    #[test]
    fn decodes_what_editors_write() {
        assert_eq!(decode(b"\xEF\xBB\xBFa\r\nb"), "a\nb");
        assert_eq!(decode(b"\xFF\xFEa\0b\0"), "ab");
        assert_eq!(decode(b"caf\xE9"), "café");
    }

    #[test]
    fn passes_over_what_is_not_the_project() {
        let dir = project(&[
            ("app.py", ""),
            ("my env/pyvenv.cfg", ""),
            ("my env/lib.py", ""),
            ("node_modules/x.py", ""),
            (".hidden/x.py", ""),
            ("tests/app.py", ""),
            (".gitignore", "/generated\n"),
            ("generated/app.py", ""),
            ("a/b/c/d/e.py", ""),
            ("a/b/c/d.py", ""),
        ]);
        let tree = Tree::scan(dir.path()).unwrap();
        assert_eq!(tree.files().collect::<Vec<_>>(), ["app.py", "a/b/c/d.py"]);
    }

    #[cfg(unix)]
    #[test]
    fn survives_loops_pipes_and_large_files() {
        let dir = project(&[("app.py", "app = 1"), ("a/x.py", "")]);
        std::os::unix::fs::symlink(dir.path(), dir.path().join("a/loop")).unwrap();
        std::os::unix::fs::symlink("loop.py", dir.path().join("loop.py")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            dir.path().join("pipe.py"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        fs::write(dir.path().join("big.py"), vec![b' '; MAX_BYTES as usize + 1]).unwrap();
        let tree = Tree::scan(dir.path()).unwrap();
        assert_eq!(tree.files().collect::<Vec<_>>(), ["app.py", "big.py", "a/x.py"]);
        assert_eq!(tree.text("big.py"), None);
        assert_eq!(tree.text("pipe.py"), None);
        assert_eq!(tree.text("loop.py"), None);
        assert_eq!(tree.text("app.py").as_deref(), Some("app = 1"));
    }

    #[test]
    fn names_modules_from_their_import_root() {
        let dir = project(&[("src/pkg/__init__.py", ""), ("src/pkg/web.py", ""), ("my-app/wsgi.py", ""), ("app-2.py", "")]);
        let tree = Tree::scan(dir.path()).unwrap();
        for (file, root, module) in [
            ("src/pkg/__init__.py", "src", Some("pkg")),
            ("src/pkg/web.py", "src", Some("pkg.web")),
            ("my-app/wsgi.py", "my-app", Some("wsgi")),
            ("app-2.py", "", None),
        ] {
            assert_eq!(tree.importable(file), (root.to_owned(), module.map(str::to_owned)), "{file}");
        }
        assert_eq!(tree.module_file(&[String::new(), "src".into()], "pkg.web").as_deref(), Some("src/pkg/web.py"));
        assert_eq!(tree.module_file(&[String::new()], "..etc"), None);
    }

    #[test]
    fn paths_stay_inside() {
        assert_eq!(normalize("./a/../b//c").as_deref(), Some("b/c"));
        assert_eq!(normalize("a/../../b"), None);
        assert_eq!(normalize("/etc"), None);
    }
}
