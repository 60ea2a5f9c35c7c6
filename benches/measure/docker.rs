//! The peer: what Docker's own command makes of the very same image and configuration.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::NamedTempFile;

use crate::Result;
use crate::workplace::{Workplace, output};

/// A container as the engine describes it.
#[derive(Debug)]
pub struct Original {
    found: Value,
    /// Docker's command takes a seccomp profile from a file, not as the engine says it.
    _profile: Option<NamedTempFile>,
}

impl Original {
    /// The container that parity runs for a project.
    pub fn of(work: &Workplace) -> Result<Self> {
        let status: Value = serde_json::from_str(&work.run(&["status", "--format", "json"])?)?;
        let id = status["id"].as_str().ok_or("the server does not run")?;
        let found = output(Command::new("docker").args(["inspect", id]))?;
        let mut found: Vec<Value> = serde_json::from_str(&found)?;
        let mut found = found.remove(0);
        let _profile = seccomp_in_a_file(&mut found["HostConfig"]["SecurityOpt"])?;
        Ok(Self { found, _profile })
    }

    /// The container's id.
    #[allow(dead_code, reason = "only the benchmark of reloads uses it")]
    pub fn id(&self) -> &str {
        self.found["Id"].as_str().unwrap_or_default()
    }

    /// The image's name.
    pub fn image(&self) -> &str {
        self.found["Config"]["Image"].as_str().unwrap_or_default()
    }

    /// The arguments of the image's entry point.
    pub fn command(&self) -> Vec<String> {
        strings(&self.found["Config"]["Cmd"])
    }

    /// `docker run` of a container that differs from this one in its name and its port only.
    pub fn again(&self, name: &str, port: u16) -> Command {
        self.with(name, port, &[], &self.command())
    }

    /// The same with another command for the image's entry point, and more flags.
    pub fn with(&self, name: &str, port: u16, flags: &[&str], arguments: &[String]) -> Command {
        let mut run = self.as_asked(&["run", "--detach"], name, port, flags, arguments);
        run.stdin(Stdio::null());
        run
    }

    /// The same in another mode: `run --interactive --tty`.
    pub fn as_asked(&self, mode: &[&str], name: &str, port: u16, flags: &[&str], arguments: &[String]) -> Command {
        let (config, host) = (&self.found["Config"], &self.found["HostConfig"]);
        let mut run = Command::new("docker");
        run.args(mode).args(["--name", name, "--publish", &format!("127.0.0.1:{port}:8000")]);
        run.args(["--user", config["User"].as_str().unwrap_or_default(), "--workdir", config["WorkingDir"].as_str().unwrap_or("/")]);
        let mut each = |flag: &str, values: Vec<String>| {
            for value in values {
                run.args([flag, &value]);
            }
        };
        each("--env", strings(&config["Env"]));
        each("--cap-drop", strings(&host["CapDrop"]));
        each("--security-opt", strings(&host["SecurityOpt"]));
        each("--add-host", strings(&host["ExtraHosts"]));
        each("--tmpfs", pairs(&host["Tmpfs"], ':'));
        each("--label", pairs(&config["Labels"], '=').into_iter().filter(|label| !label.starts_with("dev.parity.")).collect());
        let mounts = host["Mounts"].as_array().into_iter().flatten();
        each(
            "--mount",
            mounts.map(|mount| format!("type=bind,source={},target={}", text(&mount["Source"]), text(&mount["Target"]))).collect(),
        );
        if host["ReadonlyRootfs"] == true {
            run.arg("--read-only");
        }
        run.args(flags).arg(self.image()).args(arguments);
        run
    }

    /// parity makes the mount points that are missing in the project and takes them away; so must this, or the engine
    /// leaves root's directories behind.
    pub fn make_mount_points(&self, project: &Path) -> Result<()> {
        for target in self.found["HostConfig"]["Tmpfs"].as_object().into_iter().flatten().map(|(target, _)| target) {
            if let Some(inside) = target.strip_prefix("/app/") {
                let directory = project.join(inside);
                std::fs::create_dir_all(&directory)?;
                let owner = std::fs::metadata(project)?;
                chown(directory, Some(owner.uid()), Some(owner.gid()))?;
            }
        }
        Ok(())
    }
}

/// Puts a profile that stands in the options into a file, and the file's name in its place.
fn seccomp_in_a_file(options: &mut Value) -> Result<Option<NamedTempFile>> {
    for option in options.as_array_mut().into_iter().flatten() {
        if let Some(profile) = option.as_str().and_then(|option| option.strip_prefix("seccomp=")).filter(|profile| profile.starts_with('{'))
        {
            let mut file = NamedTempFile::with_prefix("parity-bench-seccomp-")?;
            file.write_all(profile.as_bytes())?;
            *option = Value::String(format!("seccomp={}", file.path().display()));
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// A container of the benchmark's; dropping it removes it.
#[derive(Debug)]
pub struct Container(pub String);

impl Container {
    /// A name that nobody else has.
    pub fn named(what: &str) -> Self {
        Self(format!("parity-bench-{what}-{}", std::process::id()))
    }

    pub fn remove(&self) {
        let _ = Command::new("docker").args(["rm", "--force", "--volumes", &self.0]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.remove();
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// Bytes of an image, as `docker image ls` counts them.
pub fn image_size(image: &str) -> Result<u64> {
    Ok(inspect_image(image, "{{.Size}}")?.trim().parse()?)
}

/// The digests of an image's layers, lowest first.
pub fn layers(image: &str) -> Result<Vec<String>> {
    Ok(serde_json::from_str(&inspect_image(image, "{{json .RootFS.Layers}}")?)?)
}

/// Removes an image that this benchmark made.
pub fn remove_image(image: &str) -> Result<()> {
    output(Command::new("docker").args(["image", "rm", image])).map(drop)
}

fn inspect_image(image: &str, format: &str) -> Result<String> {
    output(Command::new("docker").args(["image", "inspect", "--format", format, image]))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn strings(values: &Value) -> Vec<String> {
    values.as_array().into_iter().flatten().map(|value| text(value).to_owned()).collect()
}

fn pairs(values: &Value, between: char) -> Vec<String> {
    values.as_object().into_iter().flatten().map(|(name, value)| format!("{name}{between}{}", text(value))).collect()
}
