//! What the metadata of the project's own packages is made from.
//!
//! Their code is not part of it: an image that is made from the same metadata is the same one, whatever was saved in between. So a
//! build gets their packages with empty modules, but for those that the description of a package names, as it may read a version there.

use std::path::Path;

use crate::project::contents::Contents;
use crate::project::{Compiles, LocalPackage, Needs, PACKAGE_FILES, is_compiled_from};
use crate::units::files;
use crate::units::path::is_at_or_below;

/// Larger files describe no package.
const MAX_BYTES: u64 = 1 << 20;
/// Modules that hold a version and hardly anything else.
const VERSIONS: [&str; 5] = ["_version.py", "version.py", "__about__.py", "__version__.py", "_meta.py"];

/// Programs that a build runs without their being named, by what makes it.
const HOOKS: [(&str, &str); 2] = [("hatchling", "hatch_build.py"), ("pdm.backend", "pdm_build.py")];

/// Files by their paths in the project.
pub(super) type Files = Vec<(String, Vec<u8>)>;

/// What describes the packages for which `which` holds.
pub(super) fn describing(packages: &[LocalPackage], contents: &Contents, which: impl Fn(&LocalPackage) -> bool) -> std::io::Result<Files> {
    let directories: Vec<&str> = packages.iter().map(|package| package.directory.as_str()).collect();
    let mut files = Files::new();
    for package in packages.iter().filter(|package| which(package)) {
        let own: Vec<(&str, u64)> = contents
            .files()
            .filter_map(|(entry, bytes)| Some((inside(entry.path.to_str()?, &package.directory)?, bytes)))
            .filter(|(path, _)| !is_of_another(path, &package.directory, &directories))
            .collect();
        let at = |path: &str| if package.directory.is_empty() { path.to_owned() } else { format!("{}/{path}", package.directory) };
        let description = Description::read(&contents.root, &at, &own, package);
        for (path, bytes) in &own {
            let content = match description.content(path, *bytes) {
                Content::None => continue,
                Content::Empty => Vec::new(),
                Content::All => files::read_inside(&contents.root, Path::new(&at(path)), files::MOST_BYTES)?,
            };
            files.push((at(path), content));
        }
    }
    Ok(files)
}

pub(super) fn asks_its_build(package: &LocalPackage) -> bool {
    matches!(package.needs, Needs::Built { .. })
}

fn inside<'a>(path: &'a str, directory: &str) -> Option<&'a str> {
    if directory.is_empty() { Some(path) } else { path.strip_prefix(directory)?.strip_prefix('/') }
}

/// Packages in directories of each other describe themselves.
fn is_of_another(path: &str, directory: &str, directories: &[&str]) -> bool {
    directories.iter().filter_map(|other| inside(other, directory)).any(|other| !other.is_empty() && is_at_or_below(path, other))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    None,
    Empty,
    All,
}

/// What a package's own files say of the others.
struct Description {
    pyproject: String,
    setup: String,
    /// Directories of packages: what is in them besides does not matter.
    packages: Vec<String>,
    /// Its build runs its code, or compiles it.
    needs_code: bool,
    /// Its build compiles files that are not Python's.
    needs_sources: bool,
    /// A README that only describes it to people.
    readme: Option<String>,
}

impl Description {
    fn read(root: &Path, at: &impl Fn(&str) -> String, own: &[(&str, u64)], package: &LocalPackage) -> Self {
        let text = |name: &str| {
            let is_there = own.iter().any(|(path, bytes)| *path == name && *bytes <= MAX_BYTES);
            if is_there { files::read_text_inside(root, Path::new(&at(name))).unwrap_or_default() } else { String::new() }
        };
        let (pyproject, cfg, setup) = (text("pyproject.toml"), text("setup.cfg"), text("setup.py"));
        let packages: Vec<String> = own.iter().filter_map(|(path, _)| path.strip_suffix("/__init__.py")).map(str::to_owned).collect();
        let tops: Vec<&str> =
            packages.iter().map(|path| path.strip_prefix("src/").unwrap_or(path)).filter(|path| !path.contains('/')).collect();
        let imports = |line: &str| {
            let name = line.trim().strip_prefix("from ").or_else(|| line.trim().strip_prefix("import "));
            name.is_some_and(|name| {
                tops.iter()
                    .any(|top| name.strip_prefix(top).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')))
            })
        };
        let declared = format!("{pyproject}\n{cfg}");
        // What a hook of the build names of the project it imports or reads.
        let hook_needs_code = hooks(&declared).any(|hook| tops.iter().any(|top| has_word(&text(hook), top)));
        let is_imported = attributes(&declared).any(|(module, name)| {
            let path = module.replace('.', "/");
            let places = ["", "src/"].iter().flat_map(|home| [format!("{home}{path}.py"), format!("{home}{path}/__init__.py")]);
            let found = places.into_iter().find(|path| own.iter().any(|(own, _)| own == path));
            found.is_some_and(|path| !assigns(&files::read_text_inside(root, Path::new(&at(&path))).unwrap_or_default(), name))
        });
        let readme = setup.is_empty().then(|| readme(&pyproject)).flatten().filter(|readme| declared.matches(readme.as_str()).count() == 1);
        let needs_sources = package.is_compiled_in_part();
        let compiles = package.compiles != Compiles::Nothing && !needs_sources;
        Self {
            needs_code: compiles || is_imported || hook_needs_code || setup.lines().any(imports),
            needs_sources,
            packages,
            readme,
            setup,
            pyproject: declared,
        }
    }

    fn content(&self, path: &str, bytes: u64) -> Content {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let is_python = name.ends_with(".py");
        if self.needs_sources && is_compiled_from(path) {
            return Content::All;
        }
        if bytes > MAX_BYTES && !self.needs_code {
            return if is_python { Content::Empty } else { Content::None };
        }
        if PACKAGE_FILES.contains(&path) || path == "MANIFEST.in" || self.needs_code {
            return Content::All;
        }
        if self.readme.as_deref() == Some(path) {
            return Content::Empty;
        }
        if is_python {
            let is_flits =
                self.pyproject.contains("flit_core") && name == "__init__.py" && !directory.trim_start_matches("src/").contains('/');
            return match () {
                () if VERSIONS.contains(&name) || is_flits || self.names(path, name) => Content::All,
                () if name != "__init__.py" && self.packages.iter().any(|package| package == directory) => Content::None,
                () => Content::Empty,
            };
        }
        let is_usual =
            ["README", "LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS"].iter().any(|usual| name.to_uppercase().starts_with(usual));
        match () {
            () if self.names(path, name) => Content::All,
            () if directory.is_empty() && is_usual => Content::Empty,
            () => Content::None,
        }
    }

    /// Does the description name a file, by its path, by its module, or in code that puts a path together?
    fn names(&self, path: &str, name: &str) -> bool {
        let module = path.strip_prefix("src/").unwrap_or(path);
        let module = module.strip_suffix("/__init__.py").or_else(|| module.strip_suffix(".py")).unwrap_or(module).replace('/', ".");
        self.pyproject.contains(path)
            || hooks(&self.pyproject).any(|hook| hook == path)
            || self.setup.contains(name)
            || attributes(&self.pyproject).any(|(of, _)| of == module)
    }
}

/// The files that its build runs although nothing names them.
fn hooks(pyproject: &str) -> impl Iterator<Item = &'static str> {
    HOOKS.iter().filter(|(backend, _)| pyproject.contains(backend)).map(|(_, file)| *file)
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word)
}

/// What setuptools reads from modules: `version = {attr = "shop.__version__"}`, `version = attr: shop.__version__`.
fn attributes(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices("attr").filter_map(|(at, word)| {
        let rest = text[at + word.len()..].trim_start_matches([' ', '=', ':', '"', '\'']);
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
        rest[..end].rsplit_once('.')
    })
}

/// Is it a value that is read without running the module?
fn assigns(module: &str, name: &str) -> bool {
    module.lines().filter_map(|line| line.strip_prefix(name)).filter_map(|rest| rest.split_once('=')).any(|(before, value)| {
        (before.trim().is_empty() || before.trim_start().starts_with(':'))
            && value.trim_start().starts_with(|c: char| matches!(c, '"' | '\'' | '(' | '[') || c.is_ascii_digit())
    })
}

fn readme(pyproject: &str) -> Option<String> {
    let table: toml::Table = pyproject.parse().ok()?;
    table.get("project")?.get("readme")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::contents::{Selection, survey};

    fn package(directory: &str) -> LocalPackage {
        LocalPackage {
            directory: directory.into(),
            name: None,
            marker: None,
            needs: Needs::Locked,
            compiles: Compiles::Nothing,
            version_of: None,
        }
    }

    /// What there is for a project of such files: `+` with its content, `-` without.
    fn described(packages: &[LocalPackage], files: &[(&str, &str)]) -> String {
        let directory = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let contents = survey(directory.path(), &Selection::default()).unwrap();
        let mut lines: Vec<String> = describing(packages, &contents, |_| true)
            .unwrap()
            .into_iter()
            .map(|(path, content)| format!("{}{path}", if content.is_empty() { '-' } else { '+' }))
            .collect();
        lines.sort_by(|a, b| a[1..].cmp(&b[1..]));
        lines.join(" ")
    }

    const HATCH: (&str, &str) =
        ("libs/a/pyproject.toml", "[project]\nname = 'a'\nreadme = 'README.md'\n[tool.hatch.version]\npath = 'src/a/base.py'\n");

    #[test]
    fn code_is_no_part_of_it_but_for_what_the_description_names() {
        let files = [
            HATCH,
            ("libs/a/README.md", "x"),
            ("libs/a/LICENSE", "x"),
            ("libs/a/notes.txt", "x"),
            ("libs/a/src/a/__init__.py", "x"),
            ("libs/a/src/a/base.py", "__version__ = '1'"),
            ("libs/a/src/a/code.py", "x"),
            ("libs/a/src/a/data.json", "x"),
            ("libs/a/src/loose/code.py", "x"),
            ("libs/b/pyproject.toml", "x"),
            ("app.py", "x"),
        ];
        assert_eq!(
            described(&[package("libs/a")], &files),
            "-libs/a/LICENSE -libs/a/README.md +libs/a/pyproject.toml -libs/a/src/a/__init__.py +libs/a/src/a/base.py -libs/a/src/loose/code.py"
        );
    }

    #[test]
    fn a_setup_script_may_read_files_and_import_its_package() {
        let setup = "from setuptools import setup\nlong = open('README.md').read()\nopen(join('a', '__init__.py'))";
        let files = [
            ("setup.py", setup),
            ("README.md", "x"),
            ("a/__init__.py", "x"),
            ("a/code.py", "x"),
            ("libs/b/setup.py", "x"),
            ("libs/b/b.py", "x"),
        ];
        assert_eq!(
            described(&[package(""), package("libs/b")], &files),
            "+README.md +a/__init__.py +libs/b/setup.py -libs/b/b.py +setup.py"
                .replace("+libs/b/setup.py -libs/b/b.py", "-libs/b/b.py +libs/b/setup.py")
        );
        let files = [("setup.py", "import a\nsetup(version=a.__version__)"), ("a/__init__.py", "x"), ("a/code.py", "x")];
        assert_eq!(described(&[package("")], &files), "+a/__init__.py +a/code.py +setup.py");
    }

    #[test]
    fn a_version_of_a_module_is_read_or_the_module_is_run() {
        let pyproject = "[tool.setuptools.dynamic]\nversion = {attr = 'a.__version__'}\n";
        let with = |init| described(&[package("")], &[("pyproject.toml", pyproject), ("a/__init__.py", init), ("a/code.py", "x")]);
        assert_eq!(with("__version__ = '1'\n"), "+a/__init__.py +pyproject.toml");
        assert_eq!(with("from a.code import __version__\n"), "+a/__init__.py +a/code.py +pyproject.toml");
    }

    #[test]
    fn a_hook_of_the_build_is_run_with_the_code_that_it_names() {
        let pyproject = ("pyproject.toml", "[build-system]\nbuild-backend = 'hatchling.build'\n[tool.hatch.build.hooks.custom]\n");
        let with = |hook| {
            described(&[package("")], &[pyproject, ("hatch_build.py", hook), ("a/__init__.py", "x"), ("a/code.py", "x"), ("a/de.po", "x")])
        };
        assert_eq!(with("class Hook: pass"), "-a/__init__.py +hatch_build.py +pyproject.toml");
        assert_eq!(with("sys.path.insert(0, './a')"), "+a/__init__.py +a/code.py +a/de.po +hatch_build.py +pyproject.toml");
        let other = ("pyproject.toml", "[build-system]\nbuild-backend = 'flit'\n");
        assert_eq!(
            described(&[package("")], &[other, ("hatch_build.py", "x"), ("a/__init__.py", "x")]),
            "-a/__init__.py -hatch_build.py +pyproject.toml"
        );
    }

    #[test]
    fn what_is_compiled_is_all_there() {
        let compiled = LocalPackage { compiles: Compiles::Extensions, ..package("libs/c") };
        let files = [("libs/c/setup.py", "x"), ("libs/c/c/__init__.py", "x"), ("libs/c/c/fast.c", "x"), ("libs/other.py", "x")];
        assert_eq!(described(&[compiled], &files), "+libs/c/c/__init__.py +libs/c/c/fast.c +libs/c/setup.py");
    }
}
