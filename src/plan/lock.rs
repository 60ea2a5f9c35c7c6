//! `parity.lock`: what exactly the image is built on, so that everyone builds on the same.
//!
//! ```toml
//! version = 1
//!
//! [base]
//! image = "debian:trixie"
//! origin = "bootstrap"           # or "registry"
//! digest = "sha256:…"            # the registry's digest, or the ID of the image that was made
//! architecture = "amd64"         # only with "bootstrap"
//! ```
//!
//! Until a server has answered that runs on it, `provisional = true` is in it as well: nobody depends on that base yet, so another `python:`
//! replaces it.

use serde::{Deserialize, Serialize};

use super::Base;
use crate::error::{Failure, Kind, Result};

/// The name of the file, beside `parity.yaml`.
pub const FILE: &str = "parity.lock";
const HEADER: &str =
    "# What this project's image is built on. Written by parity; commit it.\n# `parity build --update-base` takes what is newest.\n\n";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    version: u32,
    /// Nothing has been served with it yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
    pub base: LockedBase,
}

/// A base, pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedBase {
    /// As `image.base` names it.
    pub image: String,
    pub origin: BaseOrigin,
    pub digest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
}

/// Where a base came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BaseOrigin {
    Registry,
    /// Made from Debian's packages.
    Bootstrap,
    /// An image that was already on the engine, under that name and in no registry.
    Local,
}

impl Lock {
    /// A lock that nothing has been served with yet.
    pub fn provisional(base: LockedBase) -> Self {
        Self { version: 1, provisional: true, base }
    }

    /// Does it hold a project to a base that it does not ask for any more?
    pub fn refuses(&self, base: &str) -> bool {
        self.base.image != base && !self.provisional
    }

    /// Reads a lock file's text.
    ///
    /// # Errors
    /// `Kind::BadFile` with the line.
    pub fn parse(text: &str) -> Result<Self> {
        if text.trim().is_empty() {
            return Err(broken("it is empty"));
        }
        let lock: Self = toml::from_str(text).map_err(|error| broken(error.to_string()))?;
        if lock.version != 1 {
            return Err(Failure::new(Kind::BadFile, format!("{FILE} was written by a newer parity (version {})", lock.version))
                .hint("update parity"));
        }
        let digest = lock.base.digest.strip_prefix("sha256:").unwrap_or_default();
        if digest.len() != 64 || !digest.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(broken(format!("`{}` is not a sha256 digest", lock.base.digest.escape_debug())));
        }
        Ok(lock)
    }

    pub fn to_text(&self) -> String {
        format!("{HEADER}{}", toml::to_string(self).unwrap_or_default())
    }
}

/// The failure for a file that is no lock.
pub fn broken(why: impl AsRef<str>) -> Failure {
    Failure::new(Kind::BadFile, format!("{FILE} cannot be read"))
        .details(why.as_ref().lines())
        .hint(format!("restore it from version control, or delete {FILE} to have it written anew from what is newest"))
}

impl Base {
    /// As `image.base` would name it.
    pub fn name(&self) -> String {
        match self {
            Base::Debian { suite } => format!("debian:{}", suite.name()),
            Base::Reference(reference) => reference.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut lock = Lock::provisional(LockedBase {
            image: "debian:trixie".into(),
            origin: BaseOrigin::Bootstrap,
            digest: format!("sha256:{}", "ab".repeat(32)),
            architecture: Some("amd64".into()),
        });
        assert_eq!(Lock::parse(&lock.to_text()).unwrap(), lock);
        assert!(!lock.refuses("debian:bookworm"));
        lock.provisional = false;
        assert_eq!(Lock::parse(&lock.to_text()).unwrap(), lock);
        assert!(!lock.to_text().contains("provisional") && lock.refuses("debian:bookworm") && !lock.refuses("debian:trixie"));
    }

    const FILES: [&str; 2] = [
        "version = 1\n\n[base]\nimage = \"debian:trixie\"\norigin = \"bootstrap\"\n\
         digest = \"sha256:abababababababababababababababababababababababababababababababab\"\narchitecture = \"amd64\"\n",
        "# comment\nversion = 1\nprovisional = true\n[base]\nimage = 'python:3.12-slim'\norigin = 'registry'\n\
         digest = 'sha256:0000000000000000000000000000000000000000000000000000000000000000'\n",
    ];
    const TOKENS: [&str; 16] =
        ["\"", "'", "\n", "[", "]", "=", "[base]", "{", "}", "\\u0007", "\u{1b}", "version = 2", "true", "0", "sha256:", "\0"];

    proptest::proptest! {
        #[test]
        fn fuzz_a_lock_is_read_and_written_or_refused(text in crate::units::mutated::mutated(&FILES, &TOKENS)) {
            match Lock::parse(&text) {
                Ok(lock) => proptest::prop_assert_eq!(Lock::parse(&lock.to_text()).unwrap(), lock),
                Err(failure) => {
                    proptest::prop_assert_eq!(failure.kind, Kind::BadFile);
                    proptest::prop_assert!(!failure.hints.is_empty() && !failure.message.contains(char::is_control), "{:?}", failure);
                }
            }
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for text in [
            "",
            "version = 1",
            "version = 2\n[base]\nimage='a'\norigin='local'\ndigest='x'",
            "version = 1\n[base]\nimage='a'\norigin='local'\ndigest='sha256:zz'",
        ] {
            assert_eq!(Lock::parse(text).unwrap_err().kind, Kind::BadFile, "{text}");
        }
    }
}
