//! What the `up` profile does differently from production, each with its cause.

use super::{Difference, OnError, Plan, Profile, Reload, ServicesMode, Store, ending};
use crate::config::Server;
use crate::project::LocalPackage;
use crate::project::contents::{Contents, LeftOut, Rule};

/// Everything that differs, in the order in which a reader asks: where code comes from, who runs it, how it is reloaded.
/// `collected`: where static files are.
pub(super) fn up(
    server: &Server,
    collected: Option<&str>,
    reload: Option<&Reload>,
    lends_network: bool,
    debugger: Debugger,
) -> Vec<Difference> {
    let mut all = vec![
        project(reload),
        difference(
            "configuration",
            "baked into the image at /etc/parity",
            "the same files, given to the container when it starts",
            "so that a changed setting needs no build",
        )
        .seen(&["mounts: /etc/parity", "mounts: can be written: /etc/parity"]),
        difference("user", "www-data (33)", "yours", "so that files the application creates belong to you").seen(&[
            "process: Uid",
            "process: Gid",
            "process: Groups",
            "process: user",
        ]),
        difference(
            "port",
            "8000 in the container",
            &format!("published on {}:{}", server.host.value, server.port.value),
            "so that nobody else can reach it",
        ),
        this_machine(),
    ];
    if reload.is_none_or(|reload| !reload.sync.value) {
        all.push(difference(
            "special files",
            "set-user-id and set-group-id can be set",
            "set-user-id, set-group-id and devices are refused (EPERM)",
            "so that nothing in your project runs with your rights, whoever starts it",
        ));
    }
    if let Some(directory) = collected {
        let row = difference(
            "static files",
            "collected while the image is built",
            "collected when the server starts, into memory",
            "so that your source tree stays as it is",
        );
        all.push(row.seen(&[&format!("mounts: {directory}")]));
    }
    if let Some(reload) = reload {
        all.extend(reloading(server, reload));
    }
    if lends_network {
        all.extend(taking_over());
    }
    all.push(difference("debugger", "no way in", debugger.words, "so that you can look at what went wrong").seen(debugger.signs));
    all
}

/// What there is of the debugger, in words, and how an application sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Debugger {
    pub words: &'static str,
    pub signs: &'static [&'static str],
}

fn this_machine() -> Difference {
    difference("your machine", "unknown", "`host.docker.internal`", "so that the application reaches what runs beside it")
        .seen(&["process: hosts"])
}

/// What the profiler is to an application, beside what it shares with `up`.
pub(super) fn profiler(server: &Server, collected: Option<&str>) -> Vec<Difference> {
    let mut all = up(server, collected, None, false, super::debugging::UNUSED);
    let row = difference(
        "profiler",
        "nobody looks on",
        "a process beside (before Python 3.13 a thread in each process) looks at requests, 100 times a second or at `--rate`; `ctypes` is imported",
        "so that you learn where the time goes",
    );
    all.push(row.seen(&["+imported: *", "order: *", "threads: *"]));
    all
}

/// What comes of the requests that a server has had.
pub fn of_requests() -> Difference {
    difference("requests", "the first one", "those since it started", "because it has run for longer").seen(&[
        "+imported: *",
        "order: application",
        "threads: *",
    ])
}

/// What the `smoke` profile does beside what production does: as little as lets somebody look.
pub(super) fn smoke(server: &Server) -> Vec<Difference> {
    let two = (server.processes.value == 1).then(|| {
        difference(
            "processes",
            "1",
            "1, and 2 in a server of its own beside it, for the probe multi-process alone",
            "so that you learn whether it would work with more",
        )
    });
    let always = [
        published(server),
        this_machine(),
        difference(
            "validator",
            "mod_wsgi calls the application",
            "a validator between the two, which the server is told of when it starts, says what is not WSGI; answers stay as they are",
            "so that you learn what this server forgives and another does not",
        )
        .seen(&["server: command line", "process: first", "request: wsgi.errors", "request: wsgi.input", "+imported: *"]),
    ];
    always.into_iter().chain(two).collect()
}

/// What the `coverage` profile does beside what production does.
pub(super) fn coverage(server: &Server) -> Vec<Difference> {
    let measured = difference(
        "coverage",
        "no line is measured",
        "coverage.py, from an image of this profile alone, notes in each process which lines run, and writes them down every few seconds; \
         so it does in Python programs that the application starts, by PARITY_COVERAGE in its environment; requests take longer",
        "so that you learn which lines your checks reach",
    );
    let measured = measured.seen(&[
        "+imported before: *",
        "+imported: *",
        "environment: PARITY_COVERAGE",
        "imported before: *",
        "imported: *",
        "order: *",
        "mounts: *",
        "process: first",
        "python: trace",
        "server: command line",
        "server: WSGIImportScript *",
        "threads: *",
    ]);
    vec![published(server), this_machine(), measured]
}

/// A server beside whatever else runs.
fn published(server: &Server) -> Difference {
    let port = match server.port.value {
        0 => "a free port".to_owned(),
        port => format!("port {port}"),
    };
    let here = format!("published on {port} of {}", server.host.value);
    difference("port", "8000 in the container", &here, "so that it runs beside whatever else runs")
}

/// What tells of requests.
pub(super) fn requests(plan: &Plan) -> Option<Difference> {
    let row = difference(
        "request log",
        if *plan.server.access_log { "the access log" } else { "none" },
        "each request is logged to the container's output, by Apache and a program that batches the lines",
        "so that you see what is asked for",
    );
    plan.logs_requests().then(|| row.seen(&["server: CustomLog \"|*"]))
}

/// Where the code of the project's own packages is.
pub(super) fn packages(plan: &Plan) -> Option<Difference> {
    let all = &plan.image.locals.packages;
    let names = |packages: &[&LocalPackage]| packages.iter().map(|package| package.label()).collect::<Vec<_>>().join(", ");
    let moved: Vec<&LocalPackage> = all.iter().filter(|package| package.is_installed_otherwise()).collect();
    let is_mounted = matches!(plan.profile, Profile::Up | Profile::Debug(_) | Profile::Profiler);
    (is_mounted && !moved.is_empty()).then(|| {
        let names = names(&moved);
        difference(
            "packages",
            &format!("{names}: installed in the image from the project"),
            &format!("{names}: editable, with the project's own files"),
            "so that what you save in them is served; what their builds leave out is missing in production only",
        )
    })
}

/// How the application comes to the services beside it.
pub(super) fn services(plan: &Plan) -> Option<Difference> {
    let services = plan.services.as_ref()?;
    if matches!(plan.profile, Profile::Production) {
        return None;
    }
    let here = match (&plan.network, plan.services_mode.value) {
        (Some(network), _) => {
            format!("{} of {}, where they are in the network {} ({})", services.label(), services.file, network.value, network.origin)
        }
        (None, ServicesMode::Start) => format!("{} of {}, started by Compose and left running", services.label(), services.file),
        (None, _) => format!("{} of {}, while its network is there", services.label(), services.file),
    };
    let row = difference(
        "services",
        "at the addresses that the deployment's environment has, in its own network",
        &here,
        "so that the application reaches them by the names that Compose gives them",
    );
    Some(row.seen(&["process: hosts"]))
}

/// Where the application can write, and cannot in production.
pub(super) fn writing(plan: &Plan) -> Vec<Difference> {
    let names = |directories: &[&str]| directories.iter().map(|path| Plan::directory_name(path)).collect::<Vec<_>>().join(", ");
    let all: Vec<&str> = plan.writable.iter().map(|directory| directory.value.as_str()).collect();
    let stored = |store| plan.stored(store).collect::<Vec<_>>();
    let mut rows = Vec::new();
    let mut kept = |store, here: &str, cause: &str| {
        let directories = stored(store);
        if !directories.is_empty() {
            let names = names(&directories);
            let places: Vec<String> = directories.iter().map(|path| format!("mounts: {path}")).collect();
            let row = difference("writable", &format!("{names}: a volume"), &format!("{names}: {here}"), cause);
            rows.push(row.seen(&places));
        }
    };
    match plan.profile {
        Profile::Production | Profile::Release => {}
        Profile::Smoke | Profile::Coverage => {
            kept(Store::Memory, "in memory, empty at first", "so that nothing of a check is left");
            kept(Store::Volume, "a volume of this run alone, with what the image has there", "so that nothing of a check is left");
        }
        Profile::Up | Profile::Debug(_) | Profile::Profiler => {
            kept(Store::Memory, "in memory", "so that it goes with the server");
            let production =
                if all.is_empty() { "read-only but for /tmp".to_owned() } else { format!("read-only but for {} and /tmp", names(&all)) };
            let row = difference(
                "writing",
                &production,
                "all of the project can be written",
                "so that what the application writes is where you can look at it",
            );
            rows.push(row.seen(&["mounts: can be written: /app"]));
        }
    }
    rows
}

/// What the recorder is to an application.
pub(super) fn recording(plan: &Plan) -> Option<Difference> {
    plan.record.as_ref()?;
    let row = difference(
        "recorder",
        "the server calls the application",
        "a function between the two notes what passes, answers stay as they are; it hears of statements and exceptions by the signals of \
         Django, Flask and SQLAlchemy, and of templates by functions around the methods of Django's and Jinja2's that render them",
        "so that you can look at requests, and ask them again",
    );
    Some(row.seen(&[
        "+imported before: *",
        "+imported: *",
        "imported before: *",
        "imported: *",
        "order: *",
        "request: wsgi.input",
        "server: WSGIImportScript *",
        "threads: *",
    ]))
}

/// What is done about the hooks of a release.
pub(super) fn release(profile: Profile) -> Option<Difference> {
    let here = match profile {
        Profile::Up | Profile::Debug(_) | Profile::Smoke | Profile::Coverage | Profile::Profiler => {
            "before the start hooks, each time that the server starts"
        }
        Profile::Production | Profile::Release => return None,
    };
    let production = "once before a deployment, by `parity release`";
    Some(difference("release hooks", production, here, "so that one container is all of a deployment"))
}

/// What the container sees here and no image has, a line for each rule. `uploaded`: the project is not mounted, so that the
/// container has nothing of what is of no use to it.
pub fn left_out(contents: &Contents, uploaded: bool) -> Vec<Difference> {
    let mut rules: Vec<(String, &Rule, Vec<&str>)> = Vec::new();
    for LeftOut { path, rule } in &contents.left_out {
        let what = match rule {
            Rule::Kind(kind) if uploaded && kind.is_never_uploaded() => continue,
            Rule::DockerIgnore(_) if uploaded => continue,
            Rule::Kind(kind) => kind.words().to_owned(),
            Rule::Configuration => "configuration files".into(),
            Rule::DockerIgnore(_) => "files in .dockerignore".into(),
            Rule::Unreadable => "unreadable files".into(),
        };
        match rules.iter_mut().find(|(known, ..)| *known == what) {
            Some((.., paths)) => paths.push(path),
            None => rules.push((what, rule, vec![path])),
        }
    }
    let line = |(what, rule, paths): (String, &Rule, Vec<&str>)| {
        let cause = match rule {
            Rule::Kind(kind) => format!("{}; `include` brings them back", kind.cause()),
            Rule::Configuration => "the server needs none of them: settings are baked in, and the environment is the deployment's".into(),
            Rule::DockerIgnore(_) => "as .dockerignore says".into(),
            Rule::Unreadable => "git ignores them, and you may not read them".into(),
        };
        let places: Vec<String> = paths.iter().map(|path| format!("+project: {path}")).collect();
        let inside = paths.iter().filter(|path| path.ends_with('/')).map(|path| format!("+project: {path}*"));
        difference(&what, "not in the image", &some_of(&paths), &cause).seen(&places).seen(&inside.collect::<Vec<_>>())
    };
    rules.into_iter().map(line).collect()
}

/// `db.sqlite3, data/a.db, data/b.db and 4 more`
fn some_of(paths: &[&str]) -> String {
    let shown = paths.iter().take(MOST_PATHS).copied().collect::<Vec<_>>().join(", ");
    match paths.len().saturating_sub(MOST_PATHS) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Paths that a line shows.
const MOST_PATHS: usize = 3;

fn project(reload: Option<&Reload>) -> Difference {
    let (here, cause) = match reload {
        None => ("bind-mounted from this machine", "so that a restart runs what you saved"),
        Some(reload) if reload.sync.value => (
            "uploaded into the container's memory, where what the application writes stays",
            "so that what you save is served without a mount",
        ),
        Some(_) => ("bind-mounted from this machine", "so that what you save is served"),
    };
    difference("project", "copied into the image", here, cause).seen(&["mounts: /app", "project: (times)", "project: (owner)"])
}

fn reloading(server: &Server, reload: &Reload) -> Vec<Difference> {
    let processes = match server.processes.value {
        1 => "1 process".to_owned(),
        many => format!("{many} processes"),
    };
    let groups = if reload.standby.value {
        format!("three groups of {processes}; requests go to the one that has loaded the newest code")
    } else {
        format!("one group of {processes}, replaced when code is saved")
    };
    let row = difference("reload", &format!("one group of {processes}"), &groups, "so that what you save is served at once");
    let mut all = vec![
        row.seen(&[
            "environment: MOD_WSGI_RELOADER_ENABLED",
            "request: PARITY_SLOT",
            "request: mod_wsgi.process_group",
            "server: WSGIDaemonProcess",
            "server: SetEnvIfExpr *",
            "server: LoadModule setenvif_module *",
            "server: WSGIImportScript *",
            "server: WSGIScriptAlias *",
            "server: WSGIHandlerScript *",
        ]),
        difference(
            "modules",
            "the application imports what it needs",
            "parity's own modules are imported before, with those of Python that they need, such as `json` and `socket`",
            "so that processes know what they have loaded",
        )
        .seen(&RELOADER)
        .seen(&OF_PYTHON.map(|name| format!("imported before: {name}")))
        .seen(&OF_PYTHON.map(|name| format!("imported: {name}"))),
        difference(
            "audit",
            "no hook",
            "a hook hears which files of the project are opened and written",
            "so that a save of what the application has read is served",
        )
        .seen(&["python: audited"]),
    ];
    if reload.standby.value {
        let row = difference(
            "import",
            "by the main thread, when the process starts",
            "by another thread, after the process has started",
            "so that a process can be ready before the code is saved",
        );
        all.push(row.seen(&["import: *"]));
    }
    let here = ending(server, Some(reload));
    let timeouts = [
        ("graceful-timeout", server.graceful_timeout.value, here.graceful_timeout.value),
        ("shutdown-timeout", server.shutdown_timeout.value, here.shutdown_timeout.value),
    ];
    for (setting, production, here) in timeouts.into_iter().filter(|(_, production, here)| production != here) {
        let cause = "so that a save cuts off no request that could still be answered";
        let row = difference(setting, &production.to_string(), &here.to_string(), cause);
        all.push(row.seen(&[format!("server: WSGIDaemonProcess {setting}")]));
    }
    all.push(difference(
        "streams",
        "go on until they end",
        "cut off when their processes are needed for what you save",
        "so that a response that never ends keeps no save from being served",
    ));
    if reload.preload.value {
        let row = difference(
            "preload",
            "imported when the application asks for them",
            "third-party modules whose import depends on nothing of the project are imported before; `os.stat` and \
             `os.environ` tell parity what depends on it, until the first save and then while the application is imported",
            "so that a reload has little left to import",
        );
        all.push(row.seen(&["+imported before: *", "imported: *", "order: *", "python: os.stat", "python: os.environ"]));
    }
    if reload.standby.value {
        let row = difference(
            "read ahead",
            "when the application imports them",
            "the bytecode of third-party modules is read before the application imports them",
            "so that a reload has little left to read",
        );
        all.push(row.seen(&["loaders: *"]));
    }
    let row = difference(
        "bytecode",
        "in `__pycache__` beside the sources, by their time and size",
        "of the project's modules in memory, by their content",
        "because Python compares whole seconds, and would take quick saves for old code",
    );
    all.push(row.seen(&["loaders: *", "python: path_hooks"]));
    let (here, cause) = match reload.on_error.value {
        OnError::Show => ("answered with a page that says what failed", "so that you need not search the log"),
        OnError::Keep => ("answered by the last code that could be imported", "as `on-error: keep` asks"),
    };
    all.push(difference("import error", "answered with a bare 500", here, cause));
    all
}

/// What is there before the application where saved code is served.
const RELOADER: [&str; 4] = ["imported before: /etc/parity/*", "imported: /etc/parity/*", "+imported before: parity_*", "order: before"];
/// Python's own modules among it, which the application imports later, or not at all, in production.
const OF_PYTHON: [&str; 15] = [
    "_blake2",
    "_json",
    "json",
    "json.*",
    "_opcode*",
    "opcode",
    "_sha2",
    "_sha256",
    "_socket",
    "socket",
    "array",
    "gc",
    "math",
    "select",
    "selectors",
];

/// What lets a new server listen beside the old one.
fn taking_over() -> [Difference; 2] {
    [
        difference(
            "listening",
            "Apache listens alone",
            "another server of this project may listen beside it (`ListenCoresBucketsRatio`), in the same network",
            "so that changed settings and requirements are applied without refusing a connection",
        )
        .seen(&["server: ListenCoresBucketsRatio *", "server: IncludeOptional *", "server: GracefulShutdownTimeout *"]),
        difference(
            "process 1",
            "Apache",
            "a shell that starts Apache, in the first container",
            "so that the port stays there when another container's server takes over",
        )
        .seen(&["process: first"]),
    ]
}

fn difference(what: &str, production: &str, here: &str, cause: &str) -> Difference {
    Difference { what: what.into(), production: production.into(), here: here.into(), cause: cause.into(), signs: Vec::new() }
}

impl Difference {
    /// Says how an application sees it.
    fn seen(mut self, signs: &[impl AsRef<str>]) -> Self {
        self.signs.extend(signs.iter().map(|sign| sign.as_ref().to_owned()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::contents::Kind;

    #[test]
    fn what_no_image_has_is_a_line_for_each_rule() {
        let left_out = |path: &str, rule| LeftOut { path: path.into(), rule };
        let contents = Contents {
            left_out: vec![
                left_out("a.db", Rule::Kind(Kind::Database)),
                left_out("b.db", Rule::Kind(Kind::Database)),
                left_out("c.db", Rule::Kind(Kind::Database)),
                left_out("d.db", Rule::Kind(Kind::Database)),
                left_out("docs/", Rule::DockerIgnore(1)),
                left_out("notes/", Rule::DockerIgnore(7)),
                left_out("repos/one/.hg/", Rule::Kind(Kind::VersionControl)),
            ],
            ..Contents::default()
        };
        let lines = |uploaded| -> Vec<(String, String)> {
            super::left_out(&contents, uploaded).into_iter().map(|line| (line.what, line.here)).collect()
        };
        let line = |what: &str, here: &str| (what.to_owned(), here.to_owned());
        let databases = line("databases", "a.db, b.db, c.db and 1 more");
        assert_eq!(
            lines(false),
            [databases.clone(), line("files in .dockerignore", "docs/, notes/"), line("version control", "repos/one/.hg/")]
        );
        assert_eq!(lines(true), [databases]);
    }
}
