//! Known mistakes and what to do about them, one line each.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::{Captures, Regex, RegexSet};

use super::text::plain;
use super::{Paths, Record, RecordKind, Setting, absent, native, services, writing};

/// The same hint is given again only after this many records that deserve it.
const AGAIN_AFTER: u32 = 50;
/// The end of what the server's configuration has said of such a path: no news, but to whoever looks for the reason of a 404.
const ENCODED_SLASH: &str = "there is an encoded slash in its path";
/// Different hints remembered.
const REMEMBERED: usize = 256;

struct Rule {
    pattern: &'static str,
    hint: Hint,
}

enum Hint {
    Say(&'static str),
    /// Told from the match and the record; `None` where it does not apply after all.
    Ask(fn(&Captures, &Record, &Scene) -> Option<String>),
}

use Hint::{Ask, Say};

/// Where a record comes from.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    pub setting: Setting,
    pub paths: Paths,
}

macro_rules! rules {
    ($($pattern:literal => $hint:expr,)+) => { &[$(Rule { pattern: $pattern, hint: $hint }),+] };
}

/// The first that matches speaks, so the special ones come first. Patterns see the messages, not the source lines of a traceback.
const RULES: &[Rule] = rules! {
    // The application's environment and settings.
    r"You may need to add '?([^' ]+)'? to ALLOWED_HOSTS" => Ask(|found, _, _| Some(format!("add '{}' to ALLOWED_HOSTS in the settings that are used here", &found[1]))),
    r"(?m)^KeyError: '([A-Z][A-Z0-9_]*)'" => Ask(missing_variable),
    r"Set the (\w+) environment variable|(?m)^\S*UndefinedValueError: (\w+) not found" => Ask(|found, _, scene| {
        found.get(1).or(found.get(2)).map(|name| variable(name.as_str(), scene))
    }),
    r"The SECRET_KEY setting must not be empty" => Say("give the settings a SECRET_KEY: set the variable they read in `.env`, or under `env:` in parity.yaml"),
    r"Requested setting \w+, but settings are not configured" => Say("set DJANGO_SETTINGS_MODULE under `env:` in parity.yaml, or in the WSGI module"),
    r"populate\(\) isn't reentrant" => Say("Django says this of each further try in a process whose first one failed: what is wrong is in the traceback before this one"),

    // Imports.
    r"(?m)^ModuleNotFoundError: No module named '([^']+)'" => Ask(missing_module),
    r"(?m)^ImportError: cannot import name '(\w+)' from '([\w.]+)' \((\S+)\)" => Ask(another_version),
    r"(?m)^AttributeError: module '\S+' has no attribute '([^']+)'" => Ask(|found, record, _| by_nobody(record).then(|| no_such_object(&found[1]))),
    r"(\S+?): cannot open shared object file|cannot load library '([^']+)'" => Ask(missing_library),
    r"Could not find the GDAL library" => Say("GeoDjango needs GDAL: write `image: {packages: [gdal-bin]}` in parity.yaml"),
    r"missing \d+ required positional arguments?: [^\n]*'(?:send|receive)'|'coroutine' object is not iterable|coroutine '[^']+' was never awaited" =>
        Say("this looks like an ASGI application, and mod_wsgi serves WSGI: name a WSGI one, `app: module:callable` in parity.yaml (Django: get_wsgi_application())"),
    r"WSGI0174[^\n]*\nTypeError: '\w+' object is not callable" => Ask(|_, record, _| frames(record).next().is_none().then(|| {
        "what `app` names is no WSGI application, as it cannot be called: name what makes one (web.py: `app: app:app.wsgifunc()`) or holds one (Dash: `app: app:app.server`)".into()
    })),
    r"does not contain WSGI application '([^']+)'" => Ask(|found, _, _| Some(no_such_object(&found[1]))),
    r"WSGI0107|WSGI0108|SystemExit exception raised when doing exec" => Ask(|_, record, _| (!is_chained(record)).then(|| exits(record))),

    // Files.
    r"attempt to write a readonly database" => Ask(|_, _, scene| Some(writing::database(
        &scene.setting,
        "SQLite must be able to write the database file and its directory: check their owner, and that the path is inside the project",
    ))),
    r"unable to open database file" => Ask(|_, _, scene| Some(writing::database(
        &scene.setting,
        "the directory of the SQLite file must exist and be writable: keep it inside the project",
    ))),
    r"no such table|relation \S+ does not exist|Table '\S+' doesn't exist" => Ask(|_, record, scene| {
        let command = if is_of_django(record, scene) { "`python manage.py migrate --noinput`" } else { "what makes it (as `flask db upgrade`, `alembic upgrade head`)" };
        Some(format!(
            "the database has no such table yet: add {command} to `hooks:` in parity.yaml, under `release:`, or `start:` if the database is a file of the container"
        ))
    }),
    r"no such column|column \S+ does not exist|Unknown column '" => Ask(|_, record, scene| {
        let commands = if is_of_django(record, scene) { "`parity exec -- python manage.py makemigrations`, then `migrate`" } else { "migrate it with your tool, by `parity exec -- …`" };
        Some(format!("the database's tables are older than the models: {commands}"))
    }),
    r"No such file or directory: '([^']+)'" => Ask(missing_file),
    r"(?:AH00035|AH00132|AH00529)" => Say("a directory on the way cannot be entered: give it permission x for the user who runs parity (`chmod a+x`)"),
    r"(?i)read-only file system|permission denied" => Ask(|_, record, scene| writing::refused(record, &scene.setting, &scene.paths)),
    r"No space left on device" => Say("the disk, or a tmpfs of the container, is full"),

    // What the application connects to.
    r"(?i)refused|could not connect|can't connect|could not translate host name|not known|name resolution|nodename nor servname|failed to resolve|unknown mysql server|getaddrinfo|does not resolve|no address associated" =>
        Ask(|_, record, scene| services::unreachable(record, &scene.setting)),
    r"(?i)(?:connection refused|could not connect|can't connect|error 111)[^\n]*(?:localhost|127\.0\.0\.1|::1)|(?i)(?:localhost|127\.0\.0\.1|::1)[^\n]*(?:connection refused|error 111)|\[Errno 99\]|Cannot assign requested address" =>
        Say("`localhost` in a container is the container: use the service's name with `network:`, or `host.docker.internal` for this machine"),
    r"(?i)could not translate host name|Name or service not known|Temporary failure in name resolution|nodename nor servname" =>
        Say("the host name is not known in the container: join the service's network with `network:` in parity.yaml"),

    // Requests that Apache or mod_wsgi refuses.
    r"WSGI0139|chunked Transfer-Encoding forbidden|chunked transfer encoding has not been enabled" => Say("a client sent a chunked body (411): set `chunked-request: true` in parity.yaml"),
    r"larger than `limit-request-body`|AH01587|AH00588|Request body exceeds|Requested content-length of \d+ is larger than the configured limit|Request content-length .* larger|LimitRequestBody" =>
        Say("the body is larger than `limit-request-body` (413): raise it in parity.yaml, 0 for no limit"),
    r"mod_wsgi request data read error" =>
        Say("the body of the request ended too early: the client went away, or Apache refused it, which is a line of its own"),
    r"(?i)AH01617|AH01618|AH01614|Authorization header|no Authorization" => Say("credentials were refused: check `auth-user-script`, and that the application's own `Authorization` is not meant for Apache"),
    r"AH01630|AH01797|client denied by server configuration|WSGI0057" => Ask(|_, _, scene| Some(match &scene.setting.only_name {
        Some(name) => super::only_by_name(name),
        None => "Apache may not serve this path: check `url-alias`, `document-root` and `host-access-script`".into(),
    })),
    r"AcceptPathInfo|WSGI0137" => Say("a URL goes on after a file's name: check `url-alias` and `mount-point`"),

    r"^parity: the response to \S+ \S+ broke off after" => Say("an exception in the body cannot change the status any more: do what may fail before the first part, or announce Content-Length"),

    r"encoded slash in its path" =>
        Say("Apache answers paths with `%2F` itself: a file named by `include-file` with `AllowEncodedSlashes NoDecode` lets them through; or pass such values in the query"),

    // The application's process.
    r"a request took longer than `request-timeout`" =>
        Say("the stack says where it was: raise `request-timeout`, or do such work outside of a request; what else the process was answering ends with it"),
    r"^process \d+ ended: exit code" =>
        Say("something ended the process: look for os._exit(), or a library that calls exit(); what it was answering got 502"),
    r"^process \d+ ended: SIGKILL" => Say("something killed the process: where it was the kernel, because memory ran out, the next lines say so"),
    r"because memory ran out \(oom_kill" =>
        Say("give the container or the machine more memory, or fewer `processes` and `threads`, or look for what holds it: what the process was answering got 502"),
    r"WSGI0147" => Say("the application's process ended during the request: the lines about that process say how"),
    r"imported the application: exit code" => Say("something ends the process while it is imported: look for os._exit(), or a library that calls exit()"),
    r"imported the application: SIGKILL" => Say("something killed the process while it was imported: often the kernel, because memory ran out"),
    r"imported the application: SIG|exit signal Segmentation fault|exit signal Abort|exit signal Bus error|terminated by signal (?:11|6|7)\b" =>
        Say("a C extension crashed its process: keep `application-group: \"%{GLOBAL}\"` (many do not work in a sub-interpreter) and check its version"),
    r"WSGI0145|Timeout when reading response headers from daemon process" =>
        Say("the application gave no answer in `socket-timeout`/`request-timeout` seconds: look for what it waits for, or raise them"),
    r"WSGI0146|Truncated or oversized response headers|WSGI0144" =>
        Say("the process ended during the request (crash, os._exit, memory), or its headers exceed `header-buffer-size`"),
    r"WSGI0148|Malformed header" => Say("the application sent a header that is not one: no newlines and only latin-1 text in names and values"),
    r"WSGI0084|Queue timeout expired" => Say("all threads were busy for `queue-timeout` seconds: raise `threads` or `processes`, or find the slow request"),
    r"WSGI0116|listener backlog limit was exceeded" => Say("more requests wait than `daemon-backlog` allows, or the process does not start: look for an error above"),
    r"WSGI0(?:115|117|121|125)" => Say("Apache cannot reach the application's process: look for the reason of its end above"),
    r"WSGI0009: Unable to change working directory to '([^']*)'" => Ask(|found, record, scene| Some({
        let refused = record.lines.iter().any(|line| line.text.contains("Permission denied"));
        if refused && scene.paths.host.to_str() == Some(&found[1]) {
            format!("the server may not enter the project: `chmod u+rwx {}`; it tries again every 20 seconds, and answers nothing until then", &found[1])
        } else {
            "the working directory does not exist in the container: check `working-directory`".into()
        }
    })),
    r"WSGI00(?:09|10|11)\b" => Say("the working directory does not exist in the container: check `working-directory`"),
    r"WSGI00(?:01|02|28|29|36|38)|WSGI0099|WSGI010[0-3]|Python initialisation failed|No module named 'encodings'" =>
        Say("mod_wsgi and Python do not fit together: check `python:` in parity.yaml and rebuild with `parity up --build`"),
    r"WSGI0079|Unsupported locale setting" => Say("the image has no such locale: use `locale: C.UTF-8`"),
    r"WSGI0143|Embedded mode of mod_wsgi disabled" => Say("a script is not sent to a daemon process: give its WSGIScriptAlias in `include-file` a process-group"),
    r"WSGI01(?:50|51|49|52)|No WSGI daemon process called" => Say("a configuration of your own names a process group that does not exist: check `include-file`"),
    r"WSGI0135|Target WSGI script not found|WSGI008[23]" => Say("the script is not in the container: check `app:` and that the file is not ignored"),
    r"WSGI013[46]|Options ExecCGI is off|Attempt to invoke directory as WSGI application" => Say("a WSGIScriptAlias in `include-file` must name a script in a directory with `Options ExecCGI`"),
    r"WSGI0081|WSGI01(?:5[3-9]|6\d|7[0-3])" => Say("mod_wsgi refuses the script because of its place, owner or permissions: it must not be writable for others"),
    r"was not imported within \d+ seconds" => Say("the last line of the stack is where the import was: raise `startup-timeout` if it only needs longer"),
    r"startup timer expired" => Say("the application was not imported within `startup-timeout` seconds: raise it, or move slow work out of the import"),
    r"(?i)deadlock timer expired" => Say("the interpreter was blocked for `deadlock-timeout` seconds: a C extension holds the GIL, or deadlocks in a sub-interpreter"),
    r"ScriptAlias(?:Match)? |Invalid command '([^']+)'" => Ask(|found, record, _| match found.get(1) {
        Some(command) => Some(format!("Apache does not know `{}`: check `include-file`, and whether its module is loaded", command.as_str())),
        None if record.kind == RecordKind::Application => None,
        None => Some("check the WSGIScriptAlias lines of `include-file`".into()),
    }),
    // Whoever exits because something else has failed: that has had its say above.
    r"WSGI0107|WSGI0108|SystemExit exception raised when doing exec" => Ask(|_, record, _| Some(exits(record))),
    r"(?i)AH00072|address already in use" => Say("another process has this port: choose one with `--port`, or 0 for a free one"),
};

static PATTERNS: LazyLock<RegexSet> =
    LazyLock::new(|| RegexSet::new(RULES.iter().map(|rule| rule.pattern)).expect("the patterns are constants, compiled by the tests"));
static EACH: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    RULES.iter().map(|rule| Regex::new(rule.pattern).expect("the patterns are constants, compiled by the tests")).collect()
});

/// Which hints were given, and how often they would have been.
#[derive(Debug, Default)]
pub struct Hints {
    scene: Scene,
    /// Somebody looks at each record by itself.
    every: bool,
    given: HashMap<String, u32>,
}

impl Hints {
    pub fn of_scene(scene: Scene) -> Self {
        Self { scene, ..Self::default() }
    }

    pub fn give_every(&mut self) {
        self.every = true;
    }

    /// The hint for all that a program has printed which then failed.
    pub fn of_output(&self, lines: impl IntoIterator<Item = String>) -> Option<String> {
        find(&Record::new(RecordKind::Traceback, lines), &self.scene)
    }

    /// The hint for a record, unless it was given not long ago.
    pub fn of(&mut self, record: &Record) -> Option<String> {
        let hint = find(record, &self.scene)?;
        if self.every {
            return Some(hint);
        }
        if self.given.len() >= REMEMBERED {
            self.given.clear();
        }
        let count = self.given.entry(hint.clone()).or_insert(0);
        let due = count.is_multiple_of(AGAIN_AFTER);
        *count = count.wrapping_add(1);
        due.then_some(hint)
    }
}

/// The hint for a record, however often it was given.
pub fn find(record: &Record, scene: &Scene) -> Option<String> {
    let is_refusal = || record.lines.iter().any(|line| line.text.ends_with(ENCODED_SLASH));
    if matches!(record.kind, RecordKind::Access | RecordKind::Start) || record.kind == RecordKind::Noise && !is_refusal() {
        return None;
    }
    let message = messages(record);
    let known = PATTERNS.matches(&message).into_iter().find_map(|index| match RULES[index].hint {
        Say(text) => Some(text.to_owned()),
        Ask(ask) => ask(&EACH[index].captures(&message)?, record, scene),
    });
    known.or_else(|| of_this_machine(record, scene))
}

/// What a record says, without the source lines of a traceback. What was raised last comes first: it is what ended the request.
fn messages(record: &Record) -> String {
    let all = record.lines.iter().map(|line| plain(&line.text));
    if record.kind != RecordKind::Traceback {
        return all.collect::<Vec<_>>().join("\n");
    }
    all.filter(|line| !line.starts_with("  ")).collect::<Vec<_>>().join("\n")
}

fn variable(name: &str, scene: &Scene) -> String {
    absent::variable(name, &scene.paths).unwrap_or_else(|| format!("write `env: {{{name}: …}}` in parity.yaml, or {name}=… in `.env`"))
}

fn missing_variable(found: &Captures, record: &Record, scene: &Scene) -> Option<String> {
    let from_environment = record.lines.iter().any(|line| line.text.contains("environ") || line.text.contains("<frozen os>"));
    from_environment.then(|| variable(&found[1], scene))
}

/// Modules that Python no longer has, with the last version that had them.
const REMOVED: &[(&[&str], &str)] = &[
    (&["asynchat", "asyncore", "distutils", "imp", "smtpd"], "3.11"),
    (
        &[
            "aifc",
            "audioop",
            "cgi",
            "cgitb",
            "chunk",
            "crypt",
            "imghdr",
            "lib2to3",
            "mailcap",
            "msilib",
            "nis",
            "nntplib",
            "ossaudiodev",
            "pipes",
            "sndhdr",
            "spwd",
            "sunau",
            "telnetlib",
            "uu",
            "xdrlib",
        ],
        "3.12",
    ),
];

/// `python: "3.11"` is named for both: Debian has it, and not 3.12.
fn removed(module: &str) -> Option<String> {
    let (_, last) = REMOVED.iter().find(|(modules, _)| modules.contains(&module))?;
    Some(format!(
        "Python has no `{module}` after {last}: write `python: \"3.11\"` in parity.yaml, or require a version that does without it"
    ))
}

/// The log of another server may not be known to be of Django, but for its own words.
fn is_of_django(record: &Record, scene: &Scene) -> bool {
    scene.setting.django || record.lines.iter().any(|line| line.text.contains("django.db."))
}

fn missing_library(found: &Captures, _: &Record, _: &Scene) -> Option<String> {
    let path = found.get(1).or(found.get(2))?.as_str();
    let file = path.rsplit('/').next().unwrap_or(path);
    // OpenCV has a package without a window system.
    if file.starts_with("libGL.") {
        return Some(
            "require `opencv-python-headless` instead of `opencv-python`, or write `image: {packages: [libgl1]}` in parity.yaml".into(),
        );
    }
    Some(match native::package_of_library(file) {
        Some(package) => format!("{file} is missing: write `image: {{packages: [{package}]}}` in parity.yaml"),
        None => "a library of the system is missing: name its Debian package in `image: packages:` of parity.yaml".into(),
    })
}

fn missing_file(found: &Captures, _: &Record, scene: &Scene) -> Option<String> {
    let path = &found[1];
    host_path(path, scene)
        .or_else(|| writing::left_out(path, &scene.setting, &scene.paths))
        .or_else(|| absent::file(path, &scene.setting, &scene.paths))
}

/// A path of this machine, in the code or in a variable.
fn host_path(path: &str, scene: &Scene) -> Option<String> {
    let (host, container) = (scene.paths.host.to_str()?, &scene.paths.container);
    let rest = path.strip_prefix(host).filter(|rest| !host.is_empty() && host != container && rest.starts_with('/'))?;
    Some(format!("in the container the project is at {container}: this is {container}{rest} there; make such paths from `__file__`"))
}

/// Modules whose package has another name.
const PACKAGES: &[(&str, &str)] = &[
    ("PIL", "Pillow"),
    ("yaml", "PyYAML"),
    ("cv2", "opencv-python-headless"),
    ("MySQLdb", "mysqlclient"),
    ("psycopg2", "psycopg2-binary"),
    ("bs4", "beautifulsoup4"),
    ("sklearn", "scikit-learn"),
    ("dateutil", "python-dateutil"),
    ("dotenv", "python-dotenv"),
    ("environ", "django-environ"),
    ("decouple", "python-decouple"),
    ("rest_framework", "djangorestframework"),
    ("corsheaders", "django-cors-headers"),
    ("debug_toolbar", "django-debug-toolbar"),
    ("jwt", "PyJWT"),
    ("Crypto", "pycryptodome"),
    ("pkg_resources", "setuptools<81"),
    ("flask_sqlalchemy", "Flask-SQLAlchemy"),
    ("flask_login", "Flask-Login"),
    ("django", "Django"),
    ("flask", "Flask"),
];

/// No frame of a traceback is of any code but the server's own: it asked for what `app` names.
fn by_nobody(record: &Record) -> bool {
    let begins = |text: &str| text.starts_with("Traceback (most recent call last)") || text.contains("Failed to exec Python script file");
    let is_whole = record.lines.iter().any(|line| begins(&line.text));
    is_whole && !record.lines.iter().any(|line| !line.dim && line.text.trim_start().starts_with("File \""))
}

fn no_such_object(name: &str) -> String {
    format!("the module was imported but has no `{name}`: name the right object, `app: module:callable` in parity.yaml")
}

/// A module with a directory or file of that name in the project's frames is the project's own.
fn missing_module(found: &Captures, record: &Record, scene: &Scene) -> Option<String> {
    let module = &found[1];
    if by_nobody(record) {
        return Some(format!(
            "`app` names `{module}`, which is neither in the project nor installed: `parity config` says where that comes from, and without `app:` in parity.yaml it is \
             looked for"
        ));
    }
    // Python names a whole path only where all but its end is there.
    if let Some(part) = module.strip_prefix("distutils.") {
        return Some(format!(
            "this Python has `distutils` without `{part}`, which Debian and Ubuntu have in a package of its own: write `image: {{packages: [python3-distutils]}}` in parity.yaml"
        ));
    }
    if let Some(hint) = absent::module(module, record, &scene.setting, &scene.paths) {
        return Some(hint);
    }
    if let Some((package, name)) = module.rsplit_once('.').filter(|(package, _)| removed(package).is_none()) {
        return Some(format!("`{package}` is there and has no `{name}`: check the spelling, and that its file is saved"));
    }
    let top = module.split('.').next().unwrap_or(module);
    if let Some(hint) = removed(top) {
        return Some(hint);
    }
    let package = PACKAGES.iter().find(|(name, _)| *name == top).map(|(_, package)| *package);
    let own = record
        .lines
        .iter()
        .filter(|line| !line.dim && line.text.trim_start().starts_with("File \""))
        .any(|line| line.text.contains(&format!("/{top}/")) || line.text.contains(&format!("/{top}.py\"")));
    Some(match package {
        None if own => format!(
            "`{module}` looks like the project's own: check its name, and name the directory it is in under `python-path:` in parity.yaml"
        ),
        None => format!(
            "add `{top}` to the project's requirements; if it is the project's own, name its directory under `python-path:` in parity.yaml"
        ),
        Some(package) => format!("add `{package}` to the project's requirements"),
    })
}

/// Something was raised while something else was handled.
fn is_chained(record: &Record) -> bool {
    record.lines.iter().any(|line| {
        line.text.contains("During handling of the above exception") || line.text.contains("was the direct cause of the following")
    })
}

/// The files of a traceback's frames, outermost first.
fn frames(record: &Record) -> impl Iterator<Item = &str> {
    record.lines.iter().filter_map(|line| line.text.trim_start().strip_prefix("File \"")?.split('"').next())
}

/// The package in whose file the last frame is, if it is an installed one.
fn last_package(record: &Record) -> Option<&str> {
    let file = frames(record).filter(|file| !file.starts_with('<')).last()?;
    file.rsplit_once("/site-packages/")?.1.split(['/', '.']).next()
}

/// What ended an import by sys.exit().
fn exits(record: &Record) -> String {
    match last_package(record) {
        Some(package) => format!("`{package}` calls sys.exit() while the application is imported: what it says before that is the reason"),
        None => "something calls sys.exit() while the application is imported: guard it with `if __name__ == \"__main__\":`".into(),
    }
}

/// A name that an installed package has in another version. What the project's own modules lack, Python says as well as can be.
fn another_version(found: &Captures, record: &Record, scene: &Scene) -> Option<String> {
    let (name, module) = (&found[1], &found[2]);
    if !found[3].contains("/site-packages/") || scene.paths.is_own(&found[3]) {
        return None;
    }
    let package = module.split('.').next().unwrap_or(module);
    Some(match last_package(record).filter(|asks| *asks != package) {
        Some(asks) => format!(
            "the installed `{package}` has no `{name}`, which `{asks}` asks for: name versions of the two that go together in the requirements, a newer `{asks}` or an \
             older `{package}`"
        ),
        None => format!(
            "the installed `{package}` has no `{name}`: the code was written for another version of it, name that in the requirements"
        ),
    })
}

/// A path of this machine in the message of what was raised last, in whatever words it says that nothing is there.
fn of_this_machine(record: &Record, scene: &Scene) -> Option<String> {
    static PATH: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?m)(?:file://|^|[\s'"`(=:,\[])(/[^\s'"`),:;\]]+)"#).expect("a constant"));
    if record.kind != RecordKind::Traceback {
        return None;
    }
    // The lines before are the server's and the frames, in which paths of the container have become this machine's.
    let raised = record.lines.iter().rposition(|line| line.text.starts_with("  "))? + 1;
    let message = record.lines[raised..].iter().map(|line| plain(&line.text)).collect::<Vec<_>>().join("\n");
    // `/home/ada/shop/a.py:3: Warning` is what a path of the container was translated to.
    let is_place =
        |path: &regex::Match| message[path.end()..].strip_prefix(':').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let mut paths = PATH.captures_iter(&message).filter_map(|found| found.get(1)).filter(|path| !is_place(path));
    paths.find_map(|path| host_path(path.as_str().trim_end_matches('.'), scene))
}

#[cfg(test)]
mod tests;
