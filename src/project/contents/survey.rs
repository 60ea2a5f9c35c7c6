//! Walks a project and decides about each file, directory and symbolic link in it.

use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::path::Path;

use super::git::Scope;
use super::include::Include;
use super::{Contents, Entry, LeftOut, Purpose, Rule, Selection, What, rules};
use crate::error::{Failure, Kind, Result};
use crate::project::dockerignore::{self, DockerIgnore};
use crate::project::{ignore_files, tree};

/// Reads the project's directories; files only where a name does not decide.
///
/// # Errors
/// [`Kind::Project`]: a directory that cannot be read, unless git ignores it.
pub fn survey(root: &Path, selection: &Selection) -> Result<Contents> {
    let ignored = DockerIgnore::parse(&ignore_files::read(root, dockerignore::FILE)?);
    let mut survey = Survey {
        root,
        purpose: selection.purpose,
        docker: ignored,
        include: Include::new(&selection.include),
        configuration: selection.configuration.iter().filter_map(|path| tree::normalize(path)).collect(),
        contents: Contents { root: root.to_owned(), ..Contents::default() },
    };
    survey.enter(&Directory { path: String::new(), scope: Scope::above(root), git_ignored: false, out: None })?;
    Ok(survey.contents)
}

struct Survey<'a> {
    root: &'a Path,
    purpose: Purpose,
    docker: DockerIgnore,
    include: Include,
    configuration: Vec<String>,
    contents: Contents,
}

/// One that is looked into.
struct Directory {
    /// Relative to the project, empty for itself.
    path: String,
    /// Of the directories above.
    scope: Scope,
    git_ignored: bool,
    /// It stays out, and something below it may be wanted.
    out: Option<Rule>,
}

impl Survey<'_> {
    fn enter(&mut self, directory: &Directory) -> Result<()> {
        let at = self.root.join(&directory.path);
        let mut children = match fs::read_dir(&at).and_then(Iterator::collect::<io::Result<Vec<DirEntry>>>) {
            Ok(children) => children,
            Err(_) if directory.git_ignored || directory.out.is_some() => {
                let rule = directory.out.clone().unwrap_or(Rule::Unreadable);
                self.contents.entries.pop_if(|entry| entry.path == Path::new(&directory.path));
                self.contents.left_out.push(LeftOut { path: format!("{}/", directory.path), rule });
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && !directory.path.is_empty() => return Ok(()),
            Err(error) => return Err(unreadable(&at, &directory.path, &error)),
        };
        children.sort_by_key(DirEntry::file_name);
        let scope = if directory.git_ignored { directory.scope.clone() } else { directory.scope.enter(self.root, &directory.path) };
        for child in children {
            self.child(directory, &scope, &child)?;
        }
        Ok(())
    }

    fn child(&mut self, directory: &Directory, scope: &Scope, child: &DirEntry) -> Result<()> {
        // What vanishes meanwhile was not meant.
        let Ok(metadata) = child.metadata() else { return Ok(()) };
        let name = child.file_name();
        let path = Path::new(&directory.path).join(&name);
        let text = path.to_string_lossy().into_owned();
        let is_directory = metadata.is_dir();
        let git_ignored = directory.git_ignored || scope.ignores(&text, is_directory);
        let shown = || if is_directory { format!("{text}/") } else { text.clone() };
        let out = self.rule(directory, child, &text, &metadata, git_ignored);
        if let Some(rule) = &out
            && !(is_directory && self.may_want_some(&text, rule))
        {
            self.contents.left_out.push(LeftOut { path: shown(), rule: rule.clone() });
            return Ok(());
        }
        if is_directory {
            if out.is_none() {
                self.contents.entries.push(Entry { path: path.clone(), what: What::Directory, git_ignored });
            }
            return self.enter(&Directory { path: text, scope: scope.clone(), git_ignored, out });
        }
        let what = if metadata.is_symlink() {
            let Ok(target) = fs::read_link(child.path()) else { return Ok(()) };
            What::Link { target }
        } else if metadata.is_file() {
            if git_ignored && fs::File::open(child.path()).is_err() {
                self.contents.left_out.push(LeftOut { path: shown(), rule: Rule::Unreadable });
                return Ok(());
            }
            What::File { bytes: metadata.len(), executable: is_executable(&metadata) }
        } else {
            // Pipes, sockets and devices are a running program's.
            return Ok(());
        };
        self.contents.entries.push(Entry { path, what, git_ignored });
        Ok(())
    }

    /// Why it stays out; `None`: it goes in.
    fn rule(&self, directory: &Directory, child: &DirEntry, path: &str, metadata: &Metadata, git_ignored: bool) -> Option<Rule> {
        let is_directory = metadata.is_dir();
        if self.configuration.iter().any(|configuration| configuration == path) {
            return Some(Rule::Configuration);
        }
        if let Some(line) = self.docker.ignoring(path) {
            return Some(Rule::DockerIgnore(line));
        }
        if self.include.wants(path, is_directory) {
            return None;
        }
        if let Some(Rule::Kind(_)) = directory.out {
            return directory.out.clone();
        }
        // A symbolic link to a virtual environment stays out as one.
        let may_be_one = is_directory || metadata.is_symlink() && child.path().is_dir();
        let kind = rules::kind(&child.path(), &child.file_name().to_string_lossy(), may_be_one, git_ignored)?;
        (self.purpose == Purpose::Image || kind.is_never_uploaded()).then_some(Rule::Kind(kind))
    }

    /// Is a directory that stays out looked into all the same?
    fn may_want_some(&self, directory: &str, rule: &Rule) -> bool {
        match rule {
            Rule::DockerIgnore(_) => self.docker.takes_back_some(),
            Rule::Kind(_) => self.include.reaches_into(directory),
            Rule::Configuration | Rule::Unreadable => false,
        }
    }
}

fn unreadable(at: &Path, path: &str, error: &io::Error) -> Failure {
    let failure = Failure::new(Kind::Project, format!("the project's directory {} cannot be read", at.display())).caused_by(error);
    if path.is_empty() {
        return failure;
    }
    failure.hint(format!("if no image needs it, name it in .dockerignore or .gitignore: `/{path}/`"))
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}
