//! The peers, as data: what each is called and how it is started.

use crate::projects::Project;

/// One way to have saved code served.
#[derive(Debug)]
pub struct Peer {
    /// On the command line.
    pub name: &'static str,
    /// In the tables.
    pub title: &'static str,
    /// The one project that it can serve.
    pub only: Option<&'static str>,
    pub how: How,
}

#[derive(Debug)]
pub enum How {
    /// `parity up --reload-on-changes` in the foreground, with more flags.
    Parity(&'static [&'static str]),
    /// `parity up` in the foreground, with flags.
    Foreground(&'static [&'static str]),
    /// A command in a container of the image that `parity up` runs. `{module}` and `{script}` are the project's; where it does not
    /// say `{processes}`, the peer has one.
    Command(&'static str),
    /// What `parity up --detach` starts, restarted by Docker after each save.
    Restart,
    /// `parity up --detach`, which does not follow what is saved.
    Detached,
}

/// No peer, but what they are compared with: nothing that watches.
pub const PRODUCTION: &Peer = &Peer { name: "", title: "parity up --detach, no reload", only: None, how: How::Detached };

/// Five threads in each process, wherever that can be said, as parity starts them without configuration. (uvicorn takes no notice of
/// `--workers` where it reloads.)
pub const ALL: &[Peer] = &[
    parity("parity", "parity", &[]),
    parity("parity-no-preload", "parity --no-preload", &["--no-preload"]),
    parity("parity-no-standby", "parity --no-standby", &["--no-standby"]),
    // The server root must allow execution: see the flags of its container.
    any(
        EXPRESS,
        "mod_wsgi-express --reload-on-changes",
        "mod_wsgi-express start-server {script} --reload-on-changes --server-root /express --port 8000 --processes {processes} --threads 5 \
         --log-to-terminal --httpd-executable /usr/sbin/apache2 --modules-directory /usr/lib/apache2/modules --mime-types /etc/mime.types",
    ),
    only("django", "runserver", "manage.py runserver", "python manage.py runserver 0.0.0.0:8000"),
    only("flask", "flask", "flask run --debug", "flask --app {module} run --debug --host 0.0.0.0 --port 8000"),
    any(
        "gunicorn-poll",
        "gunicorn --reload, poll",
        "gunicorn --bind 0.0.0.0:8000 --workers {processes} --threads 5 --reload --reload-engine poll {module}:application",
    ),
    any(
        "gunicorn-inotify",
        "gunicorn --reload, inotify",
        "gunicorn --bind 0.0.0.0:8000 --workers {processes} --threads 5 --reload --reload-engine inotify {module}:application",
    ),
    any("uvicorn", "uvicorn --reload", "uvicorn --host 0.0.0.0 --port 8000 --interface wsgi --reload {module}:application"),
    any(
        "granian",
        "granian --reload",
        "granian --host 0.0.0.0 --port 8000 --interface wsgi --workers {processes} --blocking-threads 5 --reload {module}:application",
    ),
    Peer { name: "docker-restart", title: "docker restart -t 1", only: None, how: How::Restart },
];

/// The peer that does the same on the same server: ratios are to it.
pub const EXPRESS: &str = "mod_wsgi-express";

/// mod_wsgi-express' own start script is executed, which Docker's directories in memory forbid by default.
pub const FLAGS: &[&str] = &["--tmpfs", "/express:rw,exec,nosuid,nodev,mode=1777"];

pub fn named(name: &str) -> Option<&'static Peer> {
    ALL.iter().find(|peer| peer.name == name)
}

impl Peer {
    pub fn serves(&self, project: &Project) -> bool {
        self.only.is_none_or(|only| only == project.name)
    }

    /// Can it serve from several processes?
    pub fn has_several(&self) -> bool {
        !matches!(self.how, How::Command(command) if !command.contains("{processes}"))
    }

    pub fn is_parity(&self) -> bool {
        matches!(self.how, How::Parity(_))
    }
}

/// A command for a project, as words.
pub fn words(command: &str, project: &Project, processes: u32) -> Vec<String> {
    let filled = |word: &str| {
        word.replace("{module}", project.module).replace("{script}", project.script).replace("{processes}", &processes.to_string())
    };
    command.split(' ').map(filled).collect()
}

const fn parity(name: &'static str, title: &'static str, flags: &'static [&'static str]) -> Peer {
    Peer { name, title, only: None, how: How::Parity(flags) }
}

const fn any(name: &'static str, title: &'static str, command: &'static str) -> Peer {
    Peer { name, title, only: None, how: How::Command(command) }
}

const fn only(project: &'static str, name: &'static str, title: &'static str, command: &'static str) -> Peer {
    Peer { name, title, only: Some(project), how: How::Command(command) }
}
