//! Where this machine gets Python packages from, and with which credentials: what pip and uv read here has to reach the build.
//!
//! Only what says *where* is taken, never how something is installed: that is the project's business, the same on every machine.

mod credentials;
mod netrc;
mod pip_conf;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::units::{Secret, files};

pub use credentials::{credentials_in, has_credentials, without_credentials};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Indexes {
    /// As variables, which pip and uv read.
    pub variables: Vec<(String, Secret)>,
    /// The entries of `.netrc` for hosts that the project or an index names.
    pub netrc: Option<Secret>,
}

/// Variables of pip that say where packages are.
const PIP: [&str; 4] = ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_NO_INDEX"];
/// Of uv, beside those that begin with `UV_INDEX`, the credentials of named indexes among them.
const UV: [&str; 3] = ["UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_INSECURE_HOST"];
const UV_INDEX: &str = "UV_INDEX";
/// What pip is told, as uv is told it, and the older name that uv has for it.
const OF_UV: [(&str, &str, &str); 4] = [
    ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"),
    ("PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_INDEX"),
    ("PIP_TRUSTED_HOST", "UV_INSECURE_HOST", ""),
    ("PIP_NO_INDEX", "UV_NO_INDEX", ""),
];

/// Reads the environment, pip's configuration and `.netrc`. `requirements`: what the project says, in which hosts are looked for.
/// A file that cannot be read is none.
pub fn find(environment: &BTreeMap<String, String>, requirements: &[String]) -> Indexes {
    let said = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let is_known = |name: &str| PIP.contains(&name) || UV.contains(&name) || name.starts_with(UV_INDEX);
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    for file in pip_files(environment) {
        // Files that come later win, as with pip.
        variables.extend(files::read_text(&file).map(|text| pip_conf::variables(&text)).unwrap_or_default());
    }
    variables.extend(
        environment.iter().filter(|(name, value)| is_known(name) && !value.is_empty()).map(|(name, value)| (name.clone(), value.clone())),
    );
    for (of_pip, of_uv, older) in OF_UV {
        if let Some(value) = variables.get(of_pip).filter(|_| !variables.contains_key(of_uv) && !variables.contains_key(older)) {
            variables.insert(of_uv.to_owned(), value.clone());
        }
    }
    let home = said("HOME").map(PathBuf::from);
    let file = said("NETRC").map(PathBuf::from).or_else(|| home.map(|home| home.join(".netrc")));
    let text = file.and_then(|file| files::read_text(&file).ok()).unwrap_or_default();
    let is_named = |host: &str| variables.values().chain(requirements).any(|text| text.contains(host));
    let netrc = netrc::of_hosts(&text, is_named);
    Indexes {
        variables: variables.into_iter().map(|(name, value)| (name, Secret::new(value))).collect(),
        netrc: (!netrc.is_empty()).then(|| Secret::new(netrc)),
    }
}

/// Where pip looks, the one that counts least first.
fn pip_files(environment: &BTreeMap<String, String>) -> Vec<PathBuf> {
    let said = |name: &str| environment.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(file) = said("PIP_CONFIG_FILE") {
        // pip's own way to say that there is none.
        return if file == Path::new("/dev/null") { Vec::new() } else { vec![file] };
    }
    let mut files = vec![PathBuf::from("/etc/pip.conf")];
    if let Some(home) = said("HOME") {
        files.push(home.join(".pip/pip.conf"));
        files.push(said("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")).join("pip/pip.conf"));
    }
    files
}

/// Files that say what is installed, and from where, by their names.
fn may_have_credentials(name: &str) -> bool {
    let known = [
        "Pipfile",
        "Pipfile.lock",
        "pdm.toml",
        "pip.conf",
        "poetry.lock",
        "poetry.toml",
        "pyproject.toml",
        "setup.cfg",
        "uv.lock",
        "uv.toml",
    ];
    let is_text = name.ends_with(".txt") || name.ends_with(".in");
    known.contains(&name) || name.starts_with("pylock.") || is_text && (name.starts_with("requirements") || name.starts_with("constraints"))
}

/// The files of a project that no image may have because of the credentials in them: those that it is installed by (`installed`), and
/// others of such a kind beside them, relative to the project.
pub fn files_with_credentials(root: &Path, installed: &[String]) -> Vec<String> {
    let names = |directory: &str| -> Vec<String> {
        let entries = std::fs::read_dir(root.join(directory)).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    };
    let beside = names("").into_iter().filter(|name| may_have_credentials(name));
    // All that is in such a directory is about requirements.
    let inside = names("requirements").into_iter().map(|name| format!("requirements/{name}"));
    let mut candidates: Vec<String> = installed.iter().cloned().chain(beside).chain(inside).collect();
    candidates.sort();
    candidates.dedup();
    candidates.retain(|path| files::read_inside(root, Path::new(path), files::MOST_BYTES).is_ok_and(|content| has_credentials(&content)));
    // These hold nothing else.
    candidates.extend([".netrc", ".pypirc"].into_iter().filter(|name| root.join(name).is_file()).map(String::from));
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_no_image_may_have() {
        let directory = tempfile::tempdir().unwrap();
        let secret = "--index-url https://me:hush@example.com\n";
        for (path, text) in [
            ("requirements.txt", secret),
            ("deps/list.txt", secret),
            ("requirements/prod.txt", secret),
            ("requirements/base.txt", "flask\n"),
            ("pyproject.toml", "[project]\n"),
            ("notes.txt", secret),
            (".pypirc", "[pypi]\npassword = hush\n"),
        ] {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let found = files_with_credentials(directory.path(), &["deps/list.txt".into(), "requirements.txt".into()]);
        assert_eq!(found, ["deps/list.txt", "requirements.txt", "requirements/prod.txt", ".pypirc"]);
    }

    #[test]
    fn of_this_machine_only_where_packages_are() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".config/pip")).unwrap();
        let conf = "[global]\nindex-url = https://a:b@conf.example/simple\ntrusted-host = conf.example\nuser = true\n";
        std::fs::write(home.path().join(".config/pip/pip.conf"), conf).unwrap();
        let netrc = "machine env.example login me password one\nmachine other.example login me password two\nmachine wheels.example password three\n";
        std::fs::write(home.path().join(".netrc"), netrc).unwrap();
        let environment = [
            ("HOME", home.path().to_str().unwrap()),
            ("PIP_INDEX_URL", "https://env.example/simple"),
            ("PIP_REQUIRE_VIRTUALENV", "1"),
            ("PIP_TARGET", "/x"),
            ("UV_INDEX_SHOP_PASSWORD", "hush"),
            ("UV_CACHE_DIR", "/x"),
            ("PATH", "/bin"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let found = find(&environment, &["shop @ https://wheels.example/shop.whl".into()]);
        let mut variables: Vec<_> = found.variables.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
        // This machine may have a configuration of its own.
        variables.retain(|(name, _)| !name.ends_with("_EXTRA_INDEX_URL"));
        let expected = [
            ("PIP_INDEX_URL", "https://env.example/simple"),
            ("PIP_TRUSTED_HOST", "conf.example"),
            ("UV_DEFAULT_INDEX", "https://env.example/simple"),
            ("UV_INDEX_SHOP_PASSWORD", "hush"),
            ("UV_INSECURE_HOST", "conf.example"),
        ];
        assert_eq!(variables, expected);
        let netrc = found.netrc.unwrap();
        assert!(netrc.expose().contains("one") && netrc.expose().contains("three") && !netrc.expose().contains("two"));
        assert!(!format!("{:?}", find(&environment, &[])).contains("hush"));
    }

    #[test]
    fn what_uv_is_told_itself_counts_for_uv() {
        let environment = [
            ("PIP_CONFIG_FILE", "/dev/null"),
            ("PIP_INDEX_URL", "https://pip.example"),
            ("PIP_EXTRA_INDEX_URL", "https://more.example https://most.example"),
            ("PIP_NO_INDEX", "1"),
            ("UV_INDEX_URL", "https://uv.example"),
        ];
        let found = find(&environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into(), &[]);
        let of_uv: Vec<_> = found
            .variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose()))
            .filter(|(name, _)| name.starts_with("UV_"))
            .collect();
        let expected = [
            ("UV_EXTRA_INDEX_URL", "https://more.example https://most.example"),
            ("UV_INDEX_URL", "https://uv.example"),
            ("UV_NO_INDEX", "1"),
        ];
        assert_eq!(of_uv, expected);
    }
}
