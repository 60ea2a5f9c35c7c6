use super::*;

fn hint(kind: RecordKind, lines: &[&str]) -> Option<String> {
    Hints::default().of(&Record::new(kind, lines.iter().copied()))
}

#[test]
fn every_pattern_compiles_and_says_one_line() {
    assert_eq!(PATTERNS.len(), EACH.len());
    for rule in RULES {
        if let Say(text) = rule.hint {
            assert!(!text.contains('\n') && text.len() < 180, "{text}");
        }
    }
}

#[test]
fn known_mistakes() {
    use RecordKind::{Application, Error, Info, Noise, Traceback};
    let cases: &[(RecordKind, &[&str], &str)] = &[
        (
            Application,
            &["Invalid HTTP_HOST header: 'x.test:8000'. You may need to add 'x.test' to ALLOWED_HOSTS."],
            "add 'x.test' to ALLOWED_HOSTS",
        ),
        (Traceback, &["  File \"<frozen os>\", line 7, in __getitem__", "KeyError: 'SECRET_KEY'"], "write `env: {SECRET_KEY: …}`"),
        (
            Traceback,
            &["django.core.exceptions.ImproperlyConfigured: Set the DATABASE_URL environment variable"],
            "write `env: {DATABASE_URL: …}`",
        ),
        (
            Traceback,
            &["WSGI0174: TypeError exception raised processing WSGI script", "TypeError: 'application' object is not callable"],
            "what `app` names is no WSGI application",
        ),
        // What `localhost` comes to where a container has no IPv6, and nothing says its name.
        (Traceback, &["OSError: [Errno 99] Cannot assign requested address"], "`localhost` in a container is the container"),
        (Traceback, &["ModuleNotFoundError: No module named 'yaml'"], "`PyYAML`"),
        // The server's own import of what `app` names.
        (
            Traceback,
            &["Traceback (most recent call last):", "ModuleNotFoundError: No module named 'wsgy'"],
            "`app` names `wsgy`, which is neither",
        ),
        (
            Traceback,
            &[
                "mod_wsgi (pid=22): Failed to exec Python script file '/etc/parity/handler.wsgi'.",
                "ModuleNotFoundError: No module named 'wsgy'",
            ],
            "`app` names `wsgy`, which is neither",
        ),
        (
            Traceback,
            &["Traceback (most recent call last):", "AttributeError: module 'wsgi' has no attribute 'applicaton'"],
            "has no `applicaton`: name the right object",
        ),
        (
            Traceback,
            &[
                "Traceback (most recent call last):",
                "  File \"/h/shop/wsgi.py\", line 3, in <module>",
                "ModuleNotFoundError: No module named 'wsgy'",
            ],
            "add `wsgy` to the project's requirements",
        ),
        (
            Traceback,
            &["  File \"/h/mysite/wsgi.py\", line 3, in <module>", "ModuleNotFoundError: No module named 'mysite.nope'"],
            "`mysite` is there and has no `nope`",
        ),
        (
            Traceback,
            &["  File \"/h/notes/views.py\", line 3, in <module>", "ModuleNotFoundError: No module named 'notes'"],
            "`python-path:`",
        ),
        (Traceback, &["django.db.utils.OperationalError: no such column: notes_note.title"], "makemigrations"),
        (Traceback, &["django.db.utils.OperationalError: no such table: notes_note"], "under `release:`"),
        (Traceback, &["django.db.utils.OperationalError: attempt to write a readonly database"], "SQLite"),
        (Traceback, &["OSError: [Errno 30] Read-only file system: '/var/x'"], "only /tmp and what `writable:` names"),
        (Traceback, &["PermissionError: [Errno 13] Permission denied: '/app/media/x'"], "`/app/media/x`"),
        (
            Traceback,
            &["psycopg.OperationalError: connection to server at \"localhost\" (::1), port 5432 failed: Connection refused"],
            "`network:`",
        ),
        (Traceback, &["redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused."], "`network:`"),
        (Error, &["WSGI0145: Timeout when reading response headers from daemon process 'g0'."], "`request-timeout`"),
        (Error, &["WSGI0139: Request requires chunked transfer encoding, but support …"], "`chunked-request: true`"),
        (Error, &["WSGI0089: Target WSGI script '/app/a.py' does not contain WSGI application 'application'."], "`app: module:callable`"),
        (Error, &["AH00052: child pid 13 exit signal Segmentation fault (11)"], "C extension"),
        (Traceback, &["ImportError: libpq.so.5: cannot open shared object file: No such file or directory"], "packages: [libpq5]"),
        (Traceback, &["OSError: cannot load library 'libpango-1.0-0': error"], "packages: [libpango-1.0-0]"),
        (Traceback, &["ImportError: libfoo.so.1: cannot open shared object file"], "name its Debian package"),
        (Traceback, &["TypeError: ASGIHandler.__call__() missing 1 required positional argument: 'send'"], "ASGI"),
        (Traceback, &["TypeError: 'coroutine' object is not iterable"], "ASGI"),
        (Traceback, &["RuntimeError: populate() isn't reentrant"], "the traceback before"),
        (Traceback, &["ModuleNotFoundError: No module named 'imp'"], "`python: \"3.11\"`"),
        (Traceback, &["ModuleNotFoundError: No module named 'distutils'"], "`python: \"3.11\"`"),
        // The package is there, so its version is not the cause.
        (Traceback, &["ModuleNotFoundError: No module named 'distutils.util'"], "`image: {packages: [python3-distutils]}`"),
        (Traceback, &["ModuleNotFoundError: No module named 'telnetlib'"], "after 3.12"),
        (Traceback, &["sqlite3.OperationalError: no such table: users"], "`flask db upgrade`"),
        (Error, &["AH01630: client denied by server configuration: /usr/share/x"], "`url-alias`"),
        (Error, &["(13)Permission denied: AH00035: access to / denied (filesystem path '/app/x')"], "chmod"),
        (Error, &["(98)Address already in use: AH00072: make_sock: could not bind to address 0.0.0.0:8000"], "`--port`"),
        (Error, &["POST /x: 413, a body of 2000 bytes is larger than `limit-request-body` (1000)"], "`limit-request-body` (413): raise"),
        (Error, &["POST /x: 413, a chunked body is larger than `limit-request-body` (1000)"], "`limit-request-body` (413): raise"),
        (Traceback, &["OSError: mod_wsgi request data read error: Partial results are valid but processing is incomplete"], "went away"),
        (Noise, &["GET /a%2Fb HTTP/1.1: 404, there is an encoded slash in its path"], "AllowEncodedSlashes NoDecode"),
        (Error, &["process 11 is ended: a request took longer than `request-timeout`"], "raise `request-timeout`"),
        (Info, &["process 11 ended: exit code 7"], "os._exit()"),
        (
            Error,
            &["mod_wsgi (pid=7): The kernel has ended a process of this container because memory ran out (oom_kill 1)."],
            "more memory",
        ),
        (Error, &["WSGI0009: Unable to change working directory to '/app/x'. Daemon process will exit."], "`working-directory`"),
    ];
    for (kind, lines, part) in cases {
        let hint = hint(*kind, lines);
        assert!(hint.as_ref().is_some_and(|hint| hint.contains(part)), "{lines:?} → {hint:?}");
    }
}

#[test]
fn what_is_told_depends_on_the_scene() {
    let setting = Setting { django: true, only_name: Some("shop.test".into()), ..Setting::default() };
    let scene = Scene { setting, paths: Paths::of_project("/home/ada/shop") };
    let told = |kind, text: &str| find(&Record::new(kind, [text]), &scene);
    assert!(told(RecordKind::Traceback, "OperationalError: no such table: x").unwrap().contains("manage.py migrate"));
    assert!(told(RecordKind::Error, "AH01630: client denied by server configuration: /").unwrap().contains("`allow-localhost: true`"));
    let refused = "(13)Permission denied: WSGI0009: Unable to change working directory to '/home/ada/shop'. Daemon process will exit.";
    assert!(told(RecordKind::Error, refused).unwrap().contains("`chmod u+rwx /home/ada/shop`"));
    let missing = "FileNotFoundError: [Errno 2] No such file or directory: '/home/ada/shop/data/x.csv'";
    assert!(
        told(RecordKind::Traceback, missing).unwrap().starts_with("in the container the project is at /app: this is /app/data/x.csv there")
    );
    assert_eq!(told(RecordKind::Traceback, "FileNotFoundError: [Errno 2] No such file or directory: '/home/ada/shops/x'"), None);
}

#[test]
fn says_nothing_where_nothing_is_known() {
    assert_eq!(hint(RecordKind::Application, &["ready"]), None);
    // A dictionary's key, not a variable; a source line, not a message; noise.
    assert_eq!(hint(RecordKind::Traceback, &["    d['NAME']", "KeyError: 'NAME'"]), None);
    assert_eq!(hint(RecordKind::Traceback, &["    raise X('no such table')", "X"]), None);
    assert_eq!(hint(RecordKind::Noise, &["AH00072"]), None);
    let of_code =
        ["Traceback (most recent call last):", "  File \"/h/a.py\", line 3, in f", "AttributeError: module 'a' has no attribute 'b'"];
    assert_eq!(hint(RecordKind::Traceback, &of_code), None);
}

#[test]
fn repeats_itself_seldom() {
    let mut hints = Hints::default();
    let record = Record::new(RecordKind::Error, ["WSGI0084: Queue timeout expired"]);
    let given = (0..100).filter(|_| hints.of(&record).is_some()).count();
    assert_eq!(given, 2);
}

/// A traceback of a project at `/h/shop`, whose last frame is this file's.
fn of_shop(file: &str, message: &str) -> Option<String> {
    let scene = Scene { paths: Paths::of_project("/h/shop"), ..Scene::default() };
    let frame = format!("  File \"{file}\", line 4, in <module>");
    find(&Record::new(RecordKind::Traceback, ["Traceback (most recent call last):", frame.as_str(), message]), &scene)
}

#[test]
fn a_name_that_another_version_of_a_package_has() {
    let installed = |name: &str| format!("/opt/venv/lib/python3.13/site-packages/{name}/__init__.py");
    let message = |module: &str, path: &str| format!("ImportError: cannot import name 'SQLA' from '{module}' ({path})");
    let fab = message("flask_appbuilder", &installed("flask_appbuilder"));
    let said = of_shop("/h/shop/app/__init__.py", &fab).unwrap();
    assert!(said.starts_with("the installed `flask_appbuilder` has no `SQLA`: the code was written for another version"), "{said}");
    let said = of_shop(&installed("superset"), &fab).unwrap();
    assert!(said.contains("which `superset` asks for") && said.contains("a newer `superset` or an older `flask_appbuilder`"), "{said}");
    assert_eq!(of_shop("/h/shop/app/__init__.py", &message("app.models", "/app/app/models.py")), None);
}

#[test]
fn a_path_of_this_machine_in_any_words() {
    for message in [
        "ValueError: '/h/shop/tracker' is not a directory",
        "ZConfig.DataConversionError: The directory named as part of the path /h/shop/tracker does not exist. (line 7, in file:///app/etc/zope.conf)",
        "RuntimeError: no configuration at file:///h/shop/tracker.",
    ] {
        let said = of_shop("/h/shop/wsgi.py", message).unwrap_or_default();
        assert!(said.contains("this is /app/tracker there"), "{message}: {said}");
    }
    for message in ["ValueError: '/h/shopping/tracker'", "ValueError: /app/tracker", "/h/shop/a.py:3: UserWarning: x"] {
        assert_eq!(of_shop("/h/shop/wsgi.py", message), None, "{message}");
    }
}

#[test]
fn what_a_library_exits_for_is_told() {
    let record = |before: &[&str], file: &str| {
        let mut lines = vec!["WSGI0108: SystemExit exception raised when doing exec".to_owned()];
        lines.extend(before.iter().map(|line| (*line).to_owned()));
        lines.extend([
            format!("  File \"{file}\", line 4, in create"),
            "  File \"<frozen _sitebuiltins>\", line 26, in __call__".into(),
            "SystemExit: 1".into(),
        ]);
        find(&Record::new(RecordKind::Traceback, lines), &Scene::default()).unwrap()
    };
    let library = "/opt/venv/lib/python3.13/site-packages/flask_appbuilder/manager.py";
    let refused =
        ["sqlite3.OperationalError: unable to open database file", "During handling of the above exception, another exception occurred:"];
    assert!(record(&refused, library).starts_with("the directory of the SQLite file must exist"));
    let other = ["ValueError: x", "During handling of the above exception, another exception occurred:"];
    assert!(record(&other, library).starts_with("`flask_appbuilder` calls sys.exit()"));
    assert!(record(&[], "/h/shop/wsgi.py").contains("`if __name__"));
}
