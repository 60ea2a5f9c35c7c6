//! How the project's own packages are installed: without what they need, which is there already, and into a directory of their own,
//! so that an image's layer of it is as small as they are.
//!
//! While the project is worked on they are editable, as their code is that of the mount. Where it is in the image they are installed as
//! they would be elsewhere, all but the project itself, whose code is there in any case.

use serde::Serialize;

use super::dockerfile::Options;
use super::quote::{ShellWord, refuse};
use super::requirements::UV_PIP;
use crate::error::Result;
use crate::plan::Plan;
use crate::project::{LocalPackage, VersionOf};
use crate::units::layout;

/// Where they are installed before they are copied to the virtual environment.
pub const PREFIX: &str = "/opt/packages";

/// Gives what is installed in a directory fixed times, and bytecode for where it will be: `/opt/venv`. Bytecode knows its source by the time
/// of that, so the same packages are the same files. uv notes other times, which goes. What is as it should be is not touched: a layer
/// would have it once more.
pub(super) fn tidy(directory: &str) -> String {
    let elsewhere = if directory == VENV { String::new() } else { format!(" -s {directory} -p {VENV}") };
    let (fixed, before) = (layout::FIXED_TIME, layout::FIXED_TIME - 1);
    format!(
        "set -e; find {directory} -name uv_cache.json -path '*.dist-info/*' -delete; \
         find {directory} -name RECORD -path '*.dist-info/*' -exec grep -lZ '\\.dist-info.uv_cache\\.json,' {{}} + \
         | xargs -0r sed -i '/\\.dist-info.uv_cache\\.json,/d'; \
         rm -f {directory}/.lock; find {directory} \\( -newermt @{fixed} -o ! -newermt @{before} \\) -exec touch -hd @{fixed} {{}} +; \
         {VENV}/bin/python -m compileall -qq -j 0{elsewhere} {directory}/lib || :"
    )
}

/// Takes what a build has only copied out of what it has made.
const COMPILED: &str = "/opt/parity/compiled.py";

pub(super) const VENV: &str = "/opt/venv";

/// What the Dockerfile has of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Packages {
    /// Installs all of them to be worked on.
    editable: String,
    tidy: String,
    /// What is otherwise where their code is in the image; `None`: nothing.
    deployed: Option<Deployed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Deployed {
    /// Arguments of `COPY`.
    copied: Vec<String>,
    install: String,
}

/// `None`: there are none.
pub(super) fn packages(plan: &Plan, options: &Options) -> Result<Option<Packages>> {
    let all = &plan.image.locals.packages;
    if all.is_empty() {
        return Ok(None);
    }
    let moved: Vec<&LocalPackage> = all.iter().filter(|package| package.is_installed_otherwise()).collect();
    let deployed = (!moved.is_empty()).then(|| -> Result<Deployed> {
        let copied = moved.iter().map(|package| copied(&package.directory)).collect::<Result<_>>()?;
        Ok(Deployed { copied, install: install(all, options, LocalPackage::is_deployed_editable)? })
    });
    let editable = install(all, options, LocalPackage::is_editable)?;
    Ok(Some(Packages { editable, tidy: tidy(PREFIX), deployed: deployed.transpose()? }))
}

fn copied(directory: &str) -> Result<String> {
    // Docker has patterns and variables there.
    if directory.contains(['$', '*', '?', '[', ']', '\\', '"']) || directory.chars().any(char::is_control) {
        return Err(refuse("requirements", directory, "has characters that a Dockerfile cannot have in a path"));
    }
    Ok(serde_json::json!([format!("app/{directory}/"), format!("{}/{directory}/", layout::APP)]).to_string())
}

fn install(packages: &[LocalPackage], options: &Options, is_editable: fn(&LocalPackage) -> bool) -> Result<String> {
    let (mut commands, mut others) = (Vec::new(), String::new());
    // What was built at this path before may have been another project's.
    let install = format!("{UV_PIP} --refresh --no-deps --prefix {PREFIX}");
    let (first, after): (Vec<_>, Vec<_>) = packages.iter().partition(|package| package.is_compiled_in_part());
    for package in first.into_iter().chain(after) {
        let path = match package.directory.as_str() {
            "" => layout::APP.to_owned(),
            directory => format!("{}/{directory}", layout::APP),
        };
        let marker = package.marker.as_ref().map(|marker| format!(" ; {marker}")).unwrap_or_default();
        let option = if is_editable(package) { " -e" } else { "" };
        let argument = format!("{option} {}", word(&format!("{path}{marker}"))?);
        let in_part = package.is_compiled_in_part();
        let version = options.versions.iter().find(|(directory, _)| *directory == package.directory);
        // Some tools do not ask for a version by a package's name.
        match version.map(|(_, version)| variable(package, version)).transpose()?.flatten() {
            Some(variable) => commands.push(format!("{variable} {install}{argument}")),
            None if in_part => commands.push(format!("{install}{argument}")),
            None => others += &argument,
        }
        if in_part {
            // Before anything else is in the prefix: what a build writes beside the sources does not count as one.
            commands.insert(0, format!("(cd {}; find . -type f >/tmp/sources)", layout::APP));
            commands.push(format!("{VENV}/bin/python {COMPILED} {PREFIX}/lib/python3*/site-packages /tmp/sources"));
        }
    }
    if !others.is_empty() {
        commands.push(format!("{install}{others}"));
    }
    Ok(format!("cd {}; export SOURCE_DATE_EPOCH={}; mkdir -p {PREFIX}; {}", layout::APP, layout::FIXED_TIME, commands.join("; ")))
}

/// A word of a Dockerfile's command, which is one line without a document in it.
pub(super) fn word(text: &str) -> Result<ShellWord> {
    if text.chars().any(char::is_control) || text.contains("<<") {
        return Err(refuse("requirements", text, "has characters that a Dockerfile cannot have there"));
    }
    ShellWord::new("requirements", text)
}

/// What tells a package's build its version, `NAME='1.2'`, where it would ask version control.
pub(super) fn variable(package: &LocalPackage, version: &str) -> Result<Option<String>> {
    let Some(tool) = package.version_of else { return Ok(None) };
    let name = match (tool, &package.name) {
        (VersionOf::SetuptoolsScm, Some(name)) => {
            format!("SETUPTOOLS_SCM_PRETEND_VERSION_FOR_{}", name.to_uppercase().replace(['-', '.'], "_"))
        }
        (VersionOf::SetuptoolsScm, None) | (VersionOf::HatchVcs, _) => "SETUPTOOLS_SCM_PRETEND_VERSION".to_owned(),
        (VersionOf::Pbr, _) => "PBR_VERSION".to_owned(),
        (VersionOf::Pdm, _) => "PDM_BUILD_SCM_VERSION".to_owned(),
        (VersionOf::PoetryDynamicVersioning, _) => "POETRY_DYNAMIC_VERSIONING_BYPASS".to_owned(),
    };
    Ok(Some(format!("{name}={}", word(version)?)))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::process::Command;
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn what_has_its_time_already_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let info = directory.path().join("x-1.dist-info");
        fs::create_dir(&info).unwrap();
        let fixed = UNIX_EPOCH + Duration::from_secs(layout::FIXED_TIME);
        let make = |name: &str, text: &str, time| {
            fs::write(info.join(name), text).unwrap();
            fs::File::open(info.join(name)).unwrap().set_modified(time).unwrap();
        };
        make("METADATA", "x", fixed);
        make("RECORD", "x-1.dist-info/uv_cache.json,sha256=x,1\nx.py,,\n", fixed);
        make("uv_cache.json", "{}", fixed);
        make("late", "x", fixed + Duration::from_millis(300));
        make("early", "x", UNIX_EPOCH);
        let changed = |name: &str| fs::metadata(info.join(name)).map(|found| (found.ctime(), found.ctime_nsec())).unwrap();
        let (before, late) = (changed("METADATA"), changed("late"));
        std::thread::sleep(Duration::from_millis(20));
        assert!(Command::new("sh").args(["-c", &tidy(directory.path().to_str().unwrap())]).status().unwrap().success());
        assert_eq!(changed("METADATA"), before);
        assert_ne!(changed("late"), late);
        for name in ["METADATA", "RECORD", "late", "early"] {
            assert_eq!(fs::metadata(info.join(name)).unwrap().modified().unwrap(), fixed, "{name}");
        }
        assert_eq!(fs::read_to_string(info.join("RECORD")).unwrap(), "x.py,,\n");
        assert!(!info.join("uv_cache.json").exists());
    }
}
