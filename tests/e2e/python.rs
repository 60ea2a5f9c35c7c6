//! parity's own Python, tested with the Python that it runs in.

use std::fs;
use std::path::Path;

use crate::engine;
use crate::project::base;

/// Runs `cases.py` in a container that has all of `images/runtime` where a server has it. `files` lie beside it. Returns its stdout.
pub fn run(files: &[(&str, &str)], arguments: &str) -> String {
    run_with_patience("15", files, arguments)
}

/// The same where an import may take so many seconds.
pub fn run_with_patience(seconds: &str, files: &[(&str, &str)], arguments: &str) -> String {
    let given = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let parity = given.path().join("parity");
    copy(&root.join("images/runtime"), &parity);
    let startup = fs::read_to_string(root.join("templates/startup.py")).unwrap().replace("{{ seconds }}", seconds);
    fs::write(parity.join("startup.py"), startup).unwrap();
    for (name, text) in files {
        fs::write(given.path().join(name), text).unwrap();
    }
    let script = format!("mkdir -p /etc/parity && cp -r /given/parity/. /etc/parity && exec python /given/cases.py {arguments}");
    engine::run_in(&base().image, &script, given.path())
}

/// A directory with all that is in it, but for caches.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if name == "__pycache__" || name.to_string_lossy().starts_with('.') {
            continue;
        }
        match path.is_dir() {
            true => copy(&path, &to.join(name)),
            false => drop(fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}
