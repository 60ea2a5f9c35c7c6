//! Whichever way it ends, no container is left.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use parity::config::Config;
use parity::events::Event;
use parity::plan::{Profile, settle};
use parity::project::contents::survey;
use parity::project::{Wanted, inspect};
use parity::render::smoke::{Configuration, command};
use parity::session::smoke::{Server, Start, with_server};
use parity::session::{Interrupts, image};
use rustix::process::Signal;

use super::{Report, Smoked};
use crate::common::{Ran, Session};
use crate::engine;

/// A container is killed at once; a machine that runs other tests gets some more.
const SOON: Duration = Duration::from_secs(8);

#[track_caller]
fn ends_soon(session: Session, code: i32) -> Ran {
    session.end().exits(code).ends_within(SOON)
}

#[test]
fn a_server_that_is_never_ready() {
    let project = Smoked::bug("endless", "timeout: 3\n");
    project.write("endless.py", "import time\nprint('still waiting', flush=True)\ntime.sleep(600)\n");
    // What it said is told then, and only then.
    project.smoke(&[]).run().exits(12).says(&["no answer from", "still waiting"]);
    project.nothing_is_left();
    project.write("endless.py", "import nowhere\n");
    project.smoke(&[]).run().exits(11).says(&["No module named 'nowhere'", "`parity smoke`"]);
    project.nothing_is_left();
    project.write("parity.yaml", "app: compliant:application\nhooks: {start: [exit 3]}\n");
    project.smoke(&[]).run().exits(13).says(&["ended with exit code 3"]);
    project.nothing_is_left();
}

#[test]
fn a_server_that_dies_in_the_middle() {
    let project = Smoked::bug("compliant", "smoke: [{request: {path: /}}, {request: {path: /die}}, {name: after, request: {path: /}}]\n");
    let ran = project.smoke(&["--format", "json"]).run();
    assert_ne!(ran.code, Some(0), "{ran}");
    project.nothing_is_left();
    let report = Report::of(ran);
    report.passed("GET /");
    report.failed("GET /die");
    report.failed("after");
    assert_eq!(report.skipped("load"), "the server has ended");
}

#[test]
fn ctrl_c_at_any_stage() {
    let project = Smoked::bug("compliant", "");
    let slow = "smoke: [{request: {path: '/slow?s=30'}}]\n";
    for (file, sign, times) in [
        ("hooks: {build: [sleep 600]}\n", "… image", 1),
        ("hooks: {start: [sleep 600]}\n", "hook: sleep 600", 1),
        (slow, "http://", 1),
        (slow, "http://", 2),
    ] {
        project.write("parity.yaml", &format!("app: compliant:application\n{file}"));
        let mut session = project.smoke(&["--verbose"]).start();
        session.says(sign);
        std::thread::sleep(Duration::from_millis(300));
        for _ in 0..times {
            session.interrupt();
        }
        let ran = ends_soon(session, 130);
        project.nothing_is_left();
        if file == slow && times == 1 {
            assert!(ran.stdout.contains("interrupted"), "{ran}");
        }
    }
    // While the probes ask.
    project.write("parity.yaml", "app: compliant:application\nsmoke: [{request: {path: '/slow?s=1'}}]\n");
    let mut session = project.smoke(&[]).start();
    session.stdout_until(|text| text.contains("probe wsgi-compliance").then_some(()));
    std::thread::sleep(Duration::from_millis(300));
    session.interrupt();
    ends_soon(session, 130);
    project.nothing_is_left();
}

#[test]
fn what_a_killed_one_left_is_removed_by_the_next() {
    let project = Smoked::bug("compliant", "smoke: [{request: {path: '/slow?s=30'}}]\n");
    let mut session = project.smoke(&["--verbose"]).start();
    session.says("http://");
    session.signal(Signal::KILL);
    assert_eq!(session.end().code, None);
    assert_eq!(project.containers().len(), 1);
    project.write("parity.yaml", "app: compliant:application\n");
    project.smoke(&["--no-probes"]).ok().says(&["which an earlier `parity smoke` left"]);
    project.nothing_is_left();
}

#[derive(Debug)]
struct Nobody;

impl parity::events::Report for Nobody {
    fn report(&self, _: Event) {}
}

#[test]
fn a_check_that_panics() {
    let project = Smoked::copy("plain-wsgi");
    let wanted = Wanted { app: None, requirements: None, groups: Vec::new(), ..Wanted::default() };
    let plan = settle(project.root.clone(), Config::default(), inspect(&project.root, &wanted).unwrap(), Profile::Smoke).unwrap();
    engine::with(async |engine| {
        let interrupts = Interrupts::listen().unwrap();
        let how = image::How { build_ca: std::env::var_os("SSL_CERT_FILE").map(Into::into), ..image::How::default() };
        let contents = survey(&project.root, &how.selection).unwrap();
        let image = image::production(&engine, &plan, &contents, &how, &interrupts, &Nobody).await.unwrap();
        let start = Start {
            engine: &engine,
            plan: &plan,
            secrets: &[],
            image: &image.id,
            command: &command(&plan, Configuration::Image).unwrap(),
            interrupts: &interrupts,
            report: &Nobody,
            log: std::sync::Arc::new(|_| {}),
            post_mortem: &|_| Box::pin(async {}),
        };
        let work = async |server: &Server| -> parity::error::Result<((), parity::session::smoke::Fate)> { panic!("at {}", server.url) };
        let ended = AssertUnwindSafe(with_server(&start, work)).catch_unwind().await;
        assert!(ended.unwrap_err().downcast_ref::<String>().unwrap().starts_with("at http://127.0.0.1:"));
    });
    project.nothing_is_left();
}
