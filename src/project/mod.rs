//! What the project directory says, found without running any of its code.
//!
//! # The entry point
//!
//! The first of these that is there decides; two of the same rank, with nothing to choose between them, are ambiguous.
//!
//! 1. Django: `manage.py` in the root or one directory down, the settings that it, `DJANGO_SETTINGS_MODULE` or a command (`--settings=…` in hooks, a
//!    Makefile, a Procfile) names, their `WSGI_APPLICATION`, else the
//!    `wsgi.py` beside the settings.
//! 2. `*.wsgi`, `wsgi.py`, `application.py` with `application` at module level, the root first, then up to two directories down.
//! 3. `FLASK_APP` in `.flaskenv` or `.env`; then `app.py`, `wsgi.py`, `main.py` or a package with `app`, `application`,
//!    `create_app()` or `make_app()`.
//!
//! A file that imports the application of another (`wsgi.py` with `from app import app`) stands for both. Applications known
//! to speak another protocol (FastAPI and the like) are never offered.
//!
//! The order in which requirements are looked for is in [`Requirements`]' module, `requirements`.

mod callable;
mod choose;
mod commands;
pub mod contents;
mod django;
pub mod dockerignore;
mod flask;
mod ignore_files;
mod inspect;
mod line_ends;
mod links;
mod python;
mod python_version;
mod requirements;
mod search;
mod services;
mod settings;
#[cfg(test)]
mod testing;
mod toml_file;
mod tree;
mod value;
mod writes;
mod written;

use std::collections::BTreeMap;

use crate::error::Failure;
use crate::units::{EntryPoint, Secret, Sourced};

pub use ignore_files::read as ignore_file;
pub use inspect::inspect;
pub use line_ends::windows_line_ends;
pub use links::remark as link_remark;
pub use requirements::PACKAGE_FILES;
pub use services::{COMPOSE_FILE, Environment as ComposeEnvironment, PROJECT_NAME as COMPOSE_PROJECT_NAME, Service, Services};
pub use writes::Writes;
pub use written::write;

/// The application's environment: some of its variables decide what is run.
pub type Environment = BTreeMap<String, Sourced<Secret>>;

/// What the user has chosen already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The entry point: none is searched for, and it is the only candidate, with the origin `Default`.
    pub app: Option<EntryPoint>,
    /// Requirement or lock files to use instead of those found, relative to the project; empty: install none.
    pub requirements: Option<Vec<String>>,
    /// Groups and extras to install as well.
    pub groups: Vec<String>,
    pub environment: Environment,
    /// The command lines of hooks.
    pub hooks: Vec<Sourced<String>>,
    /// What the shell says to Compose.
    pub compose: ComposeEnvironment,
    /// No Compose file is looked at.
    pub without_services: bool,
}

/// What was found. Every choice carries the place that decided it.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// Possible entry points in the order of preference, all of the best rank found; more than one is ambiguous.
    pub candidates: Vec<Sourced<EntryPoint>>,
    /// Everything that was looked for, in words, for the message when nothing was found.
    pub looked_for: Vec<String>,
    pub framework: Option<Sourced<Framework>>,
    /// The requirements to install; `None`: there are none.
    pub requirements: Option<Sourced<Requirements>>,
    /// What is installed of the project's own.
    pub locals: Locals,
    /// What the project says of its Python: an exact request or a range.
    pub python: Option<Sourced<PythonRequest>>,
    /// Directories served by Apache.
    pub statics: Vec<Sourced<Static>>,
    /// Directories beside the project's root to import modules from, relative, `src` for instance.
    pub python_path: Vec<Sourced<String>>,
    /// The services beside the application, of a Compose file.
    pub services: Option<Services>,
    /// What the application writes into the project.
    pub writes: Writes,
    /// The framework would not be there: nothing was found that installs it.
    pub missing: Option<Failure>,
    /// Things worth telling: a `DEBUG = True`, an `ALLOWED_HOSTS` without localhost.
    pub remarks: Vec<String>,
}

/// The framework, as far as it matters to how the project is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Framework {
    Django(Django),
    Flask,
    Plain,
}

/// What was read from a Django project's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Django {
    /// Relative to the project.
    pub manage_py: String,
    /// `mysite.settings`, or `mysite.settings.dev` of a split package.
    pub settings_module: Option<String>,
    pub static_url: Option<String>,
    /// As far as it can be told without running code.
    pub static_root: StaticRoot,
    /// `STATICFILES_DIRS` inside the project, relative to it, as far as they can be told.
    pub static_dirs: Vec<String>,
    /// A host of `ALLOWED_HOSTS`, where localhost is none.
    pub allowed_host: Option<String>,
    /// Is `django.contrib.staticfiles` among the installed apps (as far as can be told)?
    pub staticfiles: bool,
    /// The place that sets `STATIC_ROOT`, where that has files in the project that git does not ignore: the project's own.
    pub kept_static: Option<String>,
}

/// `STATIC_ROOT` of a Django project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StaticRoot {
    /// Not set anywhere.
    Unset,
    /// Inside the project, relative to it.
    Inside(String),
    /// An absolute path outside the project.
    Outside(String),
    /// Set, by an expression that cannot be told without running code.
    Unknown,
}

/// A URL path and the directory behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Static {
    /// `/static/`, with both slashes.
    pub url: String,
    /// Relative to the project.
    pub directory: String,
}

/// What is to be installed, by the tool that the file belongs to. Paths are relative to the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirements {
    /// `uv.lock` with its `pyproject.toml`; `groups` are dependency groups, `extras` optional dependencies.
    UvLock {
        groups: Vec<String>,
        extras: Vec<String>,
    },
    /// A PEP 751 lock file.
    PyLock {
        path: String,
    },
    PoetryLock {
        groups: Vec<String>,
        extras: Vec<String>,
    },
    PipfileLock {
        groups: Vec<String>,
    },
    /// pip requirement files, installed together. `includes` are the files they name by `-r` and `-c`.
    Files {
        paths: Vec<String>,
        includes: Vec<String>,
        options: PipOptions,
    },
    /// The dependencies of `pyproject.toml` that has no lock: each is a PEP 508 line.
    PyProject {
        dependencies: Vec<String>,
    },
    /// What the project's own package needs, as only its build knows: [`Needs::Built`].
    Package,
}

/// Options in requirement files that uv does not read there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PipOptions {
    /// `--pre`: versions before a release are taken as well.
    pub pre: bool,
    pub trusted_hosts: Vec<String>,
    /// An option that only pip has.
    pub only_pip: Option<String>,
}

/// What is installed of the project's own directories and files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Locals {
    pub packages: Vec<LocalPackage>,
    /// Wheels and source archives that are installed by their paths, relative to the project.
    pub archives: Vec<String>,
}

/// A package in a directory of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPackage {
    /// Relative to the project; empty for the project itself.
    pub directory: String,
    /// Normalized; `None`: only its build knows.
    pub name: Option<String>,
    /// A PEP 508 marker, where it is not wanted everywhere.
    pub marker: Option<String>,
    pub needs: Needs,
    /// It has parts that are compiled.
    pub compiles: Compiles,
    /// Its version comes from version control.
    pub version_of: Option<VersionOf>,
}

impl LocalPackage {
    /// As people know it.
    pub fn label(&self) -> String {
        match (&self.name, self.directory.as_str()) {
            (Some(name), "") => format!("{name} (the project itself)"),
            (None, "") => "the project itself".into(),
            (Some(name), directory) => format!("{name} ({directory})"),
            (None, directory) => directory.to_owned(),
        }
    }

    /// Is its code the project's where the project is worked on?
    pub fn is_editable(&self) -> bool {
        self.compiles == Compiles::Nothing
    }

    /// It is the project itself, and parts of it are compiled in the image while its other code is the project's.
    pub fn is_compiled_in_part(&self) -> bool {
        self.compiles == Compiles::Extensions && self.directory.is_empty()
    }

    /// The same where the code is in the image: that of the project itself is there.
    pub fn is_deployed_editable(&self) -> bool {
        self.is_editable() && self.directory.is_empty()
    }

    /// Does it matter where the code is?
    pub fn is_installed_otherwise(&self) -> bool {
        self.is_editable() != self.is_deployed_editable()
    }
}

/// What a package's build compiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compiles {
    Nothing,
    /// Extension modules, from files that are not Python's.
    Extensions,
    /// Nobody knows, Python's own among them: all of its code is in the image.
    Anything,
}

/// Is a file one that extension modules are compiled from?
pub fn is_compiled_from(path: &str) -> bool {
    const ENDS: &[&str] = &[
        "c", "cc", "cpp", "cxx", "h", "hh", "hpp", "hxx", "inc", "inl", "m", "mm", "s", "asm", "pyx", "pxd", "pxi", "rs", "f", "for",
        "f77", "f90", "f95", "i", "swg", "cmake",
    ];
    let name = path.rsplit('/').next().unwrap_or_default();
    let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    end.is_some_and(|end| ENDS.contains(&end.as_str())) || ["Cargo.toml", "Cargo.lock", "CMakeLists.txt", "meson.build"].contains(&name)
}

/// What a package of the project needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// It is among what is installed anyway.
    Locked,
    /// PEP 508 lines.
    Listed(Vec<String>),
    /// Only its build knows, which `file` of the project describes.
    Built { file: String, extras: Vec<String> },
}

/// The tool that finds a version in version control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionOf {
    SetuptoolsScm,
    /// Built on setuptools-scm, which it does not tell the package's name.
    HatchVcs,
    Pbr,
    Pdm,
    PoetryDynamicVersioning,
}

/// Which Python the project asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PythonRequest {
    /// `3.13` or `3.13.2`.
    Version(String),
    /// A PEP 440 specifier: `>=3.10,<3.14`.
    Range(String),
}
