//! Files of the container as the reader knows them.

use super::model::Package;
use crate::units::layout;

/// What ended before the profiler could look.
pub const UNSEEN: &str = "(not seen)";
/// The row of samples without a frame of Python's: the server is at work before the application is called, or after.
pub const NO_PYTHON: &str = "(no Python)";

/// The file, shortened, and whose it is.
pub fn place(file: &str) -> (String, Package) {
    if file.is_empty() {
        return (String::new(), Package::Library(UNSEEN.into()));
    }
    for directory in ["/site-packages/", "/dist-packages/"] {
        if let Some((_, inside)) = file.rsplit_once(directory) {
            return (inside.to_owned(), Package::Library(top(inside)));
        }
    }
    if let Some(inside) = file.strip_prefix(layout::APP).and_then(|rest| rest.strip_prefix('/')) {
        return (inside.to_owned(), Package::Project);
    }
    // `<frozen importlib._bootstrap>`, `<string>`
    if let Some(name) = file.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
        let module = name.strip_prefix("frozen ").unwrap_or(name);
        return (file.to_owned(), Package::Python(module.split('.').next().unwrap_or(module).to_owned()));
    }
    match standard(file) {
        Some(inside) => (inside.to_owned(), Package::Python(top(inside))),
        None => (file.to_owned(), Package::Library(top(file.trim_start_matches('/').rsplit('/').next().unwrap_or(file)))),
    }
}

/// What comes behind `/usr/lib/python3.13/`.
fn standard(file: &str) -> Option<&str> {
    let (_, rest) = file.split_once("/lib/python3.")?;
    rest.split_once('/').map(|(_, inside)| inside)
}

/// `flask` of `flask/app.py`, `six` of `six.py`.
fn top(inside: &str) -> String {
    let first = inside.split('/').next().unwrap_or(inside);
    first.strip_suffix(".py").unwrap_or(first).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_the_readers() {
        let library = |name: &str| Package::Library(name.into());
        let python = |name: &str| Package::Python(name.into());
        for (file, shown, package) in [
            ("/app/shop/views.py", "shop/views.py", Package::Project),
            ("/opt/venv/lib/python3.13/site-packages/flask/app.py", "flask/app.py", library("flask")),
            ("/opt/venv/lib/python3.13/site-packages/six.py", "six.py", library("six")),
            ("/app/venv/lib/python3.13/site-packages/x/y.py", "x/y.py", library("x")),
            ("/usr/lib/python3.13/json/encoder.py", "json/encoder.py", python("json")),
            ("/usr/lib/python3.13/threading.py", "threading.py", python("threading")),
            ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap>", python("importlib")),
            ("", "", library(UNSEEN)),
            ("/srv/other.py", "/srv/other.py", library("other")),
        ] {
            assert_eq!(place(file), (shown.to_owned(), package), "{file}");
        }
    }
}
