//! Files that decide what is built and run. No `.gitignore` hides them.

use std::collections::BTreeMap;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{Action, Verdict, path};
use crate::config;
use crate::plan::{Plan, lock};
use crate::project::{LocalPackage, PACKAGE_FILES, Requirements, is_compiled_from};
use crate::units::{Origin, Sourced};

#[derive(Debug)]
pub(super) struct Configuration {
    files: BTreeMap<String, Verdict>,
    /// What `include-file` names by wildcards or by a directory.
    included: Gitignore,
    /// What build hooks read, and the hook of each.
    read_by_hooks: Vec<(String, String)>,
    /// Directories of packages whose code is in the image, and what they are.
    compiled: Vec<(String, String)>,
    /// The project itself, where extension modules of it are compiled in the image.
    compiled_in_part: Option<String>,
    /// Directories in which requirements are looked for.
    homes: Vec<String>,
    requirements: Looked,
}

/// How far requirements are looked for.
#[derive(Debug, PartialEq, Eq)]
enum Looked {
    /// The user named them: nowhere.
    Told,
    /// Something was found: only what comes before it could take its place.
    Found,
    Nothing,
}

impl Configuration {
    pub fn new(plan: &Plan, environment_files: &[String]) -> Self {
        let mut files = Files(BTreeMap::new());
        for file in config::FILES {
            files.add(file, Action::Reconfigure, "it is parity's configuration");
        }
        for file in environment_files {
            files.add(file, Action::Restart, "the application's environment is in it");
        }
        if !environment_files.iter().any(|file| !config::FILES.contains(&file.as_str())) {
            files.add(".env", Action::Restart, "a .env holds the application's environment");
        }
        files.add(lock::FILE, Action::Rebuild, "the image's base is in it");
        for file in plan.image.requirements.iter().flat_map(|found| found.files()) {
            let cause = format!("{file} is installed in the image");
            files.add(&file, Action::Rebuild, &cause);
        }
        for archive in &plan.image.locals.archives {
            files.add(archive, Action::Rebuild, &format!("{archive} is installed in the image"));
        }
        for package in plan.image.locals.packages.iter().filter(|package| package.is_editable() || package.is_compiled_in_part()) {
            for name in PACKAGE_FILES {
                let cause = format!("it says what {} is installed as", package.label());
                files.add(&path::join(&package.directory, name), Action::Rebuild, &cause);
            }
        }
        let homes = homes(plan);
        for home in &homes {
            let mut add = |name: &str, action, cause| files.add(&path::join(home, name), action, cause);
            add(".python-version", Action::Rebuild, "it says which Python the image has");
            add("runtime.txt", Action::Rebuild, "it says which Python the image has");
            for name in ["pyproject.toml", "Pipfile"] {
                add(name, Action::Reconfigure, "it may say which Python and packages the image has");
            }
            add(".flaskenv", Action::Reconfigure, "it may name the application");
        }
        let server = &plan.server;
        for file in server.include_file.iter().chain(&server.rewrite_rules.value) {
            files.add(file, Action::Replace, "httpd.conf includes it");
        }
        let scripts = [&server.host_access_script, &server.auth_user_script, &server.auth_group_script];
        for file in scripts.into_iter().flat_map(|script| &script.value) {
            files.add(file, Action::Replace, "Apache asks it who may enter");
        }
        Self {
            files: files.0,
            included: included(&server.include_file),
            read_by_hooks: read_by_hooks(plan),
            compiled: compiled(plan),
            compiled_in_part: plan.image.locals.packages.iter().find(|package| package.is_compiled_in_part()).map(LocalPackage::label),
            homes,
            requirements: looked(plan.image.requirements.as_ref()),
        }
    }

    pub fn verdict(&self, path: &str, gone: bool) -> Option<Verdict> {
        // With a directory go the files that were in it.
        let below = || self.files.range(format!("{path}/")..).next().filter(|(file, _)| path::is_below(file, path));
        if let Some(verdict) = self.files.get(path).or_else(|| below().filter(|_| gone).map(|(_, verdict)| verdict)) {
            return Some(verdict.clone());
        }
        let is_read = |read: &str| path::is_below(path, read) || gone && path::is_below(read, path);
        if let Some((_, hook)) = self.read_by_hooks.iter().find(|(read, _)| is_read(read)) {
            return Some(Verdict::new(Action::Rebuild, format!("the build hook `{hook}` reads it")));
        }
        if let Some((_, package)) = self.compiled.iter().find(|(directory, _)| path::is_below(path, directory)) {
            return Some(Verdict::new(Action::Rebuild, format!("{package} is compiled in the image")));
        }
        if let Some(package) = self.compiled_in_part.as_ref().filter(|_| is_compiled_from(path)) {
            return Some(Verdict::new(Action::Rebuild, format!("{package} is compiled from it in the image")));
        }
        let (directory, name) = path::split(path);
        let cause = match name {
            ".gitignore" | ".dockerignore" => "it says which files matter",
            "manage.py" if !directory.contains('/') => "it makes a project Django's",
            _ if self.included.matched_path_or_any_parents(path, false).is_ignore() => {
                return Some(Verdict::new(Action::Replace, "httpd.conf includes it"));
            }
            _ if self.may_be_requirements(directory, name) => "it may name what is installed in the image",
            _ => return None,
        };
        Some(Verdict::new(Action::Reconfigure, cause))
    }

    /// Could the file take the place of the requirements that were found?
    fn may_be_requirements(&self, directory: &str, name: &str) -> bool {
        let in_home = |directory: &str| self.homes.iter().any(|home| home == directory);
        let is_lock = matches!(name, "uv.lock" | "poetry.lock" | "Pipfile.lock") || name.starts_with("pylock.") && name.ends_with(".toml");
        match self.requirements {
            Looked::Told => false,
            Looked::Found => in_home(directory) && (is_lock || name == "requirements.txt"),
            Looked::Nothing => {
                let (parent, last) = path::split(directory);
                let is_text = name.ends_with(".txt");
                let beside = in_home(directory) && (is_lock || is_text && name.starts_with("requirements"));
                beside || is_text && last == "requirements" && in_home(parent)
            }
        }
    }
}

/// What each file means: the first that is said of one counts.
struct Files(BTreeMap<String, Verdict>);

impl Files {
    /// Files outside of the project cannot be watched.
    fn add(&mut self, file: &str, action: Action, cause: &str) {
        if let Some(path) = path::normalize(file) {
            self.0.entry(path).or_insert_with(|| Verdict::new(action, cause));
        }
    }
}

/// The project's root, and the directories that modules are imported from.
fn homes(plan: &Plan) -> Vec<String> {
    let mut homes = vec![String::new()];
    for directory in plan.python_path.iter().chain([&plan.working_directory]) {
        homes.extend(path::normalize(directory).filter(|home| !homes.contains(home)));
    }
    homes
}

/// Of a hook that sees all of the project nobody knows what it reads: it is done again with the next build.
fn read_by_hooks(plan: &Plan) -> Vec<(String, String)> {
    let reads = plan.image.build_hooks.iter().flat_map(|hook| hook.reads.iter().flatten().map(|read| (read, hook.run.clone())));
    reads.filter_map(|(read, hook)| Some((path::normalize(read).filter(|read| !read.is_empty())?, hook))).collect()
}

fn compiled(plan: &Plan) -> Vec<(String, String)> {
    let compiled = plan.image.locals.packages.iter().filter(|package| !package.is_editable() && !package.directory.is_empty());
    compiled.map(|package| (package.directory.clone(), package.label())).collect()
}

fn included(files: &[String]) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for file in files.iter().filter_map(|file| path::normalize(file)) {
        // A name that is no pattern is among the files.
        let _ = builder.add_line(None, &format!("/{file}"));
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

fn looked(requirements: Option<&Sourced<Requirements>>) -> Looked {
    match requirements.map(|found| &found.origin) {
        None => Looked::Nothing,
        Some(Origin::Detected(_) | Origin::Command(_) | Origin::Default) => Looked::Found,
        Some(Origin::File { .. } | Origin::Env(_) | Origin::Flag(_)) => Looked::Told,
    }
}
