//! `smoke:` as a whole: checks, files with more of them, and what must hold between them.

use std::path::{Component, Path};

use super::reader::{Field, Reader, Scope};
use super::{Check, PROBES};
use crate::config::advice;
use crate::config::entry::{Entry, Place};
use crate::config::file;
use crate::config::source::Source;
use crate::config::yaml::{self, Content, Node, quoted};
use crate::error::{Failure, Kind, Result};

const NAMES: [&str; 5] = ["name", "request", "expect", "capture", "log"];

/// A check before it is read, and the file it is in.
struct Written<'a> {
    source: &'a Source,
    field: Field<'a>,
}

/// Reads all checks that a `smoke:` means.
pub fn load(root: &Path, entry: &Entry<'_>) -> Result<Vec<Check>> {
    let Place::File { source, node, spot } = &entry.place else {
        return Err(Failure::new(Kind::BadFile, "`smoke` is set in parity.yaml only"));
    };
    let whole = Field { subject: "`smoke`".into(), spot: *spot, node };
    let files = named_files(root, source, &whole)?;
    let mut written = Vec::new();
    let mut files = files.iter();
    for item in items(source, &whole)? {
        match item.node.value {
            Content::Text(_) => {
                let Some((file, node)) = files.next() else { continue };
                let whole = Field { subject: format!("`{}`", file.path.display()), spot: node.spot, node };
                for item in items(file, &whole)? {
                    if item.is_text() {
                        return Err(file
                            .failure(item.spot, "a file of checks names no other files")
                            .hint("write the name into `smoke:` in parity.yaml"));
                    }
                    written.push(Written { source: file, field: item });
                }
            }
            _ => written.push(Written { source, field: item }),
        }
    }
    read_all(&written)
}

/// The files that are named, in order, each as a tree.
fn named_files(root: &Path, source: &Source, whole: &Field<'_>) -> Result<Vec<(Source, Node)>> {
    let mut files: Vec<(Source, Node)> = Vec::new();
    for item in items(source, whole)? {
        let Content::Text(name) = &item.node.value else { continue };
        let path = Path::new(name.as_str());
        if name.trim().is_empty() || name.contains(char::is_control) || !path.components().all(is_inside) {
            return Err(source.failure(item.spot, &format!("a file of checks is in the project: {} is not", quoted(name))));
        }
        if files.iter().any(|(known, _)| known.path == path) {
            return Err(source.failure(item.spot, &format!("{} is named twice", quoted(name))));
        }
        let Some(read) = file::read(root, path)? else {
            return Err(source
                .failure(item.spot, &format!("there is no file {}", quoted(name)))
                .hint("paths are relative to the project's directory"));
        };
        let node = yaml::parse(&read)?;
        files.push((read, node));
    }
    Ok(files)
}

fn is_inside(component: Component<'_>) -> bool {
    matches!(component, Component::Normal(_) | Component::CurDir)
}

/// The checks of a list; nothing is an empty one, and a file's name may stand alone.
fn items<'n>(source: &Source, whole: &Field<'n>) -> Result<Vec<Field<'n>>> {
    let expected = "a list of checks";
    match &whole.node.value {
        Content::Null => Ok(Vec::new()),
        Content::Map(_) => Err(source
            .failure(whole.spot, &format!("{} must be {expected}, not a map", whole.subject))
            .hint("begin each check with a dash: `- name: …`")),
        _ => {
            let mut items = whole.items();
            for item in &mut items {
                item.subject = "a check".into();
                if matches!(item.node.value, Content::Null | Content::List(_)) {
                    return Err(source.failure(item.spot, "a check must be a map such as `{request: {path: /}}`, or the name of a file"));
                }
            }
            Ok(items)
        }
    }
}

fn read_all(written: &[Written<'_>]) -> Result<Vec<Check>> {
    let mut scope = Scope { known: Vec::new(), all: written.iter().flat_map(captures_of).collect() };
    let mut checks: Vec<Check> = Vec::new();
    for Written { source, field } in written {
        let reader = Reader { source, scope: &scope };
        let (check, named) = reader.check(field)?;
        if let Some(before) = checks.iter().find(|before| before.name == check.name) {
            let place = before.place.as_ref().map(|(path, line)| format!("{}:{line}", path.display())).unwrap_or_default();
            let failure = source.failure(named, &format!("there are two checks named {}, first at {place}", quoted(&check.name)));
            return Err(failure.hint("give each a `name:` of its own"));
        }
        if PROBES.contains(&check.name.as_str()) {
            return Err(source
                .failure(named, &format!("{} is the name of a built-in probe", quoted(&check.name)))
                .hint("give the check another name"));
        }
        let new: Vec<_> = check.capture.iter().map(|(name, _)| name.clone()).filter(|name| !scope.known.contains(name)).collect();
        scope.known.extend(new);
        checks.push(check);
    }
    Ok(checks)
}

/// The names that a check will capture, and where. Mistakes are found when it is read.
fn captures_of(written: &Written<'_>) -> Vec<(String, String)> {
    let Content::Map(pairs) = &written.field.node.value else { return Vec::new() };
    let captured = pairs.iter().filter(|(key, _)| key.name == "capture").filter_map(|(_, node)| match &node.value {
        Content::Map(pairs) => Some(pairs),
        _ => None,
    });
    let place = |line| format!("{}:{line}", written.source.path.display());
    captured.flatten().map(|(key, _)| (key.name.clone(), place(key.spot.line))).collect()
}

impl Reader<'_> {
    /// A check, and the place of its name.
    fn check(&self, field: &Field<'_>) -> Result<(Check, crate::config::source::Spot)> {
        let fields = self.fields(field, &NAMES).map_err(|failure| self.above(field, failure))?;
        let request = match fields.get("request") {
            Some(field) => self.request(field)?,
            None => {
                return Err(self.source.failure(field.spot, "a check needs a `request`").hint("the shortest is `{request: {path: /}}`"));
            }
        };
        let name = fields.read("name", |field| self.line(field))?;
        let spot = fields.get("name").map_or(field.spot, |field| field.spot);
        let name = name.unwrap_or_else(|| format!("{} {}", request.method, request.path));
        let place = Some((self.source.path.clone(), field.spot.line));
        let check = Check {
            name,
            place,
            request,
            expect: fields.read("expect", |field| self.expect(field))?.unwrap_or_default(),
            capture: fields.read("capture", |field| self.captures(field))?.unwrap_or_default(),
            log: fields.read("log", |field| self.log(field))?.unwrap_or_default(),
        };
        Ok((check, spot))
    }

    /// Names that belong one level lower.
    fn above(&self, field: &Field<'_>, mut failure: Failure) -> Failure {
        let Content::Map(pairs) = &field.node.value else { return failure };
        let Some((key, _)) = pairs.iter().find(|(key, _)| !NAMES.contains(&key.name.as_str())) else { return failure };
        for (group, names) in [
            ("request", &["method", "path", "url", "query", "json", "form", "cookies", "follow"][..]),
            ("expect", &["status", "max-ms", "content-type"]),
        ] {
            if advice::nearest(&key.name, names.iter().copied()).is_some() {
                failure.hints = vec![format!("`{}` belongs below `{group}:`", key.name)];
            }
        }
        failure
    }
}
