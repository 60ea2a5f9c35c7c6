//! The project's files that a build is made of, beside the project as a whole: requirements, and what build hooks read.
//!
//! A hook is done again when a file changes that it can see. It sees the project, unless `reads` says what it needs: then it sees that
//! and nothing else, so that a file which was forgotten there is missed at once and not served old.

use std::io::Read;

use super::packages::{Files, asks_its_build, describing};
use super::{How, digest_of, git};
use crate::engine::build::project_archive;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::{BuildHook, Plan};
use crate::project::contents::{Contents, survey};
use crate::render::dockerfile::seen_by;
use crate::units::files;
use crate::units::path::is_at_or_below;

/// What was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Inputs {
    /// Requirement files, by their paths in the project.
    pub requirements: Files,
    /// What describes the project's own packages, and those of them whose build says what they need.
    pub packages: Files,
    pub built: Files,
    /// Their versions, where those come from version control.
    pub versions: Vec<(String, String)>,
    /// Files of the build's context: those that hooks with `reads` see.
    pub files: Vec<(String, Vec<u8>)>,
    /// All of the project, if there is a hook that sees it.
    pub project: Option<Contents>,
    digests: Vec<String>,
}

impl Inputs {
    pub fn read(plan: &Plan, how: &How) -> Result<Self> {
        let mut inputs = Self { requirements: requirement_files(plan)?, ..Self::default() };
        let (hooks, own) = (&plan.image.build_hooks, &plan.image.locals.packages);
        let see_nothing = hooks.iter().enumerate().all(|(at, hook)| seen_by(at, hook).is_none());
        inputs.digests = vec![String::new(); hooks.len()];
        if see_nothing && own.is_empty() {
            return Ok(inputs);
        }
        let contents = survey(&plan.root, &how.selection)?;
        inputs.describe(plan, &contents).map_err(|error| unreadable(&error))?;
        if see_nothing {
            return Ok(inputs);
        }
        inputs.digests.clear();
        let project = entries(&contents)?;
        for (at, hook) in hooks.iter().enumerate() {
            let seen: Vec<&Entry> = project.iter().filter(|entry| sees(hook, &entry.path)).collect();
            missing(hook, &seen, &hook.origin.to_string())?;
            let parts = seen.iter().flat_map(|entry| [entry.path.as_bytes(), &entry.header, entry.content.as_slice()]);
            inputs.digests.push(if seen_by(at, hook).is_some() { digest_of(parts) } else { String::new() });
            if let Some(below) = seen_by(at, hook).filter(|_| hook.reads.is_some()) {
                inputs.files.extend(
                    seen.iter().filter(|entry| entry.is_file).map(|entry| (format!("{below}/{}", entry.path), entry.content.clone())),
                );
            }
        }
        inputs.project = hooks.iter().any(|hook| hook.reads.is_none()).then_some(contents);
        Ok(inputs)
    }

    fn describe(&mut self, plan: &Plan, contents: &Contents) -> std::io::Result<()> {
        let own = &plan.image.locals.packages;
        self.packages = describing(own, contents, |_| true)?;
        self.built = describing(own, contents, asks_its_build)?;
        let versioned = own.iter().filter(|package| package.version_of.is_some());
        let version = |directory: &String| Some((directory.clone(), git::version(&plan.root.join(directory))?));
        self.versions = versioned.filter_map(|package| version(&package.directory)).collect();
        Ok(())
    }

    /// A digest for each hook of what it sees.
    pub fn hook_digests(&self) -> Vec<String> {
        self.digests.clone()
    }
}

/// Says what makes hooks run more often than they may have to.
pub(super) fn remark(plan: &Plan, report: &dyn Report) {
    if let Some(hook) = plan.image.build_hooks.iter().find(|hook| hook.reads.is_none()) {
        report.report(Event::Note {
            text: format!(
                "the build hook `{}` sees all of the project, so it is done again when the image is next built after any save: `{{run: …, reads: [PATH]}}` says what it needs",
                hook.run
            ),
        });
    }
}

/// A file or directory of the project, as an image would have it.
struct Entry {
    path: String,
    /// What tells it apart beside its content: its kind, its mode, where it leads.
    header: Vec<u8>,
    is_file: bool,
    content: Vec<u8>,
}

fn entries(contents: &Contents) -> Result<Vec<Entry>> {
    let read = || -> std::io::Result<Vec<Entry>> {
        let bytes = project_archive(contents)?;
        let mut archive = tar::Archive::new(bytes.as_slice());
        let mut entries = Vec::new();
        for entry in archive.entries()? {
            let mut entry = entry?;
            let (path, kind) = (entry.path()?.to_string_lossy().trim_end_matches('/').to_owned(), entry.header().entry_type());
            let link = entry.link_name_bytes().unwrap_or_default().into_owned();
            let header = [vec![kind.as_byte()], entry.header().mode()?.to_le_bytes().to_vec(), link].concat();
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            entries.push(Entry { path, header, is_file: kind.is_file(), content });
        }
        Ok(entries)
    };
    read().map_err(|error| unreadable(&error))
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::new(Kind::Build, "cannot read the project's files").caused_by(error)
}

fn sees(hook: &BuildHook, path: &str) -> bool {
    hook.reads.as_ref().is_none_or(|reads| reads.iter().map(|read| plain(read)).any(|read| read.is_empty() || is_at_or_below(path, &read)))
}

/// A path of the settings as an archive has it.
fn plain(path: &str) -> String {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/")
}

/// What a hook is said to read must be there.
fn missing(hook: &BuildHook, seen: &[&Entry], origin: &str) -> Result<()> {
    let gone = |read: &&String| {
        let read = plain(read);
        !read.is_empty() && !seen.iter().any(|entry| is_at_or_below(&entry.path, &read))
    };
    match hook.reads.iter().flatten().find(gone) {
        Some(read) => Err(Failure::new(
            Kind::BadFile,
            format!("{origin}: the build hook `{}` reads {}, which is not there", hook.run, read.escape_debug()),
        )
        .hint("paths are relative to the project; a build has nothing of what `parity build --production --list` shows as left out")),
        None => Ok(()),
    }
}

fn requirement_files(plan: &Plan) -> Result<Vec<(String, Vec<u8>)>> {
    let Some(requirements) = &plan.image.requirements else { return Ok(Vec::new()) };
    let locals = &plan.image.locals;
    let read = |path: String| match files::read_inside(&plan.root, std::path::Path::new(&path), files::MOST_BYTES) {
        Ok(content) => Ok((path.clone(), requirements.third_party(&path, content, locals))),
        Err(error) => Err(Failure::new(Kind::BadFile, format!("{path} cannot be read")).caused_by(&error)),
    };
    requirements.files().into_iter().chain(locals.archives.iter().cloned()).map(read).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::render::testing;
    use crate::units::Sourced;

    fn digests(root: &Path, hooks: &[BuildHook]) -> Result<Vec<String>> {
        let mut plan = Plan { root: root.to_owned(), ..testing::flask() };
        plan.image.requirements = None;
        plan.image.build_hooks = hooks.iter().cloned().map(Sourced::default).collect();
        Inputs::read(&plan, &How::default()).map(|inputs| inputs.digests)
    }

    #[test]
    fn a_hook_is_done_again_for_what_it_sees_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("vendor/x.py", "1");
        write("vendored.py", "1");
        let reads = |paths: &[&str]| BuildHook { run: "make".into(), reads: Some(paths.iter().copied().map(String::from).collect()) };
        let hooks = [BuildHook::from("make"), reads(&["./vendor/"]), reads(&[]), reads(&["vendor/x.py", "vendored.py"])];
        let before = digests(directory.path(), &hooks).unwrap();
        let changed = |before: &[String]| {
            let after = digests(directory.path(), &hooks).unwrap();
            before.iter().zip(after).map(|(before, after)| *before != after).collect::<Vec<_>>()
        };
        assert_eq!(changed(&before), [false; 4]);
        write("vendored.py", "2");
        assert_eq!(changed(&before), [true, false, false, true]);
        write("vendor/x.py", "2");
        assert_eq!(changed(&before), [true, true, false, true]);
        let before = digests(directory.path(), &hooks).unwrap();
        std::fs::rename(directory.path().join("vendor/x.py"), directory.path().join("vendor/y.py")).unwrap();
        let gone = digests(directory.path(), &hooks).unwrap_err();
        assert!(gone.message.contains("vendor/x.py, which is not there"), "{gone}");
        assert_ne!(digests(directory.path(), &hooks[..2]).unwrap(), before[..2]);
    }
}
