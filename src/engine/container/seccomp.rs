//! The system calls that a container with the project mounted may make: those of Docker's own profile, but none that makes
//! a file set-user-id or set-group-id, or a device.
//!
//! A file of the project is the user's on the machine as well, in the view of root's project (`engine::ownership`) it is root's. With
//! the bit on it the application would leave a program there that runs with the user's rights, whoever starts it, and no option of the
//! mount keeps that bit off the disk.
//!
//! A filter sees a call's arguments, but nothing that they point to:
//!
//! | call | allowed |
//! |---|---|
//! | `chmod`, `fchmod`, `fchmodat`, `fchmodat2`, `creat` | without the two bits in the mode |
//! | `open`, `openat` | the same, or where no file is created, so that there is no mode |
//! | `mknod`, `mknodat` | plain files, FIFOs and sockets without them |
//! | `renameat2` | without leaving a whiteout, which is a device, behind |
//! | `openat2` | never (`ENOSYS`, with which C libraries take `openat`): its mode is in memory |
//! | `mkdir`, `mkdirat` | always: Linux ignores the two bits there |
//!
//! `io_uring`, which would open files past any filter, is not in Docker's profile.

use std::io::Write;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::engine::Flavour;
use crate::error::{Failure, Kind, Result};

/// Docker's profile, see images/seccomp/README.md.
const DOCKERS: &str = include_str!("../../../images/seccomp/docker-default.json");

/// Set-user-id and set-group-id.
const SET_ID: u64 = 0o6000;
const FILE_TYPE: u64 = 0o170_000;
/// What `mknod` may make: a plain file, which may also be written as 0, a FIFO, a socket.
const HARMLESS_TYPES: [u64; 4] = [0, 0o100_000, 0o010_000, 0o140_000];
/// `O_CREAT` and the bit of `O_TMPFILE` that `O_DIRECTORY` has not.
const CREATES: u64 = 0o100 | 0o20_000_000;
const RENAME_WHITEOUT: u64 = 4;
const ENOSYS: u32 = 38;

/// Calls with the number of the argument that is their mode.
const WITH_MODE: [(&str, u32); 7] =
    [("chmod", 1), ("fchmod", 1), ("creat", 1), ("fchmodat", 2), ("fchmodat2", 2), ("open", 2), ("openat", 3)];
const WITH_FLAGS: [(&str, u32); 2] = [("open", 1), ("openat", 2)];
const MAKES_NODES: [(&str, u32); 2] = [("mknod", 1), ("mknodat", 2)];

/// The profile as JSON.
pub fn profile() -> String {
    let mut profile: Value = serde_json::from_str(DOCKERS).unwrap_or_default();
    let mut rules = vec![json!({"names": ["openat2"], "action": "SCMP_ACT_ERRNO", "errnoRet": ENOSYS})];
    rules.extend(WITH_MODE.map(|(call, mode)| allowed(call, mode, SET_ID, 0)));
    rules.extend(WITH_FLAGS.map(|(call, flags)| allowed(call, flags, CREATES, 0)));
    for (call, mode) in MAKES_NODES {
        rules.extend(HARMLESS_TYPES.map(|kind| allowed(call, mode, FILE_TYPE | SET_ID, kind)));
    }
    rules.push(allowed("renameat2", 4, RENAME_WHITEOUT, 0));
    let ours: Vec<Value> = rules.iter().map(|rule| rule["names"][0].clone()).collect();
    if let Some(all) = profile["syscalls"].as_array_mut() {
        for names in all.iter_mut().filter_map(|rule| rule["names"].as_array_mut()) {
            names.retain(|name| !ours.contains(name));
        }
        all.extend(rules);
    }
    profile.to_string()
}

/// Allows a call if these bits of an argument have that value. Of several such rules for a call one is enough.
fn allowed(call: &str, argument: u32, bits: u64, value: u64) -> Value {
    let condition = json!({"index": argument, "value": bits, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"});
    json!({"names": [call], "action": "SCMP_ACT_ALLOW", "args": [condition]})
}

/// The profile in the form that an engine takes. Podman reads a file, which has to be there until the container is created.
#[derive(Debug)]
pub enum Confinement {
    Text(String),
    File(NamedTempFile),
}

impl Confinement {
    /// # Errors
    /// A file that cannot be written.
    pub fn for_engine(flavour: Flavour) -> Result<Self> {
        match flavour {
            Flavour::Docker => Ok(Self::Text(profile())),
            Flavour::Podman => tempfile::Builder::new()
                .prefix("parity-seccomp-")
                .suffix(".json")
                .tempfile()
                .and_then(|mut file| file.write_all(profile().as_bytes()).map(|()| Self::File(file)))
                .map_err(|error| {
                    let directory = std::env::temp_dir();
                    Failure::new(Kind::Other, format!("cannot write to {}", directory.display()))
                        .caused_by(&error)
                        .hint("Podman reads there which system calls the container may make; another directory is named by TMPDIR")
                }),
        }
    }

    /// For `HostConfig.SecurityOpt`.
    pub fn option(&self) -> String {
        match self {
            Self::Text(profile) => format!("seccomp={profile}"),
            Self::File(file) => format!("seccomp={}", file.path().display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does a profile let a call with these arguments pass?
    fn passes(profile: &Value, call: &str, arguments: &[u64]) -> bool {
        let holds = |condition: &Value| {
            let number = |name: &str| condition[name].as_u64().unwrap_or(0);
            let argument = arguments[usize::try_from(number("index")).unwrap()];
            assert_eq!(condition["op"], "SCMP_CMP_MASKED_EQ");
            argument & number("value") == number("valueTwo")
        };
        let rules = profile["syscalls"].as_array().unwrap().iter();
        let mut rules = rules.filter(|rule| rule["names"].as_array().unwrap().iter().any(|name| name == call));
        rules.any(|rule| rule["action"] == "SCMP_ACT_ALLOW" && rule["args"].as_array().is_none_or(|all| all.iter().all(holds)))
    }

    #[test]
    fn no_call_makes_a_privileged_file() {
        let profile: Value = serde_json::from_str(&profile()).unwrap();
        let (create, temporary, write) = (0o101, 0o20_200_002, 0o1);
        for bit in [0o4000, 0o2000, 0o6000, 0o4755] {
            for (call, arguments) in [
                ("chmod", vec![0, bit]),
                ("fchmod", vec![0, bit]),
                ("fchmodat", vec![0, 0, bit]),
                ("fchmodat2", vec![0, 0, bit, 0]),
                ("creat", vec![0, bit]),
                ("open", vec![0, create, bit]),
                ("open", vec![0, temporary, bit]),
                ("openat", vec![0, 0, create, bit]),
                ("openat", vec![0, 0, temporary, bit]),
                ("mknod", vec![0, 0o100_000 | bit, 0]),
                ("mknodat", vec![0, 0, bit, 0]),
            ] {
                assert!(!passes(&profile, call, &arguments), "{call} {arguments:?}");
            }
        }
        for kind in [0o020_000, 0o060_000] {
            assert!(!passes(&profile, "mknod", &[0, kind | 0o644, 0]) && !passes(&profile, "mknodat", &[0, 0, kind, 0]));
        }
        assert!(!passes(&profile, "openat2", &[0; 6]) && !passes(&profile, "io_uring_setup", &[0; 6]));
        assert!(!passes(&profile, "renameat2", &[0, 0, 0, 0, 4]));
        // What is done all the time goes on.
        assert!(passes(&profile, "chmod", &[0, 0o755]) && passes(&profile, "openat", &[0, 0, create, 0o644]));
        // Without a file to create the mode is whatever is in the register.
        assert!(passes(&profile, "openat", &[0, 0, write, 0o7777]) && passes(&profile, "open", &[0, 0, u64::MAX]));
        assert!(passes(&profile, "mknod", &[0, 0o010_644, 0]) && passes(&profile, "renameat2", &[0, 0, 0, 0, 1]));
        assert!(passes(&profile, "mkdir", &[0, 0o755]) && passes(&profile, "read", &[0; 6]));
    }

    #[test]
    fn nothing_else_is_taken_from_dockers_profile() {
        let names = |text: &str| -> std::collections::BTreeSet<String> {
            let profile: Value = serde_json::from_str(text).unwrap();
            let rules = profile["syscalls"].as_array().unwrap().iter();
            rules.flat_map(|rule| rule["names"].as_array().unwrap()).map(|name| name.as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(DOCKERS), names(&profile()));
    }
}
