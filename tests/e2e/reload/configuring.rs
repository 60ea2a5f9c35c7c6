//! Files that say how the server is made and run: what they ask for is made ready beside the one that serves, then it takes over.

use super::Live;
use crate::common::BUILD_PATIENCE;
use crate::engine::OwnImage;
use crate::project::{TestProject, unique};

impl Live {
    /// Waits until it is said that another server took over.
    #[track_caller]
    pub fn switched(&mut self, file: &str) -> String {
        let wanted = format!("↻ {file} → switched, serving in ");
        self.session.next(|line| line.contains(&wanted))
    }

    /// The image that serves, which only this test has use for.
    #[track_caller]
    fn own_image(&self) -> OwnImage {
        let [status] = self.project.parity(&["status", "--format", "json"]).ok().json().try_into().unwrap();
        OwnImage(status["image"].as_str().unwrap().to_owned())
    }
}

#[test]
fn another_requirement() {
    let mut live = Live::modules(&[]);
    live.session.be_patient(BUILD_PATIENCE);
    let mut container = live.container();
    // One that was not there before, then one more.
    let mut images = Vec::new();
    for (requirements, module) in [("itsdangerous==2.2.0\n", "itsdangerous"), ("itsdangerous==2.2.0\nblinker==1.9.0\n", "blinker")] {
        live.project.write("requirements.txt", &format!("{requirements}# {}\n", unique()));
        live.session.next(|line| line.contains("… image") || line.contains("requirements"));
        // The old one answers meanwhile, and serves what is saved.
        assert!(live.text("/").ends_with(" second\n"));
        live.save("first.py", "TEXT = 'meanwhile'\n");
        assert_eq!(live.text("/"), "meanwhile second\n");
        let line = live.switched("requirements.txt");
        assert_ne!(live.container(), container, "{line}");
        container = live.container();
        images.push(live.own_image());
        assert_eq!(live.text("/"), "meanwhile second\n");
        live.save("first.py", &format!("import {module}\nTEXT = {module}.__name__\n"));
        assert_eq!(live.text("/"), format!("{module} second\n"));
    }

    live.project.write("requirements.txt", "parity-e2e-no-such-package==1\n");
    live.session.next(|line| line.contains("parity-e2e-no-such-package was not found in the package registry"));
    assert_eq!(live.text("/"), "blinker second\n");
    live.save("first.py", "import itsdangerous\nTEXT = 'unmoved'\n");
    assert_eq!(live.text("/"), "unmoved second\n");
    assert_eq!(live.container(), container);
    live.end();
}

#[test]
fn settings_and_the_environment() {
    let mut live = Live::modules(&[]);
    let url = live.url.clone();
    assert_eq!(live.get("/env").ok().json()["wsgi.multithread"], true);

    live.project.write("parity.yaml", "app: app:application\nthreads: 1\n");
    live.switched("parity.yaml");
    assert_eq!(live.get("/env").ok().json()["wsgi.multithread"], false);
    live.save("first.py", "TEXT = 'saved'\n");

    let container = live.container();
    live.project.write("parity.yaml", "app: app:application\nthreads: [1\n");
    live.session.next(|line| line.contains("parity.yaml:"));
    assert_eq!(live.text("/"), "saved second\n");
    live.project.write("parity.yaml", "app: app:application\nthreds: 1\n");
    live.session.next(|line| line.contains("parity.yaml:2:1"));
    live.project.write("parity.yaml", "app: app:application\nthreads: 1\n");
    live.session.next(|line| line.contains("↻ parity.yaml → nothing to restart"));
    assert_eq!(live.container(), container, "the server was not left alone");

    live.project.write(".env", "COLOUR=blue\n");
    live.switched(".env");
    assert_eq!(live.get("/env").ok().json()["COLOUR"], "blue");
    live.project.write(".env", "COLOUR=red\n");
    live.switched(".env");
    assert_eq!(live.get("/env").ok().json()["COLOUR"], "red");
    live.save("first.py", "TEXT = 'again'\n");
    assert_eq!(live.text("/"), "again second\n");
    assert_eq!(live.url, url);
    let ran = live.end();
    assert_eq!(ran.stdout.lines().collect::<Vec<_>>(), [url], "the port has changed: {ran}");
}

#[test]
fn what_apache_refuses() {
    let mut live = Live::modules(&[]);
    let container = live.container();
    live.project.write("own.conf", "Nonsense on\n");
    live.project.write("parity.yaml", "app: app:application\ninclude-file: own.conf\n");
    live.session.next(|line| line.contains("Apache does not take this configuration"));
    live.session.next(|line| line.contains("Invalid command 'Nonsense'"));
    assert_eq!(live.text("/"), "first second\n");
    live.save("first.py", "TEXT = 'saved'\n");
    assert_eq!(live.container(), container);

    // Mended where the mistake is, not in the file that has led to it.
    live.project.write("own.conf", "SetEnv INCLUDED yes\n");
    live.switched("own.conf");
    assert_eq!(live.get("/env").ok().json()["INCLUDED"], "yes");
    assert_eq!(live.text("/"), "saved second\n");
    live.project.write("own.conf", "SetEnv INCLUDED no\n");
    live.switched("own.conf");
    assert_eq!(live.get("/env").ok().json()["INCLUDED"], "no");
    live.end();
}

#[test]
fn rules_take_effect_without_a_restart() {
    let mut live = Live::modules(&[]);
    let container = live.container();
    live.project.write("notes.txt", "not read by anybody\n");
    live.project.write(
        "parity.yaml",
        "app: app:application\nwatch:\n  - {path: \"*.txt\", action: reload}\n  - {path: \"*.po\", action: exec, command: \"touch /tmp/x\"}\n  \
         - {path: /left/, action: ignore}\n",
    );
    live.session.next(|line| line.contains("↻ parity.yaml → nothing to restart"));
    live.save("notes.txt", "read by the application\n");
    assert_eq!(live.python("import os; print(os.path.exists('/tmp/x'))"), "False\n");
    live.project.write("words.po", "");
    live.session.next(|line| line.contains("↻ words.po → ran `touch /tmp/x` in "));
    assert_eq!(live.python("import os; print(os.path.exists('/tmp/x'))"), "True\n");
    live.project.make_directory("left");
    live.project.write("left/alone.py", "");
    live.save("first.py", "TEXT = 'after'\n");
    assert!(!live.session.stderr().contains("left/alone.py"));
    assert_eq!(live.container(), container, "the server was replaced");

    // A command that fails says so.
    live.project.write("parity.yaml", "app: app:application\nwatch: {path: \"*.po\", action: exec, command: \"echo no luck; exit 3\"}\n");
    live.session.next(|line| line.contains("↻ parity.yaml → nothing to restart"));
    live.project.write("words.po", "again\n");
    live.session.next(|line| line.contains("words.po → not ran `echo no luck; exit 3`: exit code 3"));
    live.session.next(|line| line.contains("no luck"));
    live.end();
}

#[test]
fn another_application() {
    let mut live = Live::modules(&[]);
    live.project.write("parity.yaml", "app: nothing:application\n");
    live.session.next(|line| line.contains("ModuleNotFoundError: No module named 'nothing'"));
    live.session.next(|line| line.starts_with("hint: `app` names `nothing`, which is neither in the project nor installed"));
    live.session.next(|line| line.contains("the application nothing:application cannot be imported"));
    live.session.next(|line| line.contains("the running server is unaffected"));
    assert_eq!(live.text("/"), "first second\n");
    // Mended by what it asks for, then by asking for something else.
    live.project.write("nothing.py", "from app import application\n");
    live.switched("parity.yaml");
    assert_eq!(live.text("/"), "first second\n");
    live.project.write("parity.yaml", "app: app:application\n");
    live.switched("parity.yaml");
    live.save("first.py", "TEXT = 'saved'\n");
    assert_eq!(live.text("/"), "saved second\n");
    live.end();
}

#[test]
fn a_framework_that_moves_its_settings() {
    let mut live = Live::of(TestProject::copy("django"), &[]);
    live.get("/").ok();
    live.get("/static/notes/notes.css").ok();
    // parity reads these settings too: Apache serves static files at another address then.
    live.change("mysite/settings/base.py", "STATIC_URL = \"/static/\"", "STATIC_URL = \"/assets/\"");
    live.session.next(|line| line.contains("mysite/settings/base.py → switched"));
    live.get("/assets/notes/notes.css").ok();
    live.get("/").ok().has("/assets/notes/notes.css");

    // What is remarkable about them is said once, and not with each of their saves.
    let settings = live.project.read("mysite/settings/base.py");
    for number in 0..3 {
        live.project.write("mysite/settings/base.py", &format!("{settings}\nNUMBER = {number}\n"));
        live.session.next(|line| line.contains("mysite/settings/base.py → serving in"));
    }
    let said = live.session.stderr();
    assert_eq!(said.matches("serves mysite.settings.production").count(), 1, "{said}");
    live.end();
}
