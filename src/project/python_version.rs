//! Which Python the project asks for. The first that says so decides: `.python-version`, `runtime.txt`,
//! `requires-python` of `pyproject.toml`, Poetry's `python`, `Pipfile.lock`, `Pipfile`.

use std::str::FromStr;

use pep440_rs::VersionSpecifiers;

use super::PythonRequest;
use super::toml_file::{self, at};
use super::tree::{self, Tree};
use crate::error::{Failure, Kind, Result};
use crate::units::Sourced;

/// Looks in the project's root, then in the directory of the application. What is not understood is told in `remarks`.
pub(super) fn find(tree: &Tree, home: &str, remarks: &mut Vec<String>) -> Result<Option<Sourced<PythonRequest>>> {
    let mut directories = vec![""];
    if !home.is_empty() {
        directories.push(home);
    }
    for directory in directories {
        for (name, read) in [(".python-version", version_file as fn(&str) -> Option<PythonRequest>), ("runtime.txt", version_file)] {
            let path = tree::join(directory, name);
            let Some((line, text)) = tree.text(&path).and_then(|text| first_line(&text)) else { continue };
            match read(&text) {
                Some(request) => return Ok(Some(Sourced::detected(request, format!("{path}:{line}")))),
                None => remarks.push(format!("{path}:{line}: `{}` is not a version of CPython, so it is passed over", text.escape_debug())),
            }
        }
        if let Some(request) = from_pyproject(tree, &tree::join(directory, "pyproject.toml"))? {
            return Ok(Some(request));
        }
        if let Some(request) = from_pipfile(tree, directory)? {
            return Ok(Some(request));
        }
    }
    Ok(None)
}

fn first_line(text: &str) -> Option<(usize, String)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.split('#').next().unwrap_or_default().trim()));
    lines.filter(|(_, line)| !line.is_empty()).map(|(number, line)| (number, line.to_owned())).next()
}

/// `3.12`, `3.12.4`, `cpython-3.12.4-linux-x86_64-gnu`, `python-3.11.4`, `cpython@3.12`, `>=3.11`.
fn version_file(text: &str) -> Option<PythonRequest> {
    if text.starts_with(['<', '>', '=', '~', '!']) {
        return VersionSpecifiers::from_str(text).ok().map(|_| PythonRequest::Range(text.to_owned()));
    }
    let text = text.to_ascii_lowercase();
    let text = text.strip_prefix("cpython").or(text.strip_prefix("python")).unwrap_or(&text);
    let text = text.trim_start_matches(['-', '@']);
    let version = text.split(['-', '+']).next().unwrap_or_default();
    // `3.13-dev` and `3.13t` are other Pythons than 3.13.
    if text.ends_with("-dev") {
        return None;
    }
    exact(version)
}

/// `3.12` or `3.12.4`; `3` is any of them.
fn exact(version: &str) -> Option<PythonRequest> {
    let parts: Vec<&str> = version.split('.').collect();
    let are_numbers = parts.iter().all(|part| part.len() <= 4 && !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()));
    match (are_numbers, parts.len()) {
        (true, 1) => Some(PythonRequest::Range(format!("=={version}.*"))),
        (true, 2 | 3) => Some(PythonRequest::Version(version.to_owned())),
        _ => None,
    }
}

fn from_pyproject(tree: &Tree, path: &str) -> Result<Option<Sourced<PythonRequest>>> {
    let Some(project) = toml_file::read(tree, path)? else { return Ok(None) };
    if let Some(range) = at(&project, &["project", "requires-python"]).and_then(toml::Value::as_str) {
        VersionSpecifiers::from_str(range).map_err(|error| {
            Failure::new(Kind::BadFile, format!("{path}: requires-python is not a version specifier: `{}`", range.escape_debug()))
                .caused_by(&error)
                .hint("write it as `requires-python = \">=3.11\"`")
        })?;
        return Ok(Some(Sourced::detected(PythonRequest::Range(range.to_owned()), format!("requires-python in {path}"))));
    }
    let poetry = at(&project, &["tool", "poetry", "dependencies", "python"]);
    let range = poetry.and_then(toml::Value::as_str).and_then(poetry_range);
    Ok(range.map(|range| Sourced::detected(PythonRequest::Range(range), format!("tool.poetry.dependencies.python in {path}"))))
}

/// Poetry's constraint as a PEP 440 specifier; `None` for alternatives (`||`) and anything else without an equivalent.
fn poetry_range(constraint: &str) -> Option<String> {
    let mut clauses = Vec::new();
    // `>= 3.8` is one clause, `>=3.8 <4` are two.
    let mut pending = String::new();
    for word in constraint.split([',', ' ']).filter(|word| !word.is_empty()) {
        pending.push_str(word);
        if word.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '*') {
            clauses.push(std::mem::take(&mut pending));
        }
    }
    let clauses: Option<Vec<String>> = clauses.iter().filter(|clause| *clause != "*").map(|clause| poetry_clause(clause)).collect();
    let range = clauses?.join(",");
    (pending.is_empty() && !range.is_empty() && VersionSpecifiers::from_str(&range).is_ok()).then_some(range)
}

fn poetry_clause(clause: &str) -> Option<String> {
    let numbers = |version: &str| -> Option<Vec<u32>> { version.split('.').map(|part| part.parse().ok()).collect() };
    let (version, kept) = if let Some(version) = clause.strip_prefix('^') {
        // The first part that is not zero stays.
        let parts = numbers(version)?;
        (version, parts.iter().position(|part| *part != 0).unwrap_or(parts.len() - 1) + 1)
    } else if let Some(version) = clause.strip_prefix('~').filter(|version| !version.starts_with('=')) {
        (version, numbers(version)?.len().min(2))
    } else if clause.starts_with(|c: char| c.is_ascii_digit()) {
        // A plain version is exact to Poetry; `3.11` without its last part is meant as all of 3.11.
        let is_full = clause.ends_with(".*") || clause.matches('.').count() >= 2;
        return Some(if is_full { format!("=={clause}") } else { format!("=={clause}.*") });
    } else {
        return Some(clause.to_owned());
    };
    let mut above = numbers(version)?;
    above.truncate(kept);
    *above.last_mut()? = above.last()?.checked_add(1)?;
    let above: Vec<String> = above.iter().map(u32::to_string).collect();
    Some(format!(">={version},<{}", above.join(".")))
}

fn from_pipfile(tree: &Tree, directory: &str) -> Result<Option<Sourced<PythonRequest>>> {
    let names = ["python_full_version", "python_version"];
    let lock_path = tree::join(directory, "Pipfile.lock");
    let lock: Option<serde_json::Value> = tree.text(&lock_path).and_then(|text| serde_json::from_str(&text).ok());
    let in_lock = |name| lock.as_ref()?.pointer("/_meta/requires")?.get(name)?.as_str().and_then(exact);
    if let Some(request) = names.into_iter().find_map(in_lock) {
        return Ok(Some(Sourced::detected(request, lock_path)));
    }
    let path = tree::join(directory, "Pipfile");
    let Some(pipfile) = toml_file::read(tree, &path)? else { return Ok(None) };
    let in_file = |name| at(&pipfile, &["requires", name])?.as_str().and_then(exact);
    Ok(names.into_iter().find_map(in_file).map(|request| Sourced::detected(request, path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::testing::project;

    #[test]
    fn the_first_file_decides() {
        let version = |version: &str| Some(PythonRequest::Version(version.into()));
        let range = |range: &str| Some(PythonRequest::Range(range.into()));
        let cases = [
            (&[(".python-version", "3.12\n"), ("runtime.txt", "python-3.11.4")][..], version("3.12")),
            (&[(".python-version", "# uv\n\n3.12.4 # x\n3.11\n")], version("3.12.4")),
            (&[(".python-version", "cpython-3.12.1-linux-x86_64-gnu")], version("3.12.1")),
            (&[(".python-version", "3")], range("==3.*")),
            (&[(".python-version", ">=3.11,<3.13")], range(">=3.11,<3.13")),
            (&[(".python-version", "pypy3.10"), ("runtime.txt", "python-3.11.4\r\n")], version("3.11.4")),
            (&[(".python-version", "myproject-env")], None),
            (&[(".python-version", "3.13t")], None),
            (&[("runtime.txt", "3.8")], version("3.8")),
            (&[("pyproject.toml", "[project]\nrequires-python = '>=3.10,<3.14'")], range(">=3.10,<3.14")),
            (&[("pyproject.toml", "[tool.poetry.dependencies]\npython = '^3.10'")], range(">=3.10,<4")),
            (&[("Pipfile", "[requires]\npython_version = '3.11'")], version("3.11")),
            (&[("Pipfile", ""), ("Pipfile.lock", r#"{"_meta": {"requires": {"python_version": "3.12"}}}"#)], version("3.12")),
            (&[("backend/.python-version", "3.12")], version("3.12")),
            (&[("other/.python-version", "3.12")], None),
        ];
        for (files, expected) in cases {
            let dir = project(files);
            let found = find(&Tree::scan(dir.path()).unwrap(), "backend", &mut Vec::new()).unwrap();
            assert_eq!(found.map(|found| found.value), expected, "{files:?}");
        }
    }

    #[test]
    fn what_is_passed_over_is_told() {
        let dir = project(&[(".python-version", "\npypy3.10\n")]);
        let mut remarks = Vec::new();
        find(&Tree::scan(dir.path()).unwrap(), "", &mut remarks).unwrap();
        assert_eq!(remarks, [".python-version:2: `pypy3.10` is not a version of CPython, so it is passed over"]);
    }

    #[test]
    fn a_wrong_range_is_a_failure() {
        let dir = project(&[("pyproject.toml", "[project]\nrequires-python = 'three'")]);
        let failure = find(&Tree::scan(dir.path()).unwrap(), "", &mut Vec::new()).unwrap_err();
        assert_eq!(failure.kind, Kind::BadFile);
        assert_eq!(failure.message, "pyproject.toml: requires-python is not a version specifier: `three`");
    }

    #[test]
    fn poetry_constraints() {
        for (constraint, range) in [
            ("^3.10", Some(">=3.10,<4")),
            ("^3.10.2", Some(">=3.10.2,<4")),
            ("^0.3", Some(">=0.3,<0.4")),
            ("~3.10", Some(">=3.10,<3.11")),
            ("~3.10.2", Some(">=3.10.2,<3.11")),
            ("~3", Some(">=3,<4")),
            ("3.11", Some("==3.11.*")),
            ("3.11.4", Some("==3.11.4")),
            ("3.10.*", Some("==3.10.*")),
            (">=3.8,<4.0", Some(">=3.8,<4.0")),
            (">= 3.8 <4.0", Some(">=3.8,<4.0")),
            ("~=3.10", Some("~=3.10")),
            ("*", None),
            ("^3.9 || ^4", None),
            ("^", None),
            ("^4294967295", None),
        ] {
            assert_eq!(poetry_range(constraint).as_deref(), range, "{constraint}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[\\^~0-9.*,|<>= a-z@+-]{0,30}") {
            let _ = poetry_range(&text);
            let _ = version_file(&text);
        }
    }
}
