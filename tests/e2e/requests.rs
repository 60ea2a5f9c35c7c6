//! Requests that are recorded under `parity up --record`, looked at, and asked again.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{BUILD_PATIENCE, Parity, Ran, Session};
use crate::http::Browser;
use crate::project::TestProject;

/// A project whose requests are kept beside it.
struct Recorded {
    session: Option<Session>,
    project: TestProject,
    url: String,
}

impl Recorded {
    fn up(name: &str, yaml: &str, flags: &[&str]) -> Self {
        let project = TestProject::copy(name);
        if !yaml.is_empty() {
            project.write("parity.yaml", yaml);
        }
        let mut recorded = Self { session: None, project, url: String::new() };
        recorded.start(flags);
        recorded
    }

    fn start(&mut self, flags: &[&str]) {
        let arguments = [&["up", "--port", "0", "--record"], flags].concat();
        let mut session = self.parity(&arguments).patience(BUILD_PATIENCE).start();
        self.url = session.url();
        self.session = Some(session);
    }

    fn parity(&self, arguments: &[&str]) -> Parity {
        self.project.parity(arguments).env("XDG_STATE_HOME", self.project.scratch().join("state"))
    }

    fn browser(&self) -> Browser {
        Browser::at(&self.url)
    }

    fn list(&self, flags: &[&str]) -> Vec<Value> {
        self.parity(&[&["requests", "--format", "json"], flags].concat()).ok().json()
    }

    /// The list once so many are in it.
    #[track_caller]
    fn until(&self, count: usize) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let list = self.list(&[]);
            if list.len() >= count {
                assert_eq!(list.len(), count, "{list:?}");
                return list;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{count} requests are not recorded: {list:?}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn show(&self, id: &Value) -> String {
        self.parity(&["requests", "show", &id.to_string()]).ok().stdout
    }

    #[track_caller]
    fn end(&mut self) -> Ran {
        let session = self.session.take().unwrap();
        session.interrupt();
        session.end().exits(0)
    }
}

#[test]
fn flask_in_two_processes_with_and_without_reload() {
    for flags in [&[][..], &["--reload-on-changes"]] {
        let mut recorded = Recorded::up("flask-factory", "processes: 2\nthreads: 2\nrecord-locals: true\n", flags);
        recorded.browser().get("/").ok();
        recorded.browser().post("/basket", "application/x-www-form-urlencoded", b"thing=tea&password=hush-hush").ok();
        assert_eq!(recorded.browser().get("/boom").status, 500);
        // Not parity's own question whether it answers.
        let list = recorded.until(3);
        let told: Vec<_> = list.iter().map(|row| (row["target"].as_str().unwrap(), row["status"].as_u64().unwrap())).collect();
        assert_eq!(told, [("/", 200), ("/basket", 200), ("/boom", 500)]);
        let post = recorded.show(&list[1]["id"]);
        for part in ["> thing = tea", "> password = ***", "< Set-Cookie: session=***; HttpOnly; Path=/", "<     \"tea\""] {
            assert!(post.contains(part), "{part} is not in {post}");
        }
        assert!(!post.contains("hush"), "{post}");
        let boom = recorded.show(&list[2]["id"]);
        let place = format!("File \"{}/shop/catalogue.py\", line", recorded.project.root.display());
        assert!(boom.contains("ZeroDivisionError") && boom.contains(&place), "{boom}");
        assert!(boom.contains("variables of dispatch_request in \"/") && boom.contains("  view_args = {}"), "{boom}");
        // What it logged, and nothing of what others did.
        let log = boom.split_once("\nlog\n").unwrap_or_else(|| panic!("nothing is logged: {boom}")).1;
        assert!(log.contains("ERROR in app: Exception on /boom [GET]") && log.contains(&place), "{boom}");
        assert!(!post.contains("\nlog\n"), "{post}");
        assert!(recorded.show(&list[0]["id"]).contains("templates: index.html"));

        let ran = recorded.parity(&["replay", "--all"]).ok();
        assert!(ran.stdout.contains("3 requests, all answered as recorded"), "{ran}");
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(recorded.list(&[]).len(), 3, "a replay is recorded");
        if !flags.is_empty() {
            let template = recorded.project.read("shop/templates/index.html");
            recorded.project.write("shop/templates/index.html", &template.replace("Shop", "Store"));
            recorded.session.as_mut().unwrap().says("serving in");
            let ran = recorded.parity(&["replay", "1"]).run().exits(2);
            assert!(ran.stdout.contains("✗ #1 GET /") && ran.stdout.contains("+ ") && ran.stdout.contains("Store"), "{ran}");
        }
        recorded.end().says(&["requests: `parity requests` lists them"]);
        assert!(!recorded.list(&[]).is_empty(), "they are gone with the server");
        recorded.parity(&["requests", "clear"]).ok();
        assert_eq!(recorded.list(&[]).len(), 0);
        recorded.project.nothing_is_left();
    }
}

#[test]
fn django_with_statements_a_session_and_a_form() {
    let mut recorded = Recorded::up("django", "", &[]);
    let create = "from django.contrib.auth.models import User; User.objects.create_superuser('ada', '', 'engine')";
    recorded.parity(&["exec", "--", "python", "manage.py", "shell", "-c", create]).ok();
    let mut browser = recorded.browser();
    browser.get("/accounts/login/").ok();
    assert_eq!(browser.submit("/accounts/login/", &[("username", "ada"), ("password", "engine")]).status, 302);
    browser.get("/mine/").ok().has("Hello, ada");
    assert_eq!(browser.get("/boom/").status, 500);
    let list = recorded.until(4);
    assert!(list[1]["statements"].as_u64().unwrap() >= 3, "{list:?}");
    assert_eq!(list[3]["error"], "RuntimeError");
    let login = recorded.show(&list[1]["id"]);
    for part in ["> password = ***", "> csrfmiddlewaretoken = ***", "SQL statements", "auth_user", "sessionid=***"] {
        assert!(login.contains(part), "{part} is not in {login}");
    }
    let home = recorded.show(&list[2]["id"]);
    assert!(home.contains("templates: ") && home.contains("mine.html"), "{home}");
    // Parameters are what people type.
    assert!(!login.contains("engine"), "{login}");
    let boom = recorded.show(&list[3]["id"]);
    assert!(boom.contains("RuntimeError: this page always fails") && boom.contains("/notes/views.py\", line"), "{boom}");
    // The session of the recorded login ends, and the replay has its own.
    let forget = "from django.contrib.sessions.models import Session; Session.objects.all().delete()";
    recorded.parity(&["exec", "--", "python", "manage.py", "shell", "-c", forget]).ok();
    let ran = recorded.parity(&["replay", "1", "2", "3", "4"]).run();
    assert!(ran.stdout.contains("✓ #2 POST /accounts/login/") && ran.stdout.contains("✓ #3 GET /mine/"), "{ran}");
    recorded.end();
    recorded.project.nothing_is_left();
}

#[test]
fn what_is_stored_survives_kill_9_and_goes_on() {
    let mut recorded = Recorded::up("plain-wsgi", "", &[]);
    let url = recorded.url.clone();
    let asking = std::thread::spawn(move || while Browser::at(&url).try_get("/").is_some() {});
    while recorded.list(&[]).len() < 50 {
        std::thread::sleep(Duration::from_millis(50));
    }
    let session = recorded.session.take().unwrap();
    session.signal(Signal::KILL);
    session.end();
    let kept = recorded.list(&[]).len();
    assert!(kept >= 50);
    recorded.show(&Value::from(kept));
    // Another one takes the server over, with what its processes have kept meanwhile.
    recorded.start(&[]);
    let begun = Instant::now();
    while recorded.list(&[]).len() <= kept.min(950) {
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing more is recorded");
        std::thread::sleep(Duration::from_millis(100));
    }
    recorded.end();
    asking.join().unwrap();
    recorded.project.nothing_is_left();
}

#[test]
fn requests_of_checks_are_recorded_in_productions_image() {
    let project = TestProject::copy("flask-factory");
    project.write(
        "parity.yaml",
        "processes: 2\nsmoke:\n  - {name: home, request: {path: /}}\n  - {name: divides, request: {path: /boom}, expect: {status: 200}}\n",
    );
    let parity = |arguments: &[&str]| project.parity(arguments).env("XDG_STATE_HOME", project.scratch().join("state"));
    // With the probes, of which the last ends the server; what those ask is nobody's.
    for flags in [&["--no-probes"][..], &[]] {
        let ran = parity(&[&["smoke", "--record"], flags].concat()).patience(BUILD_PATIENCE).run().exits(17);
        let list: Vec<Value> = parity(&["requests", "--format", "json"]).ok().json();
        let told: Vec<_> = list.iter().map(|row| (row["target"].as_str().unwrap(), row["status"].as_u64().unwrap())).collect();
        assert_eq!(told, [("/", 200), ("/boom", 500)]);
        let id = &list[1]["id"];
        assert!(ran.stdout.contains(&format!("recorded as {id}: `parity requests show {id}`")), "{ran}");
        assert!(ran.stdout.contains("2 requests recorded"), "{ran}");
        let shown = parity(&["requests", "show", &id.to_string()]).ok().stdout;
        assert!(shown.contains("ZeroDivisionError") && shown.contains("Exception on /boom") && !shown.contains("Parity-"), "{shown}");
        parity(&["requests", "clear"]).ok();
    }
    project.nothing_is_left();
}
