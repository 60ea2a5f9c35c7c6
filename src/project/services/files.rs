//! Which files a Compose project is made of: those that `COMPOSE_FILE` names, else the first of Compose's names with its override file,
//! and what they include.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::dotenv;
use crate::units::files;

/// In the order in which Compose prefers them.
const NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const OVERRIDES: [&str; 4] =
    ["compose.override.yaml", "compose.override.yml", "docker-compose.override.yml", "docker-compose.override.yaml"];
/// Names the files, with `:` between them, in the environment or in `.env`.
pub const COMPOSE_FILE: &str = "COMPOSE_FILE";
const MAX_BYTES: u64 = 1 << 20;
/// More than any such file has, aliases written out: one that grows under its reader is refused.
const MAX_NODES: usize = 50_000;
/// More files than any project includes.
const MAX_FILES: usize = 50;

/// A document, and the directory that its relative paths start at.
pub(super) struct Document {
    pub directory: PathBuf,
    pub value: Value,
}

/// What a Compose project is made of.
pub(super) struct Files {
    /// As Compose was told, relative to the project where they are in it.
    pub label: String,
    /// Compose's project directory: that of the first file.
    pub directory: PathBuf,
    /// Where Compose has to be started to find them.
    pub started_in: PathBuf,
    /// Later ones add to former ones.
    pub documents: Vec<Document>,
    /// What those include.
    pub included: Vec<Document>,
}

/// Where files may be, and where they were named.
struct Place {
    /// The repository, or else the directory itself: nothing outside of it is read.
    top: PathBuf,
    directory: PathBuf,
    names: Vec<String>,
}

/// Reads the files of the Compose project that a directory belongs to. `wanted` is what the environment says in `COMPOSE_FILE`. What cannot
/// be read is told in `remarks`.
pub(super) fn read(root: &Path, wanted: Option<&str>, remarks: &mut Vec<String>) -> Option<Files> {
    let place = place(root, wanted)?;
    let shown = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_string_lossy().escape_debug().to_string();
    let paths: Vec<PathBuf> = place.names.iter().map(|name| lexical(&place.directory.join(name))).collect();
    let directory = paths.first()?.parent()?.to_owned();
    let mut documents = Vec::new();
    for path in &paths {
        match document(root, &place.top, path) {
            Ok(value) => documents.push(Document { directory: directory.clone(), value }),
            Err(why) => {
                remarks.push(format!("{} cannot be read, so its services are not known: {why}", shown(path)));
                return None;
            }
        }
    }
    let included = included((root, &place.top), &documents, &shown, remarks);
    let label = paths.iter().map(|path| shown(path)).filter(|path| !OVERRIDES.contains(&path.as_str())).collect::<Vec<_>>().join(", ");
    Some(Files { label, directory, started_in: place.directory, documents, included })
}

/// The value of a variable in the `.env` of a directory, which may be above the project.
pub(super) fn from_env_file(root: &Path, directory: &Path, name: &str) -> Option<String> {
    let bytes = files::read_trusted_inside(directory, Path::new(".env"), MAX_BYTES, root).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    Some(dotenv::variable(&text, name)?.value).filter(|value| !value.is_empty())
}

/// The first directory, from the project's up to its repository's, in which Compose finds files.
fn place(root: &Path, wanted: Option<&str>) -> Option<Place> {
    let top = root.ancestors().find(|directory| directory.join(".git").exists());
    let directories = root.ancestors().take_while(|directory| top.is_none_or(|top| directory.starts_with(top)));
    directories.into_iter().find_map(|directory| {
        let named = wanted.map(str::to_owned).or_else(|| from_env_file(root, directory, COMPOSE_FILE));
        let names = match named {
            Some(named) => named.split(':').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            None => by_name(directory)?,
        };
        // What the environment names may be meant for a directory above.
        let is_here = wanted.is_none() || directory.join(names.first()?).exists();
        is_here.then(|| Place { top: top.unwrap_or(directory).to_owned(), directory: directory.to_owned(), names })
    })
}

fn by_name(directory: &Path) -> Option<Vec<String>> {
    let first = |names: [&'static str; 4]| names.into_iter().find(|name| directory.join(name).is_file());
    Some([first(NAMES)?].into_iter().chain(first(OVERRIDES)).map(str::to_owned).collect())
}

/// What `include:` names in those documents, and in the included ones, each file once.
fn included(
    (root, top): (&Path, &Path),
    documents: &[Document],
    shown: &dyn Fn(&Path) -> String,
    remarks: &mut Vec<String>,
) -> Vec<Document> {
    let mut left: VecDeque<(PathBuf, PathBuf)> = documents.iter().flat_map(includes).collect();
    let (mut seen, mut included) = (BTreeSet::new(), Vec::new());
    while let Some((path, directory)) = left.pop_front() {
        if seen.len() >= MAX_FILES || !seen.insert(path.clone()) {
            continue;
        }
        match document(root, top, &path) {
            Ok(value) => {
                let document = Document { directory, value };
                left.extend(includes(&document));
                included.push(document);
            }
            Err(why) => {
                remarks
                    .push(format!("{}, which a Compose file includes, cannot be read, so its services are not known: {why}", shown(&path)));
            }
        }
    }
    included
}

/// The files that a document includes, each with the directory that its paths start at.
fn includes(document: &Document) -> Vec<(PathBuf, PathBuf)> {
    let from = |path: &str| lexical(&document.directory.join(path));
    let items = document.value.get("include").and_then(Value::as_array).into_iter().flatten();
    let files = items.flat_map(|item| {
        let paths: Vec<&str> = match item.get("path").unwrap_or(item) {
            Value::Array(paths) => paths.iter().filter_map(Value::as_str).collect(),
            path => path.as_str().into_iter().collect(),
        };
        let written = item.get("project_directory").and_then(Value::as_str).map(from);
        let directory = written.or_else(|| Some(from(paths.first()?).parent()?.to_owned())).unwrap_or_else(|| document.directory.clone());
        paths.into_iter().map(move |path| (from(path), directory.clone())).collect::<Vec<_>>()
    });
    files.collect()
}

/// A path without `.` and `..`, as Compose resolves it: by its text.
fn lexical(path: &Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                resolved.pop();
            }
            part => resolved.push(part),
        }
    }
    resolved
}

/// A file's document, with its aliases and merge keys written out. No link leads out of `top`. `services: start` has Compose do what it
/// says, and whoever may write to a directory above the project could put one there: it must not be another user's.
fn document(root: &Path, top: &Path, path: &Path) -> Result<Value, String> {
    let bytes = files::read_trusted_inside(top, path, MAX_BYTES, root).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! { max_nodes: MAX_NODES, max_events: 3 * MAX_NODES },
        alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: MAX_NODES, max_replay_stack_depth: 16 },
        with_snippet: false,
    };
    let read = serde_yaml::from_str_with_options::<Value>(&text, options);
    read.map_err(|error| error.to_string().lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect())
}
