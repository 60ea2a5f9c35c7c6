//! The projects that are edited. They are in `projects/`, as files.

/// Where they are in the repository.
pub const DIRECTORY: &str = "benches/reload/projects";

/// A project whose page says a token of its source: `/` at once and with the process that answers, `/slow` in pieces.
#[derive(Debug)]
pub struct Project {
    /// Of its directory, and on the command line.
    pub name: &'static str,
    pub title: &'static str,
    /// The module with the WSGI callable, `application`.
    pub module: &'static str,
    /// The same module as a file.
    pub script: &'static str,
    /// The file with the token.
    pub source: &'static str,
}

pub const ALL: &[Project] = &[
    Project { name: "trivial", title: "One module", module: "app", script: "app.py", source: "app.py" },
    Project { name: "flask", title: "Flask", module: "wsgi", script: "wsgi.py", source: "shop/version.py" },
    Project { name: "django", title: "Django", module: "mysite.wsgi", script: "mysite/wsgi.py", source: "catalogue/views.py" },
];

pub fn named(name: &str) -> Option<&'static Project> {
    ALL.iter().find(|project| project.name == name)
}
