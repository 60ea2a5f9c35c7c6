//! The command that runs a production image as `parity smoke` has tested it: `docker run` alone gives it a root that can be written, and
//! capabilities that it has no use for.

use super::PORT;
use super::quote::ShellWord;
use crate::error::Result;
use crate::plan::{Plan, Store};
use crate::units::layout;

/// What is run, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run<'a> {
    /// `docker` or `podman`, which know other options of directories in memory.
    pub podman: bool,
    pub image: &'a str,
    /// Files with the application's environment, relative to the project.
    pub env_files: &'a [String],
    /// Names of variables that come from the environment of whoever types it.
    pub env_names: &'a [&'a str],
    /// `uid:gid`.
    pub user: (u32, u32),
}

/// The command line, for a shell in the project's directory.
///
/// # Errors
/// Values that no shell can be given.
pub fn line(plan: &Plan, run: &Run<'_>) -> Result<String> {
    let (uid, gid) = run.user;
    let owner = if run.podman { "U".to_owned() } else { format!("uid={uid},gid={gid}") };
    let mut words = vec![if run.podman { "podman" } else { "docker" }.to_owned(), "run".into(), "--detach".into(), "--read-only".into()];
    let mut add = |option: &str, value: String| words.extend([option.to_owned(), value]);
    for directory in [layout::RUN, "/tmp"] {
        add("--tmpfs", format!("{directory}:rw,nosuid,nodev,noexec,mode=1777,{owner}"));
    }
    add("--cap-drop", "ALL".into());
    add("--security-opt", "no-new-privileges".into());
    add("--user", format!("{uid}:{gid}"));
    for directory in plan.stored(Store::Volume) {
        add("--volume", format!("{}:{directory}", volume(plan, directory)));
    }
    for file in run.env_files {
        add("--env-file", file.clone());
    }
    for name in run.env_names {
        add("--env", (*name).to_owned());
    }
    if let Some(network) = &plan.network {
        add("--network", network.value.clone());
    }
    add("--publish", published(plan));
    words.push(run.image.into());
    let quoted: Vec<String> = words.iter().map(|word| plain(word)).collect::<Result<_>>()?;
    Ok(quoted.join(" "))
}

/// `shop-media` for the directory `media` of the project `shop`.
fn volume(plan: &Plan, directory: &str) -> String {
    let name: String = Plan::directory_name(directory).chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    match name.trim_matches('-') {
        "" => format!("{}-project", plan.name),
        name => format!("{}-{name}", plan.name),
    }
}

/// `127.0.0.1:8000:8000`
fn published(plan: &Plan) -> String {
    let host = match plan.server.host.as_str() {
        "localhost" => "127.0.0.1".to_owned(),
        host if host.contains(':') => format!("[{host}]"),
        host => host.to_owned(),
    };
    match *plan.server.port {
        0 => format!("{host}::{PORT}"),
        port => format!("{host}:{port}:{PORT}"),
    }
}

/// A word without quotes where it needs none.
fn plain(word: &str) -> Result<String> {
    let needs_none = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@".contains(c);
    if !word.is_empty() && word.chars().all(needs_none) { Ok(word.to_owned()) } else { Ok(ShellWord::new("docker run", word)?.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Profile;
    use crate::render::testing;
    use crate::units::Sourced;

    #[test]
    fn has_what_a_tested_container_had() {
        let mut plan = Plan { profile: Profile::Production, ..testing::django() };
        plan.writable = ["/app/media", "/srv/my data"].map(|path| Sourced::default(path.into())).into();
        plan.server.port.value = 8080;
        let run = Run { podman: false, image: "shop:1.2", env_files: &[".env".into()], env_names: &["TOKEN"], user: (33, 33) };
        let name = &plan.name;
        assert_eq!(
            line(&plan, &run).unwrap(),
            format!(
                "docker run --detach --read-only --tmpfs /run/parity:rw,nosuid,nodev,noexec,mode=1777,uid=33,gid=33 \
                 --tmpfs /tmp:rw,nosuid,nodev,noexec,mode=1777,uid=33,gid=33 --cap-drop ALL --security-opt no-new-privileges --user 33:33 \
                 --volume {name}-media:/app/media --volume '{name}-srv-my-data:/srv/my data' --env-file .env --env TOKEN \
                 --publish 127.0.0.1:8080:8000 shop:1.2"
            )
        );
        plan.writable.clear();
        plan.server.host.value = "::1".into();
        plan.server.port.value = 0;
        let podman = line(&plan, &Run { podman: true, env_files: &[], env_names: &[], ..run }).unwrap();
        assert!(
            podman.starts_with("podman run") && podman.contains("mode=1777,U ") && podman.ends_with("'[::1]::8000' shop:1.2"),
            "{podman}"
        );
    }
}
