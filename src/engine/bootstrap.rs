//! Making Debian's base image from Debian's own packages, for engines that reach no registry.
//!
//! mmdebstrap makes a root file system that is the same, bit for bit, each time it is made from the same packages;
//! wrapped by hand into a docker-archive with a fixed date, its image ID is the same too, on Docker and on Podman.

use std::ffi::{OsStr, OsString};
use std::fs::Permissions;
use std::io::{Read, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::Group;
use super::connect::Engine;
use super::load::load;
use crate::error::{Failure, Kind, Result};
use crate::events::{Event, Report};
use crate::plan::Suite;
use crate::units::scratch as scratch_directory;

/// 2025-01-01; nothing in the image is newer as far as its timestamps go.
const EPOCH: &str = "1735689600";
const CREATED: &str = "2025-01-01T00:00:00Z";
const TOOL: &str = "mmdebstrap";
/// Where Debian's own programs are.
const SYSTEM_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// The program that bootstraps, if it is installed.
pub fn tool(path: Option<&str>) -> Option<std::path::PathBuf> {
    std::env::split_paths(path?).map(|directory| directory.join(TOOL)).find(|file| file.is_file())
}

/// Makes the base image and loads it under `reference`. Returns its image ID.
///
/// # Errors
/// `Kind::Base` when mmdebstrap is missing or fails, with the end of what it said.
pub async fn make(
    engine: &Engine,
    suite: Suite,
    tag_for: impl Fn(&str) -> String,
    stage: &str,
    report: &dyn Report,
) -> Result<(String, String)> {
    let directory = scratch_directory::directory().map_err(|error| scratch(&error))?;
    // Run by an ordinary user, mmdebstrap works here as the users of a namespace.
    std::fs::set_permissions(directory.path(), Permissions::from_mode(0o1777)).map_err(|error| scratch(&error))?;
    let layer = directory.path().join("layer.tar");
    debootstrap(suite, &engine.architecture, &layer, stage, report).await?;
    report.report(Event::StageProgress { id: stage.into(), text: "loading it into the engine".into() });
    let architecture = engine.architecture.clone();
    let (id, config) = tokio::task::spawn_blocking({
        let layer = layer.clone();
        move || image_config(&layer, &architecture)
    })
    .await
    .map_err(|error| Failure::new(Kind::Other, "cannot read the base").cause(error))?
    .map_err(|error| scratch(&error))?;
    let reference = tag_for(&id);
    let archive = directory.path().join("image.tar");
    write_archive(&archive, &layer, &config, &reference).map_err(|error| scratch(&error))?;
    std::fs::remove_file(&layer).map_err(|error| scratch(&error))?;
    load(engine, &archive).await?;
    Ok((id, reference))
}

/// mmdebstrap runs `python3` for each package: Debian's own starts at once, where a shim of pyenv's takes ten times as long.
fn system_first(path: Option<OsString>) -> OsString {
    let mut path = path.unwrap_or_default();
    if !path.is_empty() {
        path = [OsStr::new(":"), &path].into_iter().collect();
    }
    [OsStr::new(SYSTEM_PATH), &path].into_iter().collect()
}

async fn debootstrap(suite: Suite, architecture: &str, target: &Path, stage: &str, report: &dyn Report) -> Result<()> {
    let mut command = tokio::process::Command::new(TOOL);
    command
        .args(["--variant=apt", "--include=ca-certificates,usr-is-merged", "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"])
        .args(["--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-include=/usr/share/doc/*/copyright"])
        .args(["--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*"])
        // They would be this machine's.
        .args([r#"--customize-hook=rm -f "$1/etc/resolv.conf" "$1/etc/hostname""#])
        .arg(format!("--architectures={architecture}"))
        .arg(suite.name())
        .arg(target)
        .env("PATH", system_first(std::env::var_os("PATH")))
        .env("SOURCE_DATE_EPOCH", EPOCH)
        .env("LC_ALL", "C")
        // What it leaves behind when it is interrupted goes with this directory.
        .env("TMPDIR", target.parent().unwrap_or(Path::new("/tmp")))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // In its own group, so that a Ctrl-C at the terminal is ours to handle, and all of it can be ended.
        .process_group(0);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::new(Kind::Base, "no registry can be reached, and mmdebstrap, which would make the base, is not installed")
                .hint("on Debian or Ubuntu: `sudo apt-get install mmdebstrap uidmap`")
                .hint("or give the engine access to a registry: `docker pull debian:trixie-slim` shows what stops it")
        }
        _ => Failure::new(Kind::Base, "cannot run mmdebstrap").caused_by(&error),
    })?;
    let guard = Group::of(&child);
    let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
    let mut tail = Vec::new();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(text) = line.strip_prefix("I: ") {
            report.report(Event::StageProgress { id: stage.into(), text: text.into() });
        }
        // What apt fetches is not why it failed.
        if !["I: ", "Get:", "Ign:", "Hit:"].iter().any(|sign| line.starts_with(sign)) {
            tail.push(line);
        }
        if tail.len() > 20 {
            tail.remove(0);
        }
    }
    let status = child.wait().await.map_err(|error| scratch(&error))?;
    guard.ended();
    if status.success() {
        return Ok(());
    }
    let text = tail.join("\n");
    let full = text.contains("No space left");
    let kind = if full { Kind::DiskFull } else { Kind::Base };
    let failure = Failure::new(kind, format!("mmdebstrap could not make Debian {}", suite.name())).details(tail);
    Err(if full {
        failure.hint("free some space in $TMPDIR (or /tmp): it needs about 600 MB")
    } else if text.contains("Temporary failure resolving") || text.contains("Could not connect") || text.contains("Failed to fetch") {
        failure.hint("Debian's package servers cannot be reached either: check the network, or `http_proxy`")
    } else if text.contains("unshare") || text.contains("newuidmap") || text.contains("subuid") {
        failure
            .hint("as an ordinary user mmdebstrap needs `sudo apt-get install uidmap`, and a line for you in /etc/subuid and /etc/subgid")
    } else {
        failure.hint("`mmdebstrap --variant=apt trixie /tmp/base.tar` shows the same by hand")
    })
}

/// The image's config, and its digest, which is the image's ID.
fn image_config(layer: &Path, architecture: &str) -> std::io::Result<(String, Vec<u8>)> {
    let mut file = std::fs::File::open(layer)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        digest.update(&buffer[..read]);
    }
    let config = serde_json::json!({
        "architecture": architecture,
        "os": "linux",
        "created": CREATED,
        "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["/bin/sh"]},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", hex(&digest.finalize()))]},
        "history": [{"created": CREATED, "created_by": "mmdebstrap"}],
    });
    let config = serde_json::to_vec(&config)?;
    Ok((format!("sha256:{}", hex(&Sha256::digest(&config))), config))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write_archive(target: &Path, layer: &Path, config: &[u8], reference: &str) -> std::io::Result<()> {
    let manifest = serde_json::json!([{"Config": "config.json", "RepoTags": [reference], "Layers": ["layer.tar"]}]);
    let mut archive = tar::Builder::new(std::io::BufWriter::new(std::fs::File::create(target)?));
    let mut add = |name: &str, length: u64, data: &mut dyn Read| {
        let mut header = tar::Header::new_gnu();
        header.set_size(length);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, data)
    };
    add("config.json", config.len() as u64, &mut &config[..])?;
    let manifest = serde_json::to_vec(&manifest)?;
    add("manifest.json", manifest.len() as u64, &mut &manifest[..])?;
    let mut layer = std::fs::File::open(layer)?;
    let length = layer.seek(std::io::SeekFrom::End(0))?;
    layer.rewind()?;
    add("layer.tar", length, &mut layer)?;
    archive.into_inner()?.flush()
}

fn scratch(error: &std::io::Error) -> Failure {
    let kind = if error.kind() == std::io::ErrorKind::StorageFull { Kind::DiskFull } else { Kind::Base };
    Failure::new(kind, "cannot make the base image").caused_by(error).hint("it is made in $TMPDIR (or /tmp) and needs about 600 MB there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_the_system_go_before_others() {
        assert_eq!(
            system_first(Some("/home/a/.pyenv/shims:/usr/bin".into())),
            "/usr/sbin:/usr/bin:/sbin:/bin:/home/a/.pyenv/shims:/usr/bin"
        );
        assert_eq!(system_first(None), "/usr/sbin:/usr/bin:/sbin:/bin");
    }
}
