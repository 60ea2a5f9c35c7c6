//! What commands of a build see and no image has.

use sha2::{Digest, Sha256};

use crate::engine::secrets::SecretFile;
use crate::error::Result;
use crate::indexes::credentials_in;
use crate::render::dockerfile::Keys;
use crate::render::dockerfile::secrets::{ENVIRONMENT, INDEXES, NETRC, variables};
use crate::units::{Redactor, Secret};

/// Values of the environment, and credentials of this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildSecrets {
    /// The application's environment.
    pub env: Vec<(String, Secret)>,
    /// `build-env`, whose values win.
    pub build_env: Vec<(String, Secret)>,
    /// Where packages come from, as variables of pip and uv.
    pub indexes: Vec<(String, Secret)>,
    /// Credentials by host.
    pub netrc: Option<Secret>,
    /// A text that only this machine has.
    pub machine: Option<Secret>,
}

impl BuildSecrets {
    /// The files that the Dockerfile's commands read.
    ///
    /// # Errors
    /// A value with NUL in it.
    pub fn files(&self) -> Result<Vec<SecretFile>> {
        let file = |groups: [&[(String, Secret)]; 2]| -> Result<Secret> {
            let all = groups.into_iter().flatten().map(|(name, value)| (name.as_str(), value.expose()));
            variables(all).map(Secret::new)
        };
        Ok(vec![
            (ENVIRONMENT, file([&self.env, &self.build_env])?),
            (INDEXES, file([&self.indexes, &self.build_env])?),
            (NETRC, self.netrc.clone().unwrap_or_else(|| Secret::new(""))),
        ])
    }

    /// What stands for the values where a changed one must run commands again.
    pub fn keys(&self) -> Keys {
        Keys { hooks: self.key(&[&self.build_env]), environment: self.key(&[&self.env, &self.build_env]) }
    }

    /// A digest that nobody can compute who does not have this machine's text as well: values may be short enough to be guessed.
    fn key(&self, groups: &[&[(String, Secret)]]) -> String {
        if groups.iter().all(|group| group.is_empty()) {
            return String::new();
        }
        let mut digest = Sha256::new();
        let mut add = |text: &str| {
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text);
        };
        match &self.machine {
            Some(machine) => add(machine.expose()),
            // Then nothing is known to be the same.
            None => add(&format!("{:?} {}", std::time::SystemTime::now(), std::process::id())),
        }
        for group in groups {
            add(&group.len().to_string());
            group.iter().for_each(|(name, value)| {
                add(name);
                add(value.expose());
            });
        }
        digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Keeps all of it out of what is printed.
    pub fn redactor(&self) -> Redactor {
        // An address is of use to whoever looks for a mistake; with which password it is asked is not.
        let of_indexes = self.indexes.iter().map(|(_, value)| value).chain(&self.netrc);
        let words: Vec<Secret> = of_indexes.flat_map(|value| credentials_in(value.expose())).map(Secret::new).collect();
        let passwords = self.indexes.iter().filter(|(name, _)| name.ends_with("_PASSWORD"));
        Redactor::new(self.env.iter().chain(&self.build_env).chain(passwords).map(|(_, value)| value).chain(&words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(env: &[(&str, &str)], build_env: &[(&str, &str)]) -> BuildSecrets {
        let of = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect();
        BuildSecrets { env: of(env), build_env: of(build_env), machine: Some(Secret::new("machine")), ..BuildSecrets::default() }
    }

    #[test]
    fn keys_tell_values_apart() {
        let one = secrets(&[("A", "1")], &[("B", "2")]);
        assert_eq!(one.keys(), secrets(&[("A", "1")], &[("B", "2")]).keys());
        let other = secrets(&[("A", "x")], &[("B", "2")]);
        assert_eq!(one.keys().hooks, other.keys().hooks);
        assert_ne!(one.keys().environment, other.keys().environment);
        assert_ne!(one.keys().hooks, secrets(&[], &[("B", "3")]).keys().hooks);
        assert_ne!(one.keys(), BuildSecrets { machine: Some(Secret::new("another")), ..one.clone() }.keys());
        assert_eq!(secrets(&[], &[]).keys(), Keys::default());
        let nowhere = BuildSecrets { machine: None, ..one.clone() };
        assert_ne!(nowhere.keys(), one.keys());
    }

    #[test]
    fn what_the_build_alone_has_wins() {
        let files = secrets(&[("A", "1"), ("B", "1")], &[("B", "2")]).files().unwrap();
        let of = |name: &str| files.iter().find(|(have, _)| *have == name).unwrap().1.expose();
        assert_eq!(of(ENVIRONMENT), "export A='1'\nexport B='1'\nexport B='2'\n");
        assert_eq!(of(INDEXES), "export B='2'\n");
    }
}
