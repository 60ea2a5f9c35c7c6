//! Each probe finds its mistake, and none where there is none.

use std::time::{Duration, Instant};

use super::{BUILD_PATIENCE, PROBES, Report, Smoked};

#[test]
fn what_is_not_wsgi() {
    let project = Smoked::bug("compliance", "smoke: [{request: {path: /}}, {request: {path: /text}, expect: {status: 500}}]\n");
    let report = project.report(&["wsgi-compliance"]);
    // This server forgives it.
    report.passed("GET /");
    let found = report.failed("wsgi-compliance");
    let place = format!("{}/compliance.py:8", project.root.display());
    for part in ["GET /: start_response was called a second time", "GET /text: the body has str in it", "text.encode()", &place] {
        assert!(found.contains(part), "{part} is not in {found}");
    }
}

#[test]
fn requests_that_meet_each_other() {
    let checks = "processes: 2\nthreads: 4\nsmoke: [{request: {path: /?name=ada}}, {request: {path: /?name=grace}}]\n";
    let report = Smoked::bug("shared", checks).report(&["concurrency"]);
    let found = report.failed("concurrency");
    assert!(found.contains("answers differ when many are asked at a time"), "{found}");
}

#[test]
fn answers_that_take_longer_and_longer() {
    let checks = "threads: 8\nsmoke: [{request: {path: /busy}}, {request: {path: /list}}]\n";
    let report = Smoked::bug("growing", checks).report(&["concurrency"]);
    report.passed("concurrency");
    let [one] = report.outcome("concurrency")["findings"].as_array().unwrap().as_slice() else { panic!("{}", report.ran) };
    assert!(one["text"].as_str().unwrap().starts_with("GET /list: answers take longer and longer: "), "{one}");
}

#[test]
fn clients_that_send_half_a_request() {
    let of = |slow: u32| {
        Smoked::bug("compliant", &format!("slow-clients: {slow}\nsmoke: [{{request: {{path: /}}}}]\n")).report(&["concurrency"])
    };
    let report = of(1000);
    report.passed("concurrency");
    assert_eq!(report.outcome("concurrency")["findings"], serde_json::json!([]), "{}", report.ran);
    let report = of(0);
    report.passed("concurrency");
    let found = report.outcome("concurrency")["findings"].to_string();
    assert!(found.contains("200 clients that send half a request keep everybody else out"), "{found}");
}

#[test]
fn requests_that_wait_for_each_other() {
    let checks = "processes: 1\nthreads: 3\nsmoke: [{request: {path: /left}}, {request: {path: /right}}]\n";
    let report = Smoked::bug("shared", checks).report(&["concurrency", "shutdown"]);
    let found = report.failed("concurrency");
    assert!(found.contains("got no answer when many were asked at a time"), "{found}");
    assert_eq!(report.skipped("shutdown"), "the server does not answer any more");
}

#[test]
fn state_that_one_process_has() {
    let checks = "processes: 2\nthreads: 3\nsmoke:\n  - request: {path: /count}\n  - request: {path: /cached}\n  - request: {method: POST, path: /login}\n  - request: {path: /me}\n";
    let project = Smoked::bug("state", checks);
    let found = project.report(&["multi-process"]).failed("multi-process");
    assert!(found.contains("GET /count: each process counts by itself"), "{found}");
    for path in ["/cached", "/me"] {
        assert!(found.contains(&format!("GET {path}: each process has an answer of its own")), "{path} is not in {found}");
    }
}

#[test]
fn what_a_second_process_would_not_have() {
    let checks = "smoke:\n  - request: {path: /count}\n  - request: {method: POST, path: /login}\n  - request: {path: /me}\n";
    let project = Smoked::bug("state", checks);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    // Production has one process, and nothing of this is a failure.
    let report = Report::of(project.smoke(&["--format", "json", "--port", &port]).ok());
    project.nothing_is_left();
    report.passed("multi-process");
    let remarks = report.outcome("multi-process")["findings"].to_string();
    let alone = "with two processes, and production runs one: ";
    for part in ["GET /count: each process counts by itself", "GET /me: each process has an answer of its own"] {
        assert!(remarks.contains(&format!("{alone}{part}")), "{part} is not in {remarks}");
    }
    // The others are asked of production's own.
    report.passed("shutdown");

    let ran = project.smoke(&["--format", "json", "--only", "multi-process", "--only", "GET /count", "--keep-on-failure"]).ok();
    assert!(Report::of(ran).outcome("multi-process")["findings"].to_string().contains(alone));
    project.nothing_is_left();
}

#[test]
fn the_second_server_is_there_beside_the_first() {
    let project = Smoked::bug("compliant", "smoke: [{request: {path: /}}]\n");
    let session = project.smoke(&["--format", "json"]).start();
    let begun = Instant::now();
    while project.containers().len() < 2 {
        assert!(begun.elapsed() < BUILD_PATIENCE, "there was only one at a time");
        std::thread::sleep(Duration::from_millis(10));
    }
    let report = Report::of(session.end().exits(0));
    // What is told has one order, whatever is done at once.
    let told = report.json["outcomes"].as_array().unwrap().iter().map(|outcome| outcome["name"].as_str().unwrap());
    let order = ["GET /", "wsgi-compliance", "concurrency", "load", "server-differences", "shutdown", "multi-process"];
    assert_eq!(told.collect::<Vec<_>>(), order);
    project.nothing_is_left();

    // Whether there is a second one depends on what comes before.
    let ran = project.smoke(&["--format", "json", "--fail-fast"]).ok();
    Report::of(ran).passed("multi-process");
    project.nothing_is_left();
}

#[test]
fn what_only_one_process_can_be() {
    let project = Smoked::copy("smoke-bugs");
    project.write("single.py", "import socket\n\nfrom compliant import application\n\nowner = socket.socket()\nowner.bind((\"127.0.0.1\", 47301))\nowner.listen()\n");
    project.write("parity.yaml", "app: single:application\n");
    let report = project.report(&["multi-process"]);
    report.passed("multi-process");
    let remarks = report.outcome("multi-process")["findings"].to_string();
    assert!(
        remarks.contains("and production runs one: only one of them can import the application") && remarks.contains("in use"),
        "{remarks}"
    );
    // An image from elsewhere need not be what parity.yaml says.
    let id = report.json["image"]["id"].as_str().unwrap();
    let ran = project.smoke(&["--image", id, "--format", "json", "--only", "multi-process"]).run();
    assert!(Report::of(ran).skipped("multi-process").contains("only an image that is built here"));
    project.nothing_is_left();
}

#[test]
fn work_at_import() {
    let found = Smoked::bug("work", "").report(&["load"]).failed("load");
    let parts = [
        "starts the thread poller",
        "writes /tmp/seen.txt",
        "writes /tmp/state.txt",
        "takes the address 127.0.0.1:47201",
        "opens a connection to 127.0.0.1:47201",
        "runs a program: sleep 60",
        "/work.py:15",
    ];
    for part in parts {
        assert!(found.contains(part), "{part} is not in {found}");
    }
}

#[test]
fn what_an_import_has_left_nothing_of() {
    let report = Smoked::bug("tidy", "").report(&["load"]);
    report.passed("load");
    let remarks = report.outcome("load")["findings"].to_string();
    // It has ended, and took its time in each process.
    assert!(remarks.contains("runs a program: uname -r"), "{remarks}");
    assert_eq!(report.outcome("load")["findings"].as_array().unwrap().len(), 1, "{remarks}");
}

#[test]
fn what_only_manage_py_does() {
    let project = Smoked::copy("smoke-login");
    project.write("members/signals.py", "registered = True\n");
    let settings = project.read("members/settings.py");
    project.write("members/settings.py", &format!("{settings}\nMODE = os.environ.get(\"MEMBERS_MODE\")\n"));
    let manage = project.read("manage.py");
    let more = "    os.environ.setdefault(\"MEMBERS_MODE\", \"quick\")\n    import members.signals\n\n    execute_from";
    project.write("manage.py", &manage.replacen("    execute_from", more, 1));
    let found = project.report(&["load"]).failed("load");
    for part in ["only a development server loads `members.signals`", "$MEMBERS_MODE"] {
        assert!(found.contains(part), "{part} is not in {found}");
    }
}

#[test]
fn what_django_loads_when_it_is_first_needed() {
    let project = Smoked::copy("smoke-login");
    // `manage.py check` has looked at all of it, and a server that was not asked yet at nothing.
    project.make_directory("members/templatetags");
    project.write("members/templatetags/__init__.py", "");
    project.write("members/templatetags/badges.py", "from django import template\n\nregister = template.Library()\n");
    project.write(
        "members/models.py",
        "from django.db import models\n\n\nclass Badge(models.Model):\n    name = models.CharField(max_length=9)\n",
    );
    project.write("members/routing.py", "class Router:\n    def allow_migrate(self, *args, **kwargs):\n        return None\n");
    let settings = project.read("members/settings.py").replacen("INSTALLED_APPS = [", "INSTALLED_APPS = [\"members\", ", 1);
    project.write("members/settings.py", &format!("{settings}\nDATABASE_ROUTERS = [\"members.routing.Router\"]\n"));
    project.report(&["load"]).passed("load");
    project.nothing_is_left();
}

#[test]
fn modules_that_import_each_other_in_one_order() {
    let project = Smoked::copy("smoke-login");
    // The order of manage.py, which begins with the URLs, works; that of the WSGI module does not.
    project.write("members/rates.py", "from members.prices import base\n\nRATE = base() * 2\n");
    project.write("members/prices.py", "def base():\n    return 1\n\n\nfrom members.rates import RATE\n");
    for (file, line) in [("members/urls.py", "import members.prices\n"), ("members/wsgi.py", "import members.rates\n")] {
        let text = project.read(file);
        project.write(file, &format!("{line}{text}"));
    }
    let ran = project.smoke(&["--format", "json"]).run().exits(11).says(&["cannot be imported", "partially initialized module"]);
    project.nothing_is_left();
    let found = Report::of(ran).failed("load");
    assert!(found.contains("mod_wsgi cannot load it, and a development server can") && found.contains("import each other"), "{found}");
}

#[test]
fn names_with_a_slash() {
    let checks = "smoke: [{name: a file, request: {path: /files/a%2Fb}, expect: {status: 200}}]\n";
    let report = Smoked::bug("slashes", checks).report(&["server-differences"]);
    report.failed("a file");
    let found = report.failed("server-differences");
    assert!(found.contains("answered with 404 by Apache") && found.contains("AllowEncodedSlashes"), "{found}");
}

#[test]
fn what_the_application_itself_answers() {
    let project = Smoked::bug("strict", "smoke: [{request: {path: /}}]\n");
    let report = project.report(&["server-differences"]);
    report.passed("server-differences");
    let [one] = report.outcome("server-differences")["findings"].as_array().unwrap().as_slice() else { panic!("{}", report.ran) };
    assert!(one["text"].as_str().unwrap().starts_with("no check meets"), "{one}");
    let ran = project.smoke(&["--verbose", "--only", "server-differences"]).ok();
    for part in [
        "(%2F) is answered with 404 by Apache",
        "`//` reaches the application with one slash",
        "`/../` reaches the application resolved",
        "`/%2e%2e/` reaches the application resolved",
        "%00 is answered with 404 by Apache",
        "a chunked body, which has no Content-Length, is answered with 411 by Apache",
        "more than 10485760 bytes is answered with 413 by Apache",
        "TRACE is answered with 405 by Apache",
        "never gets `Proxy` and `Proxy-Authorization`",
        "reaches the application as one, \"1, 2\"",
        "204 is sent without its Content-Type",
        "304 is sent with what a cache needs only",
        "the connection is closed after an answer with 500",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} is not in {ran}");
    }
    // What it says itself, whatever it says, is nobody else's answer.
    for part in ["500 by Apache", "401 by Apache", "`Authorization` does not", "was not tried"] {
        assert!(!ran.stdout.contains(part), "{part:?} is in {ran}");
    }
}

#[test]
fn what_apache_keeps_from_the_application() {
    let project = Smoked::bug("strict", "auth-user-script: auth.py\n");
    project.write("auth.py", "def check_password(environ, user, password):\n    return password == 'secret'\n");
    let report = project.report(&["server-differences"]);
    report.passed("GET /");
    let remark = report.outcome("GET /")["findings"].to_string();
    assert!(remark.contains("`/` is answered with 401: nothing else was checked, and the probes saw nothing else"), "{remark}");
    let reason = report.skipped("server-differences");
    assert!(reason.starts_with("GET /parity-probe is answered with 401 by Apache"), "{reason}");
    // A check that has the password shows the way in.
    let check = "{name: in, request: {path: /, headers: {Authorization: Basic YWRhOnNlY3JldA==}}}";
    project.write("parity.yaml", &format!("app: strict:application\nauth-user-script: auth.py\ntrace-enable: true\nsmoke: [{check}]\n"));
    let ran = project.smoke(&["--verbose", "--only", "in", "--only", "server-differences"]).ok();
    for part in [
        "TRACE is answered with 200 by Apache",
        "is answered with 401 by Apache and never reaches the application, so this was not tried: `Authorization`",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} is not in {ran}");
    }
}

/// Every probe passes, but for those with a reason.
#[track_caller]
fn is_clean(project: &Smoked, checks: &[&str]) {
    let report = project.report(&PROBES);
    for name in PROBES.iter().chain(checks) {
        report.passed(name);
    }
    assert_eq!(report.json["failed"], 0, "{}", report.ran);
    assert_eq!(report.ran.code, Some(0));
}

#[test]
fn nothing_is_found_in_plain_wsgi() {
    let project = Smoked::copy("plain-wsgi");
    let checks = "  - request: {path: /}\n  - request: {path: '/stream?n=3&s=0.01'}\n  - request: {method: POST, path: /echo, body: x}\n  - request: {path: /pid}\n";
    project.write("parity.yaml", &format!("processes: 2\nthreads: 3\nsmoke:\n{checks}"));
    is_clean(&project, &["GET /", "GET /pid", "POST /echo"]);
}

#[test]
fn nothing_is_found_in_flask() {
    let project = Smoked::copy("flask-factory");
    let checks = "  - request: {path: /}\n  - request: {method: POST, path: /basket, form: {thing: tea}}\n  - {name: static, request: {path: /static/shop.css}}\n";
    project.write("parity.yaml", &format!("processes: 2\nsmoke:\n{checks}"));
    is_clean(&project, &["GET /", "POST /basket", "static"]);
}

#[test]
fn nothing_is_found_in_django() {
    let project = Smoked::copy("django");
    project.write(
        "parity.override.yaml",
        "processes: 2\nenv: {DJANGO_DATABASE: /tmp/db.sqlite3}\nsmoke: [{request: {path: /}}, {request: {path: /visits/}}, {request: {path: /static/admin/css/base.css}}]\n",
    );
    is_clean(&project, &["GET /", "GET /visits/"]);
}

#[test]
fn a_login_through_djangos_form() {
    is_clean(&Smoked::copy("smoke-login"), &["the form", "login", "home says who", "the API says who"]);
}

#[test]
fn requests_that_outlast_the_end() {
    let report = Smoked::bug("ending", "").report(&["shutdown"]);
    let found = report.failed("shutdown");
    assert!(found.contains("were not answered") && found.contains("did not end within 10 seconds"), "{found}");
}
