//! The peers, as data: what each is called and how it is started.

/// A project of `benches/reload/projects` with what `overlays/` lays over it.
#[derive(Debug)]
pub struct Project {
    /// Of its directory, and on the command line.
    pub name: &'static str,
    pub title: &'static str,
    pub script: &'static str,
    /// Run once, in a container of the project.
    pub before: &'static [&'static str],
}

pub const DJANGO: &str = "django";

pub const PROJECTS: &[Project] = &[
    Project { name: "flask", title: "Flask", script: "wsgi.py", before: &[] },
    Project {
        name: DJANGO,
        title: "Django",
        script: "mysite/wsgi.py",
        before: &["exec", "--", "python", "manage.py", "migrate", "--noinput"],
    },
];

pub fn project(name: &str) -> Option<&'static Project> {
    PROJECTS.iter().find(|project| project.name == name)
}

/// One way to look at requests.
#[derive(Debug)]
pub struct Peer {
    pub title: &'static str,
    /// The one project that it can serve.
    pub only: Option<&'static str>,
    /// What the application is told to have beside it.
    pub by: &'static str,
    pub how: How,
}

#[derive(Debug, PartialEq, Eq)]
pub enum How {
    /// `parity up --detach`.
    Detached,
    /// `parity up` in the foreground, with flags.
    Foreground(&'static [&'static str]),
    /// `mod_wsgi-express start-server` in a container of the image, with flags.
    Express(&'static str),
}

/// With what others are compared.
pub const PLAIN: &Peer = &peer("parity up", "", How::Detached);

pub const fn peer(title: &'static str, by: &'static str, how: How) -> Peer {
    Peer { title, only: None, by, how }
}

pub const fn of_django(title: &'static str, by: &'static str) -> Peer {
    Peer { title, only: Some(DJANGO), by, how: How::Detached }
}

impl Peer {
    pub fn serves(&self, project: &Project) -> bool {
        self.only.is_none_or(|only| only == project.name)
    }
}
