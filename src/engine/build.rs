//! Building an image from a context of files, with BuildKit on Docker and with Podman's own builder.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::time::Instant;

use bollard::models::BuildInfoAux;
use bollard::query_parameters::{BuildImageOptions, BuilderVersion};
use futures_util::StreamExt;

use super::answers::to_the_end;
use super::connect::{Engine, Flavour};
use super::error::explain;
pub use super::progress::Broken;
use super::progress::Progress;
use super::secrets::SecretFile;
use crate::error::{Failure, Kind, Result};
use crate::events::Report;
use crate::project::contents::{Contents, Entry, What};
use crate::units::{Redactor, files};

/// A build: what goes in, and the name of what comes out.
#[derive(Debug, Clone)]
pub struct Build {
    /// `name:tag` of the image.
    pub image: String,
    /// The stage of the Dockerfile to stop at.
    pub target: String,
    /// The context: paths with `/` and contents; `Dockerfile` is one of them.
    pub files: Vec<(String, Vec<u8>)>,
    /// Files of this machine that are added to the context under `app/`.
    pub project: Option<Contents>,
    /// When these were changed last, as far as the image says: seconds since 1970. Apache serves them with that date.
    pub modified: u64,
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
        let mut stream =
            std::pin::pin!(to_the_end(self.api.build_image(options, Some(HashMap::new()), Some(bollard::body_full(context.into())))));
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
            add(&mut archive, path, labelled.as_bytes(), 0o644, 0)?;
        } else {
            add(&mut archive, path, content, 0o644, 0)?;
        }
    }
    if in_context {
        for (name, content) in &build.secrets {
            add(&mut archive, format!("secrets/{name}"), content.expose().as_bytes(), 0o600, 0)?;
        }
    }
    if let Some(project) = &build.project {
        add_project(&mut archive, Path::new("app"), project, build.modified)?;
    }
    archive.into_inner()
}

/// The project's files as a tar archive, the same for the same files.
///
/// # Errors
/// A file that cannot be read, by its name.
pub fn project_archive(project: &Contents) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    add_project(&mut archive, Path::new(""), project, 0)?;
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

fn add(archive: &mut tar::Builder<Vec<u8>>, path: impl AsRef<Path>, content: &[u8], mode: u32, time: u64) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(mode);
    header.set_mtime(time);
    archive.append_data(&mut header, path, content)
}

fn add_project(archive: &mut tar::Builder<Vec<u8>>, below: &Path, project: &Contents, modified: u64) -> std::io::Result<()> {
    for Entry { path, what, .. } in &project.entries {
        let target = below.join(path);
        let mut header = tar::Header::new_gnu();
        header.set_size(0);
        header.set_mtime(0);
        match what {
            What::File { executable, .. } => match files::read(&project.root.join(path), u64::MAX - 1) {
                Ok(content) => {
                    // Bytecode knows its source by this.
                    let is_python = path.extension().is_some_and(|ending| ending == "py");
                    let (mode, time) = (if *executable { 0o755 } else { 0o644 }, if is_python { 0 } else { modified });
                    add(archive, &target, &content, mode, time)?;
                }
                // It has vanished since, as temporary files do.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(std::io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
            },
            What::Link { target: to } => {
                header.set_entry_type(tar::EntryType::Symlink);
                archive.append_link(&mut header, target, to)?;
            }
            What::Directory => {
                header.set_entry_type(tar::EntryType::Directory);
                header.set_mode(0o755);
                archive.append_data(&mut header, target, std::io::empty())?;
            }
        }
    }
    Ok(())
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
}
