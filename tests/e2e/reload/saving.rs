//! A file is saved, in one of the many ways in which that is done, and is served.

use std::fs;
use std::os::unix::fs::symlink;

use super::Live;
use crate::project::TestProject;

#[test]
fn a_save_is_served_and_said() {
    let mut live = Live::modules(&[]);
    assert_eq!(live.text("/"), "first second\n");
    let one = live.save("first.py", "TEXT = '1st'\n");
    assert_eq!(live.text("/"), "1st second\n");
    let other = live.save("second.py", "TEXT = '2nd'\n");
    assert_eq!(live.text("/"), "1st 2nd\n");
    assert_eq!(other.generation, one.generation + 1, "{} {}", one.line, other.line);
    let env = live.get("/env").ok().json();
    assert_eq!(env["MOD_WSGI_RELOADER_ENABLED"], "true");
    live.end();
}

#[test]
fn a_script_is_served_and_said() {
    let mut live = Live::of(TestProject::copy("plain-wsgi"), &[]);
    for text in ["good day", "good bye", "good night"] {
        let script = live.project.read("hello.wsgi");
        let start = script.find("[b\"").unwrap();
        let end = start + script[start..].find(']').unwrap();
        live.save("hello.wsgi", &format!("{}[b\"{text}\\n\"{}", &script[..start], &script[end..]));
        assert_eq!(live.text("/"), format!("{text}\n"));
    }
    live.end();
}

#[test]
fn saves_are_served_on_an_older_python() {
    let project = TestProject::on_older_python("flask-factory");
    // Its finder of distributions has another way of forgetting them there.
    project.write("shop/version.py", "from importlib.metadata import version\n\nFLASK = version('flask')\n");
    project.write("shop/__init__.py", &format!("from . import version\n{}", project.read("shop/__init__.py")));
    let mut live = Live::of(project, &[]);
    for count in 4..8 {
        live.edit("shop/catalogue.py", &format!("\"tea\": {}", count - 1), &format!("\"tea\": {count}"));
        assert!(live.text("/").contains(&format!("tea: {count}")), "{}", live.text("/"));
    }
    live.end();
}

#[test]
fn every_process_is_fresh() {
    let mut live = Live::modules(&["--processes", "2"]);
    let mut before = live.pids(2);
    for round in 0..4 {
        live.save("first.py", &format!("TEXT = 'round-{round}'\n"));
        let pids = live.pids(2);
        assert!(pids.is_disjoint(&before), "{before:?} then {pids:?}");
        for _ in 0..30 {
            assert!(live.text("/pid").ends_with(&format!(" round-{round}\n")));
        }
        before = pids;
    }
    live.end();
}

#[test]
fn modules_come_and_go() {
    let mut live = Live::modules(&[]);
    live.save("first.py", "import third\nTEXT = third.TEXT\n".replace("third", "second").as_str());
    assert_eq!(live.text("/"), "second second\n");
    // A new one that nobody imports yet, then one who does.
    live.save("third.py", "TEXT = 'third'\n");
    live.save("first.py", "import third\nTEXT = third.TEXT\n");
    assert_eq!(live.text("/"), "third second\n");
    fs::remove_file(live.project.root.join("third.py")).unwrap();
    live.told_failure("third.py", "fails");
    assert_eq!(live.get("/").status, 500);
    // Deleted for good, and what needed it is fixed.
    live.save("first.py", "TEXT = 'alone'\n");
    assert_eq!(live.text("/"), "alone second\n");
    live.end();
}

#[test]
fn a_flask_application_and_its_templates() {
    let mut live = Live::of(TestProject::copy("flask-factory"), &[]);
    live.get("/").ok().has("<h1>Shop</h1>");
    live.edit("shop/templates/index.html", "<h1>Shop</h1>", "<h1>Stall</h1>");
    live.get("/").ok().has("<h1>Stall</h1>").has("tea: 3");
    live.edit("shop/catalogue.py", "\"tea\": 3", "\"tea\": 5");
    live.get("/").ok().has("<h1>Stall</h1>").has("tea: 5");
    live.end();
}

#[test]
fn a_django_site_and_its_templates() {
    let mut live = Live::of(TestProject::copy("django"), &[]);
    live.get("/").ok().has("<h1>Notes</h1>");
    live.edit("notes/templates/notes/home.html", "<h1>Notes</h1>", "<h1>Jottings</h1>");
    live.get("/").ok().has("<h1>Jottings</h1>");
    live.edit("templates/base.html", ">Notes</a>", ">Home</a>");
    live.get("/").ok().has(">Home</a>");
    live.edit("notes/views.py", "Note.objects.all()[:20]", "[Note(text='of code')]");
    live.get("/").ok().has("of code");
    live.edit("notes/urls.py", "\"visits/\"", "\"calls/\"");
    live.get("/calls/").ok();
    assert_eq!(live.get("/visits/").status, 404);
    live.end();
}

#[test]
fn as_editors_save() {
    let mut live = Live::modules(&[]);
    let file = live.project.root.join("first.py");
    let scratch = live.project.scratch().to_owned();
    let beside = |name: &str| file.with_file_name(name);
    type Way<'a> = (&'a str, &'a dyn Fn(&str));
    let ways: [Way; 7] = [
        ("written over", &|text| fs::write(&file, text).unwrap()),
        ("as by vim", &|text| {
            fs::write(beside("4913"), "").unwrap();
            fs::remove_file(beside("4913")).unwrap();
            fs::rename(&file, beside("first.py~")).unwrap();
            fs::write(&file, text).unwrap();
            fs::remove_file(beside("first.py~")).unwrap();
        }),
        ("as by an IDE", &|text| {
            fs::write(beside("first.py___jb_tmp___"), text).unwrap();
            fs::rename(&file, beside("first.py___jb_old___")).unwrap();
            fs::rename(beside("first.py___jb_tmp___"), &file).unwrap();
            fs::remove_file(beside("first.py___jb_old___")).unwrap();
        }),
        ("renamed over", &|text| {
            fs::write(beside(".first.py.new.tmp"), text).unwrap();
            fs::rename(beside(".first.py.new.tmp"), &file).unwrap();
        }),
        ("by sed", &|text| {
            live.project.run("sed", &["-i", &format!("s/.*/{}/", text.trim_end()), "first.py"]);
        }),
        ("moved here from elsewhere", &|text| {
            fs::write(scratch.join("moved.py"), text).unwrap();
            fs::rename(scratch.join("moved.py"), &file).unwrap();
        }),
        ("in pieces", &|text| {
            use std::io::Write;
            let mut open = fs::File::create(&file).unwrap();
            for byte in text.bytes() {
                open.write_all(&[byte]).unwrap();
            }
        }),
    ];
    let mut told = Vec::new();
    for (number, (way, save)) in ways.iter().enumerate() {
        save(&format!("TEXT = \"way-{number}\"\n"));
        let line = live.session.next(|line| line.contains("first.py") && line.contains("→ serving in"));
        assert_eq!(live.text("/"), format!("way-{number} second\n"), "{way}: {line}");
        told.push(line);
    }
    assert_eq!(live.session.stderr().matches("→ serving in").count(), told.len(), "{told:#?}");
    let text = live.project.read("first.py");
    live.project.write("first.py", &text);
    live.told("first.py");
    live.end();
}

#[test]
fn directories_and_links() {
    let project = TestProject::copy("modules");
    project.make_directory("shared");
    project.write("shared/words.py", "TEXT = 'linked'\n");
    fs::remove_file(project.root.join("second.py")).unwrap();
    symlink("shared/words.py", project.root.join("second.py")).unwrap();
    let mut live = Live::of(project, &[]);
    assert_eq!(live.text("/"), "first linked\n");

    // What a link leads to is saved, then the link leads elsewhere.
    live.save("shared/words.py", "TEXT = 'changed'\n");
    assert_eq!(live.text("/"), "first changed\n");
    live.project.write("shared/other.py", "TEXT = 'other'\n");
    live.told("shared/other.py");
    fs::remove_file(live.project.root.join("second.py")).unwrap();
    symlink("shared/other.py", live.project.root.join("second.py")).unwrap();
    live.told("second.py");
    assert_eq!(live.text("/"), "first other\n");

    // A package from elsewhere, that the next request imports.
    assert_eq!(live.get("/lazy").status, 500);
    let elsewhere = live.project.scratch().join("extra");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("__init__.py"), "from .inner import TEXT\n").unwrap();
    fs::write(elsewhere.join("inner.py"), "TEXT = 'moved in'\n").unwrap();
    live.project.give_away(&elsewhere);
    fs::rename(&elsewhere, live.project.root.join("extra")).unwrap();
    live.session.next(|line| line.contains("extra/") && line.contains("→ serving in"));
    assert_eq!(live.text("/lazy"), "moved in\n");
    live.save("extra/inner.py", "TEXT = 'saved'\n");
    assert_eq!(live.text("/lazy"), "saved\n");

    // A file in a directory that was not there a moment ago, and a rename of the directory.
    live.project.make_directory("extra/deep/deeper");
    live.save("extra/deep/deeper/words.py", "TEXT = 'deep'\n");
    live.save("extra/__init__.py", "from .deep.deeper.words import TEXT\n");
    assert_eq!(live.text("/lazy"), "deep\n");
    fs::rename(live.project.root.join("extra"), live.project.root.join("spare")).unwrap();
    live.session.next(|line| line.contains("→ serving in"));
    assert_eq!(live.get("/lazy").status, 500);
    fs::rename(live.project.root.join("spare"), live.project.root.join("extra")).unwrap();
    live.session.next(|line| line.contains("→ serving in"));
    assert_eq!(live.text("/lazy"), "deep\n");
    live.end();
}
