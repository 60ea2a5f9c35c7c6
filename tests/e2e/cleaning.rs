//! What is left on a machine, and how it goes: views, scratch directories, images; by `parity clean`, and by itself.

use std::fs;

use serde_json::Value;

use crate::common::{BUILD_PATIENCE, Ran};
use crate::engine;
use crate::http::Browser;
use crate::project::{TestProject, unique};

/// A hook that no other project has, so that neither has any the image.
fn own_hook(project: &TestProject, more: &str) {
    project.write("parity.yaml", &format!("hooks: {{build: [{{run: \"echo {}\", reads: []}}]}}\n{more}", unique()));
}

/// The names by which a project has use for images.
fn served(project: &TestProject) -> Vec<String> {
    engine::images_named(&format!("localhost/{}:up-", project.name())).into_iter().collect()
}

/// `localhost/parity:…` of such a name.
fn runtime(served: &str) -> String {
    format!("localhost/parity:{}", served.rsplit_once("up-").unwrap().1)
}

fn clean(project: &TestProject, flags: &[&str]) -> Ran {
    project.parity(&[&["clean"], flags].concat()).run()
}

#[test]
fn the_view_of_a_container_that_somebody_removed_goes_with_the_next_command() {
    let Some(project) = TestProject::of_root("plain-wsgi") else { return };
    for command in [&["down"][..], &["up", "-d", "--wait", "--port", "0"]] {
        project.up(&[]);
        let [container] = project.containers().try_into().unwrap();
        let before = project.views();
        assert_eq!(before.len(), 1, "root's project has a view");
        engine::with(async |engine| engine.remove(&container).await.unwrap());
        assert_eq!(project.views(), before, "the engine has not removed it");
        project.parity(command).patience(BUILD_PATIENCE).ok();
        assert!(!before[0].exists(), "{} is left", before[0].display());
    }
    // Those of servers that run stay, whoever has started them.
    let running = project.views();
    let other = TestProject::of_root("plain-wsgi").unwrap();
    other.parity(&["down"]).ok();
    assert_eq!((project.views(), running.len()), (running, 1));
    project.parity(&["down"]).ok();
}

#[test]
fn what_a_killed_build_was_working_on_goes_with_the_next_command() {
    let project = TestProject::copy("plain-wsgi");
    let home = project.scratch().join("home");
    let namespace: String = fs::read_link("/proc/self/ns/pid").unwrap().to_string_lossy().chars().filter(char::is_ascii_digit).collect();
    let left = home.join(format!("parity-scratch-{namespace}-4194304-1.abcdef"));
    let of_others = home.join("parity-scratch-1-1-1.abcdef");
    for directory in [&left, &of_others] {
        fs::create_dir(directory).unwrap();
        fs::write(directory.join("layer.tar"), vec![0; 1_500_000]).unwrap();
    }
    let ran = clean(&project, &["--dry-run"]).exits(0).says(&["would remove 1 temporary"]);
    assert!(ran.stdout.contains("1.5 MB") && ran.stdout.contains(left.to_str().unwrap()), "{ran}");
    assert!(left.exists());
    project.parity(&["down"]).ok();
    assert!(!left.exists() && of_others.exists());
    fs::remove_dir_all(&of_others).unwrap();
}

#[test]
fn what_nobody_uses_is_shown_with_its_size_and_removed() {
    let project = TestProject::copy("plain-wsgi");
    own_hook(&project, "");
    project.up(&[]);
    let [name] = served(&project).try_into().unwrap();
    let image = runtime(&name);
    let theirs = "localhost/parity-e2e-mine:1";
    let _named = engine::OwnImage(theirs.into());

    // What runs stays, and so does its image.
    let ran = clean(&project, &["--force"]).exits(0).says(&["nothing to remove", "it runs: `parity down` stops it", &image]);
    assert_eq!(ran.stdout, "");
    Browser::at(project.parity(&["status"]).ok().stdout.split_whitespace().find(|word| word.starts_with("http")).unwrap()).get("/").ok();

    // One that was stopped goes, and its image with it, unless somebody has given that a name.
    let [container] = project.containers().try_into().unwrap();
    engine::stop(&container, 1);
    let ran = clean(&project, &["--dry-run", "--format", "json"]).exits(0);
    let of = |item: &Value| ["kind", "action"].map(|key| item[key].as_str().unwrap().to_owned());
    assert_eq!(ran.json().iter().map(of).collect::<Vec<_>>(), [["container", "would-remove"], ["image", "would-remove"]], "{ran}");
    assert_eq!(project.containers(), [container]);
    project.parity(&["down"]).ok();
    engine::with(async |engine| engine.tag(&image, theirs).await.unwrap());
    clean(&project, &["--force"]).exits(0).says(&["it is tagged as localhost/parity-e2e-mine:1"]);
    assert_eq!(served(&project), std::slice::from_ref(&name));
    engine::remove_image(theirs);

    // Nothing is removed unasked.
    clean(&project, &[]).exits(2).says(&["this is not a terminal"]);
    let ran = clean(&project, &["--dry-run"]).exits(0).says(&["would remove 1 image ("]);
    assert!(ran.stdout.contains(&image) && ran.stdout.contains(" MB"), "{ran}");
    assert!(engine::images_named(&image).contains(&image));

    let ran = clean(&project, &["--force", "--format", "json"]).exits(0);
    let [removed] = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((&removed["name"], &removed["action"]), (&image.clone().into(), &"removed".into()), "{ran}");
    assert!(removed["bytes"].as_u64().unwrap() > 10_000_000, "{ran}");
    assert!(engine::images_named(&image).is_empty() && served(&project).is_empty());
    clean(&project, &["--force"]).exits(0).says(&["nothing to remove"]);
    assert!(!engine::images_named("localhost/parity-base:").is_empty(), "the base is all projects'");
}

#[test]
fn clean_asks_at_a_terminal() {
    let project = TestProject::copy("plain-wsgi");
    own_hook(&project, "");
    project.parity(&["build"]).patience(BUILD_PATIENCE).ok();
    let [name] = served(&project).try_into().unwrap();
    for (answer, left) in [("\r", 1), ("n\r", 1), ("y\r", 0)] {
        let mut terminal = project.parity(&["clean"]).in_terminal();
        terminal.shows(&runtime(&name));
        terminal.shows("remove it? [y/N]");
        terminal.type_text(answer);
        terminal.shows(if left == 1 { "nothing was removed" } else { "removed 1 image" });
        terminal.end().exits(0);
        assert_eq!(served(&project).len(), left);
    }
}

#[test]
fn an_image_that_another_project_has_use_for_stays() {
    let (one, other) = (TestProject::copy("plain-wsgi"), TestProject::copy("plain-wsgi"));
    own_hook(&one, "");
    other.write("parity.yaml", &one.read("parity.yaml"));
    for project in [&one, &other] {
        project.up(&[]);
        project.parity(&["down"]).ok();
    }
    let [name] = served(&other).try_into().unwrap();
    let image = runtime(&name);
    clean(&one, &["--force"]).exits(0).says(&["removed 1 image (0 B"]);
    assert!(served(&one).is_empty() && engine::images_named(&image).contains(&image));
    clean(&other, &["--force"]).exits(0);
    assert!(engine::images_named(&image).is_empty());
}

#[test]
fn up_keeps_as_many_superseded_images_as_it_is_told() {
    let project = TestProject::copy("plain-wsgi");
    let mut images = Vec::new();
    for _ in 0..4 {
        own_hook(&project, "keep-images: 1\n");
        let before = served(&project);
        project.up(&[]);
        let new = served(&project).into_iter().find(|name| !before.contains(name)).unwrap();
        images.push(new);
    }
    let mut kept = images[2..].to_vec();
    kept.sort();
    assert_eq!(served(&project), kept);
    let is_there = |name: &str| engine::images_named(&runtime(name)).contains(&runtime(name));
    assert_eq!(images.iter().map(|name| is_there(name)).collect::<Vec<_>>(), [false, false, true, true]);
    project.parity(&["down"]).ok();
    clean(&project, &["--force"]).exits(0).says(&["removed 2 images"]);
}
