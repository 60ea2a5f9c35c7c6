//! Ordinary projects, served.

use crate::common::BUILD_PATIENCE;
use crate::http::Browser;
use crate::project::TestProject;

#[test]
fn a_django_site_with_admin_sessions_and_static_files() {
    let project = TestProject::copy("django");
    let mut browser = project.browse();
    browser.get("/").ok().has("You were here 1 time.");

    // Static files are Apache's: WSGI has no ETag of inode and size for them.
    let css = browser.get("/static/admin/css/base.css").ok();
    assert_eq!(css.header("content-type"), Some("text/css"));
    assert!(css.header("etag").is_some() && css.header("accept-ranges") == Some("bytes"), "{css}");
    browser.get("/static/notes/notes.css").ok();
    assert_eq!(browser.get("/static/no-such-file").status, 404);

    let create = "from django.contrib.auth.models import User; User.objects.create_superuser('ada', '', 'engine')";
    project.parity(&["exec", "--", "python", "manage.py", "shell", "-c", create]).ok();
    browser.get("/accounts/login/").ok();
    assert_eq!(browser.submit("/accounts/login/", &[("username", "ada"), ("password", "wrong")]).status, 200);
    assert_eq!(browser.submit("/accounts/login/", &[("username", "ada"), ("password", "engine")]).status, 302);
    browser.get("/mine/").ok().has("Hello, ada");
    browser.get("/admin/").ok().has("Site administration");
    assert_eq!(Browser::at(&project.up(&[])).get("/mine/").status, 302, "a stranger must log in");

    browser.get("/").ok();
    browser.submit("/", &[("text", "written by a test")]);
    browser.get("/").ok().has("written by a test");

    // The session is in the database, which is in the project and outlives the server.
    project.parity(&["down"]).ok();
    assert!(project.has("db.sqlite3"));
    assert!(!project.has("staticfiles"), "a mount point was left");
    let mut later = project.browse();
    later.take_cookies_of(&browser);
    later.get("/mine/").ok().has("Hello, ada");
}

#[test]
fn a_project_of_roots_is_written_to_as_roots() {
    let Some(project) = TestProject::of_root("django") else { return };
    let mut browser = project.browse();
    browser.get("/").ok();
    browser.submit("/", &[("text", "written by a test")]);
    browser.get("/").ok().has("written by a test");
    project.parity(&["exec", "--", "sh", "-c", "test $(id -u) != 0 && touch made-by-exec"]).ok();
    assert!(project.has("db.sqlite3") && project.has("made-by-exec"));
    project.nothing_is_foreign();
}

#[test]
fn a_flask_factory_without_any_configuration() {
    let project = TestProject::copy("flask-factory");
    let mut browser = project.browse();
    browser.get("/").ok().has("<h1>Shop</h1>").has("nothing");
    let css = browser.get("/static/shop.css").ok().has("system-ui");
    assert_eq!(css.header("content-type"), Some("text/css"));
    browser.post("/basket", "application/x-www-form-urlencoded", b"thing=tea").ok();
    browser.get("/").ok().has("In your basket: tea");
}

#[test]
fn a_plain_script_sees_requests_as_under_mod_wsgi_express() {
    let project = TestProject::copy("plain-wsgi");
    let mut browser = project.browse();
    browser.get("/").ok().has("hello");
    let all_bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    assert_eq!(browser.post("/echo", "application/octet-stream", &all_bytes).ok().body, all_bytes);

    let env = browser.get("/env?a=b%20c").ok().json();
    assert_eq!(env["process"]["environ"]["MOD_WSGI_EXPRESS"], "true");
    assert_eq!(env["process"]["uid"], TestProject::uid());
    assert_eq!(env["process"]["cwd"], "/app");
    assert_eq!(env["request"]["QUERY_STRING"], "a=b%20c");
    assert_eq!(env["request"]["SCRIPT_NAME"], "");
    assert_eq!(env["request"]["wsgi.multithread"], true);
    assert!(env["process"]["environ"].get("PARITY_URL").is_none());
}

#[test]
fn applications_that_nobody_here_wrote() {
    for (name, path, part) in
        [("httpbin", "/get?x=1", "\"x\": \"1\""), ("pypiserver", "/simple/", "Simple Index"), ("isso", "/js/embed.min.js", "Isso")]
    {
        let project = TestProject::copy(name);
        Browser::at(&project.up(&[])).get(path).ok().has(part);
        project.parity(&["down"]).ok();
    }
}

#[test]
fn a_script_gets_the_url_and_nothing_else() {
    let project = TestProject::copy("plain-wsgi");
    let ran = project.parity(&["up", "-d", "--wait", "--port", "0"]).patience(BUILD_PATIENCE).ok();
    let port: u16 = ran.line().strip_prefix("http://127.0.0.1:").and_then(|rest| rest.trim_end_matches('/').parse().ok()).unwrap();
    assert!(port > 0);
    Browser::at(ran.line()).get("/").ok();
}

#[test]
fn without_wait_the_url_comes_before_the_answer() {
    let project = TestProject::copy("plain-wsgi");
    let url = project.parity(&["up", "--detach", "--port", "0"]).ok().line().to_owned();
    // A second one waits for the first one's server.
    assert_eq!(project.up(&[]), url);
    Browser::at(&url).get("/").ok();
}

#[test]
fn a_script_of_an_installed_distribution() {
    let project = TestProject::copy("isso");
    let settings = project.read("parity.yaml");
    let with = |app: &str| project.write("parity.yaml", &settings.replace("isso.run:application", app));
    for app in ["dist:isso/run.py", "/opt/venv/lib/python3.13/site-packages/isso/run.py:application"] {
        with(app);
        Browser::at(&project.up(&[])).get("/js/embed.min.js").ok().has("Isso");
        project.parity(&["down"]).ok();
    }
    with("dist:isso/run.py");
    let (session, url) = project.foreground(&["--reload-on-changes"]);
    Browser::at(&url).get("/js/embed.min.js").ok().has("Isso");
    session.interrupt();
    session.end();
    with("dist:isso/no.wsgi");
    project
        .parity(&["up", "-d", "--wait", "--port", "0"])
        .run()
        .exits(11)
        .says(&["no installed distribution has the file that `app` names: isso/no.wsgi"]);
}

#[test]
fn keys_of_the_environ_may_have_dots() {
    let project = TestProject::copy("plain-wsgi");
    project.write("parity.yaml", "app: hello.wsgi\nsetenv: {trac.env_path: /srv/trac}\n");
    for more in [&[][..], &["--reload-on-changes"]] {
        let (session, url) = project.foreground(more);
        assert_eq!(Browser::at(&url).get("/env").ok().json()["request"]["trac.env_path"], "/srv/trac");
        session.interrupt();
        session.end();
    }
}
