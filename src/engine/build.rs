//! Building an image from a context of files, with BuildKit on Docker and with Podman's own builder.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::path::{Component, Path};
use std::sync::Arc;
use std::time::Instant;

use bollard::models::BuildInfoAux;
use bollard::query_parameters::{BuildImageOptions, BuilderVersion};
use futures_util::StreamExt;

use super::connect::{Engine, Flavour};
use super::error::explain;
pub use super::progress::Broken;
use super::progress::Progress;
use super::secrets::SecretFile;
use crate::error::{Failure, Kind, Result};
use crate::events::Report;
use crate::project::dockerignore::{self, DockerIgnore};
use crate::units::Redactor;

/// A build: what goes in, and the name of what comes out.
#[derive(Debug, Clone)]
pub struct Build {
    /// `name:tag` of the image.
    pub image: String,
    /// The stage of the Dockerfile to stop at.
    pub target: String,
    /// The context: paths with `/` and contents; `Dockerfile` is one of them.
    pub files: Vec<(String, Vec<u8>)>,
    /// A directory of this machine that is added to the context under `app/`, as far as `.dockerignore` lets it.
    pub project: Option<std::path::PathBuf>,
    /// Files of that directory that stay out of the image, by their paths in it.
    pub leave_out: Vec<String>,
    pub labels: Vec<(String, String)>,
    /// Files that only commands see which mount them.
    pub secrets: Vec<SecretFile>,
    /// What is not to be printed of the build's output.
    pub hidden: Redactor,
    pub no_cache: bool,
}

/// How a build ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Built {
    /// Steps that ran because they were not cached.
    pub worked: usize,
}

/// How a build failed: the failure so far, and the step that broke, for the caller to explain.
#[derive(Debug)]
pub struct BuildFailed {
    pub failure: Failure,
    pub broken: Option<Broken>,
}

impl Engine {
    /// Builds an image.
    pub async fn build(&self, build: &Build, report: &dyn Report) -> Result<Built, BuildFailed> {
        let buildkit = self.flavour == Flavour::Docker;
        let labels = if buildkit { &[][..] } else { &build.labels };
        let context = context(build, labels, !self.carries_secrets()).map_err(|error| BuildFailed {
            failure: Failure::new(Kind::Build, "cannot pack the build context").caused_by(&error),
            broken: None,
        })?;
        // Podman's builder gives the labels to every stage that does nothing else too, and has it anew each time: then nothing
        // that is built on it is ever cached.
        let labels_in_options = buildkit.then(|| build.labels.iter().cloned().collect());
        let options = BuildImageOptions {
            dockerfile: "Dockerfile".into(),
            t: Some(build.image.clone()),
            target: build.target.clone(),
            labels: labels_in_options,
            nocache: build.no_cache,
            rm: true,
            forcerm: true,
            version: if buildkit { BuilderVersion::BuilderBuildKit } else { BuilderVersion::BuilderV1 },
            session: buildkit.then(session_id),
            ..BuildImageOptions::default()
        };
        let secrets = match (&options.session, self.carries_secrets()) {
            (Some(session), true) if build.secrets.iter().any(|(_, content)| !content.expose().is_empty()) => {
                Some(self.offer_secrets(session, &build.secrets).await)
            }
            _ => None,
        };
        let _secrets = secrets.transpose().map_err(|failure| BuildFailed { failure, broken: None })?;
        let mut progress = Progress::hiding(build.hidden.clone());
        let mut stream = std::pin::pin!(self.api.build_image(options, Some(HashMap::new()), Some(bollard::body_full(context.into()))));
        while let Some(info) = stream.next().await {
            match info {
                Ok(info) => {
                    if let Some(BuildInfoAux::BuildKit(status)) = info.aux {
                        progress.buildkit(status, report);
                    }
                    if let Some(text) = info.stream {
                        progress.plain(&text, report);
                    }
                }
                Err(error) => {
                    progress.fail(report);
                    let mut failure = explain(&error, "building the image failed");
                    if failure.kind == Kind::Other {
                        failure.kind = Kind::Build;
                    }
                    return Err(BuildFailed { failure, broken: progress.broken(&error.to_string()) });
                }
            }
        }
        if !buildkit {
            progress.plain_done(report);
        }
        Ok(Built { worked: progress.worked })
    }
}

/// Any text that no other build on this engine has at this moment.
fn session_id() -> String {
    format!("parity-{}-{:016x}", std::process::id(), RandomState::new().hash_one(Instant::now()))
}

/// The context as a tar archive, the same for the same files. The Dockerfile's target gets the labels. `in_context`: the
/// engine is told of secrets in no other way.
fn context(build: &Build, labels: &[(String, String)], in_context: bool) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, content) in &build.files {
        if path == "Dockerfile" {
            let labelled = labelled(&String::from_utf8_lossy(content), &build.target, labels);
            add(&mut archive, path, labelled.as_bytes(), 0o644)?;
        } else {
            add(&mut archive, path, content, 0o644)?;
        }
    }
    if in_context {
        for (name, content) in &build.secrets {
            add(&mut archive, &format!("secrets/{name}"), content.expose().as_bytes(), 0o600)?;
        }
    }
    if let Some(project) = &build.project {
        add_project(&mut archive, Path::new("app"), project, &build.leave_out)?;
    }
    archive.into_inner()
}

/// The project's files as an image would have them, as a tar archive.
///
/// # Errors
/// A file that cannot be read.
pub fn project_archive(project: &Path, leave_out: &[String]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    add_project(&mut archive, Path::new(""), project, leave_out)?;
    archive.into_inner()
}

/// A Dockerfile with labels at the end of one of its stages.
fn labelled(dockerfile: &str, target: &str, labels: &[(String, String)]) -> String {
    // Labels are parity's own words, without anything that a Dockerfile would read as more than text.
    let labels: String = labels.iter().map(|(name, value)| format!("LABEL {name}={value:?}\n")).collect();
    let (mut out, mut inside) = (String::new(), false);
    for line in dockerfile.split_inclusive('\n') {
        if line.starts_with("FROM ") {
            if std::mem::take(&mut inside) {
                out += &labels;
            }
            inside = line.trim_end().ends_with(&format!(" AS {target}"));
        }
        out += line;
    }
    if inside {
        out += &labels;
    }
    out
}

fn add(archive: &mut tar::Builder<Vec<u8>>, path: &str, content: &[u8], mode: u32) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(mode);
    header.set_mtime(0);
    archive.append_data(&mut header, path, content)
}

/// The project's files without what `.dockerignore` names, version control, virtual environments and what is to be left out.
fn add_project(archive: &mut tar::Builder<Vec<u8>>, below: &Path, project: &Path, leave_out: &[String]) -> std::io::Result<()> {
    let ignored =
        Arc::new(std::fs::read_to_string(project.join(dockerignore::FILE)).map(|text| DockerIgnore::parse(&text)).unwrap_or_default());
    let mut walk = ignore::WalkBuilder::new(project);
    walk.standard_filters(false).hidden(false).follow_links(false).sort_by_file_name(Ord::cmp);
    let (root, passed_over) = (project.to_owned(), Arc::clone(&ignored));
    walk.filter_entry(move |entry| {
        let name = entry.file_name().to_string_lossy();
        let environment = entry.path().join("pyvenv.cfg").exists();
        let all_ignored = entry.path().strip_prefix(&root).is_ok_and(|inside| passed_over.ignores_all_of(&inside.to_string_lossy()));
        !(environment || all_ignored || [".git", ".hg", "__pycache__", "node_modules", ".env"].contains(&name.as_ref()))
    });
    for entry in walk.build() {
        let entry = entry.map_err(std::io::Error::other)?;
        let Ok(inside) = entry.path().strip_prefix(project) else { continue };
        let is_inside = |path: &String| Path::new(path).components().filter(|part| *part != Component::CurDir).eq(inside.components());
        if leave_out.iter().any(is_inside) || ignored.ignores(&inside.to_string_lossy()) {
            continue;
        }
        let target = below.join(inside);
        if target.as_os_str().is_empty() {
            continue;
        }
        let kind = entry.file_type();
        if kind.is_some_and(|kind| kind.is_file()) {
            let executable = is_executable(&entry.metadata().map_err(std::io::Error::other)?);
            add(archive, &target.to_string_lossy(), &std::fs::read(entry.path())?, if executable { 0o755 } else { 0o644 })?;
        } else if kind.is_some_and(|kind| kind.is_symlink()) {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            header.set_mtime(0);
            archive.append_link(&mut header, target, std::fs::read_link(entry.path())?)?;
        } else if kind.is_some_and(|kind| kind.is_dir()) {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(tar::EntryType::Directory);
            header.set_size(0);
            header.set_mode(0o755);
            header.set_mtime(0);
            archive.append_data(&mut header, target, std::io::empty())?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_go_to_the_end_of_the_target() {
        let dockerfile = "FROM x AS base\nFROM base AS runtime\nRUN a\nFROM runtime AS production\nRUN b\n";
        let labels = [("dev.parity.image".to_owned(), "runtime".to_owned())];
        let label = "LABEL dev.parity.image=\"runtime\"\n";
        assert_eq!(labelled(dockerfile, "runtime", &labels), dockerfile.replace("RUN a\n", &format!("RUN a\n{label}")));
        assert_eq!(labelled(dockerfile, "production", &labels), format!("{dockerfile}{label}"));
        assert_eq!(labelled(dockerfile, "runtime", &[]), dockerfile);
    }

    #[test]
    fn the_context_is_what_docker_would_take() {
        let project = tempfile::tempdir().unwrap();
        for (path, text) in [
            (".dockerignore", "*\n!shop\n!manage.py\nshop/tests\n**/*.md\n"),
            ("manage.py", ""),
            ("notes.txt", ""),
            ("docs/a.txt", ""),
            ("shop/views.py", ""),
            ("shop/README.md", ""),
            ("shop/tests/a.py", ""),
            ("shop/.env", "SECRET=1"),
            ("shop/venv/pyvenv.cfg", ""),
        ] {
            let path = project.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let bytes = project_archive(project.path(), &[]).unwrap();
        let mut archive = tar::Archive::new(&bytes[..]);
        let names: Vec<_> = archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().to_string_lossy().into_owned()).collect();
        assert_eq!(names, ["manage.py", "shop", "shop/views.py"]);
    }
}
