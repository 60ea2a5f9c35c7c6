//! parity's own Python, tested with the Python that it runs in.

use std::fs;
use std::path::Path;

use crate::engine;
use crate::project::base;

/// Runs `cases.py` in a container that has the programs of `images/reload` where a server has them. `files` lie beside
/// it. Returns its stdout.
pub fn run(files: &[(&str, &str)], arguments: &str) -> String {
    let given = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let parity = given.path().join("parity");
    fs::create_dir(&parity).unwrap();
    for entry in fs::read_dir(root.join("images/reload")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, parity.join(path.file_name().unwrap())).unwrap();
        }
    }
    let startup = fs::read_to_string(root.join("templates/startup.py")).unwrap().replace("{{ seconds }}", "15");
    fs::write(parity.join("startup.py"), startup).unwrap();
    for (name, text) in files {
        fs::write(given.path().join(name), text).unwrap();
    }
    let script = format!("mkdir -p /etc/parity && cp /given/parity/* /etc/parity && exec python /given/cases.py {arguments}");
    engine::run_in(&base().image, &script, given.path())
}
