//! What commands of a build see and no layer, history or label holds: values of the environment, credentials for package indexes.
//!
//! They come as files that are mounted while a command runs. A shell reads those with variables before it runs the command. What is
//! mounted as a secret is not part of a layer's key in the engine's cache, so that new credentials do not install everything again;
//! where a changed value must run a command again, a digest of the values is mounted beside it.

use crate::config::rule;
use crate::error::Result;
use crate::render::quote::ShellWord;

/// Values of the application's environment and of `build-env`, for commands of the project.
pub const ENVIRONMENT: &str = "environment";
/// Where packages come from, and `build-env`, for what installs them.
pub const INDEXES: &str = "indexes";
/// Credentials by host, as curl, pip and uv read them.
pub const NETRC: &str = "netrc";
/// All of them.
pub const FILES: [&str; 3] = [ENVIRONMENT, INDEXES, NETRC];

/// The engine mounts a directory of its own at `/dev`, so that no layer has even an empty file there.
const DIRECTORY: &str = "/dev/parity";

/// How the files reach the build.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Delivery {
    /// BuildKit asks for them when they are needed.
    #[default]
    Session,
    /// In the build's context, where an engine knows no other way.
    Context,
}

impl Delivery {
    fn mount(self, name: &str, target: &str) -> String {
        match self {
            Delivery::Session => format!("--mount=type=secret,id={name},target={target}"),
            Delivery::Context => format!("--mount=type=bind,source=secrets/{name},target={target}"),
        }
    }

    /// Mounts for a command of the project.
    pub(super) fn environment(self) -> String {
        self.mount(ENVIRONMENT, &path(ENVIRONMENT))
    }

    /// Mounts for a command that installs packages.
    pub(super) fn indexes(self) -> String {
        format!("{} {}", self.mount(INDEXES, &path(INDEXES)), self.mount(NETRC, "/root/.netrc"))
    }
}

fn path(name: &str) -> String {
    format!("{DIRECTORY}/{name}")
}

/// A shell command that reads a file of variables, if it is there.
pub(super) fn read(name: &str) -> String {
    format!("[ ! -e {path} ] || . {path}", path = path(name))
}

/// Where in the context the digest of some values is, and a mount of it for a command that is to run again when they change.
pub(super) fn key(name: &str) -> String {
    format!("--mount=type=bind,source=keys/{name},target={DIRECTORY}/key")
}

/// A file of variables, for a shell to read; without those whose names no shell can have.
///
/// # Errors
/// A value with NUL in it.
pub fn variables<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<String> {
    let possible = variables.into_iter().filter(|(name, _)| (rule::ENV_NAME.holds)(name));
    possible.map(|(name, value)| Ok(format!("export {name}={}\n", ShellWord::new("env", value)?))).collect()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_every_value_as_it_is() {
        let values = [("A", "two\nlines"), ("B", "it's $HOME `id` \\"), ("C", ""), ("D", "é\t\"")];
        let odd = [("a.b", "1"), ("my-name", "1"), ("1A", "1")];
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), variables(values.into_iter().chain(odd)).unwrap()).unwrap();
        let script = r#". "$0"; printf '%s|%s|%s|%s' "$A" "$B" "$C" "$D""#;
        let ran = Command::new("sh").args(["-c", script]).arg(file.path()).output().unwrap();
        assert_eq!(String::from_utf8(ran.stdout).unwrap(), values.map(|(_, value)| value).join("|"));
        assert!(variables([("A", "\0")]).is_err());
    }
}
