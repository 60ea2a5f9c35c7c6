//! Files are saved, by events and by comparison.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;

#[test]
fn editors_save_in_many_ways() {
    let mut it = Watched::native(&["a.py", "pkg/b.py"]);
    // VS Code writes over it.
    it.write("a.py", "2");
    assert_eq!(it.told(), told(&[("a.py", HERE)]));
    // Vim tries whether it may, and keeps the old one until the new one is written.
    it.write("pkg/4913", "");
    fs::remove_file(it.path("pkg/4913")).unwrap();
    it.rename("pkg/b.py", "pkg/b.py~");
    it.write("pkg/b.py", "2");
    fs::remove_file(it.path("pkg/b.py~")).unwrap();
    assert_eq!(it.told(), told(&[("pkg/4913", GONE), ("pkg/b.py", HERE), ("pkg/b.py~", GONE)]));
    // PyCharm replaces it.
    it.write("a.py___jb_tmp___", "3");
    it.rename("a.py", "a.py___jb_old___");
    it.rename("a.py___jb_tmp___", "a.py");
    fs::remove_file(it.path("a.py___jb_old___")).unwrap();
    assert_eq!(it.told(), told(&[("a.py", HERE), ("a.py___jb_old___", GONE), ("a.py___jb_tmp___", GONE)]));
    let sed = std::process::Command::new("sed").args(["-i", "s/3/4/"]).arg(it.path("a.py")).status().unwrap();
    assert!(sed.success());
    assert_eq!(it.told().get("a.py"), Some(&HERE));
    fs::remove_file(it.path("a.py")).unwrap();
    assert_eq!(it.told(), told(&[("a.py", GONE)]));
}

#[test]
fn reading_and_permissions_are_no_changes() {
    use std::os::unix::fs::PermissionsExt;
    let mut it = Watched::native(&["a.py", "pkg/b.py"]);
    fs::read(it.path("a.py")).unwrap();
    fs::read_dir(it.path("pkg")).unwrap().count();
    fs::set_permissions(it.path("a.py"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(it.told(), told(&[]));
}

#[cfg(target_os = "linux")]
#[test]
fn who_may_read_a_file_is_told_beside() {
    use std::os::unix::fs::PermissionsExt;
    let mut it = Watched::native(&["a.py"]);
    fs::set_permissions(it.path("a.py"), fs::Permissions::from_mode(0o000)).unwrap();
    assert_eq!(it.next(), Notice::Attributes(vec!["a.py".into()]));
}

#[test]
fn a_file_that_is_being_written_is_not_saved_yet() {
    use std::io::Write;
    let mut it = Watched::native(&[]);
    let mut file = fs::File::create(it.path("a.py")).unwrap();
    file.write_all(b"x = ").unwrap();
    assert_eq!(it.told(), told(&[]));
    drop(file);
    assert_eq!(it.told(), told(&[("a.py", HERE)]));
}

#[test]
fn links_are_files() {
    let mut it = Watched::native(&["a.py", "pkg/b.py"]);
    symlink("a.py", it.path("link.py")).unwrap();
    fs::hard_link(it.path("a.py"), it.path("hard.py")).unwrap();
    symlink("pkg", it.path("linked")).unwrap();
    assert_eq!(it.told(), told(&[("hard.py", HERE), ("link.py", HERE), ("linked", HERE)]));
    it.write("link.py", "2");
    it.write("linked/b.py", "2");
    assert_eq!(it.told(), told(&[("a.py", HERE), ("pkg/b.py", HERE)]));
    symlink("pkg/b.py", it.path("new")).unwrap();
    it.rename("new", "link.py");
    assert_eq!(it.told(), told(&[("link.py", HERE), ("new", GONE)]));
}

/// What a link leads to outside the project is watched if the application loaded something by it.
#[test]
fn a_linked_directory_is_watched_once_something_in_it_was_loaded() {
    for mut it in [Watched::native(&["a.py"]), Watched::polling(&["a.py"])] {
        let outside = it.root.with_file_name("shared");
        write(&outside.join("x.py"), "1");
        symlink(&outside, it.path("shared")).unwrap();
        it.told();
        it.watcher.also(&["shared/x.py".into()]);
        it.told();
        write(&outside.join("x.py"), "22");
        assert_eq!(it.told().get("shared/x.py"), Some(&HERE));
    }
}

#[test]
fn a_thousand_files_at_once() {
    for mut it in [Watched::native(&["pkg/a.py"]), Watched::polling(&["pkg/a.py"])] {
        for index in 0..1000 {
            it.write(&format!("pkg/{index}.py"), "1");
        }
        let all = it.told_until(|told| told.len() >= 1000);
        assert!(all.values().all(|gone| !gone));
    }
}

#[test]
fn polling_sees_what_keeps_size_and_second() {
    let mut it = Watched::polling(&["a.py", "b.py", "pkg/c.py"]);
    for text in ["2", "3", "4", "5"] {
        it.write("a.py", text);
        assert_eq!(it.told(), told(&[("a.py", HERE)]));
    }
    let time = fs::metadata(it.path("a.py")).unwrap().modified().unwrap();
    it.write("new", "x");
    fs::File::options().write(true).open(it.path("new")).unwrap().set_modified(time).unwrap();
    it.rename("new", "a.py");
    assert_eq!(it.told().get("a.py"), Some(&HERE));
    fs::remove_dir_all(it.path("pkg")).unwrap();
    assert_eq!(it.told(), told(&[("pkg/c.py", GONE)]));
}

#[test]
fn the_other_systems_code_works_as_far_as_it_can_be_tried_here() {
    let mut it = Watched::new::<Portable>(false, &["a.py", "pkg/b.py", "venv/x.py"]);
    it.write("a.py", "2");
    it.write("venv/x.py", "2");
    it.rename("pkg/b.py", "pkg/c.py");
    assert_eq!(it.told(), told(&[("a.py", HERE), ("pkg/b.py", GONE), ("pkg/c.py", HERE)]));
    write(&it.root.with_file_name("other/deep/x.py"), "1");
    fs::rename(it.root.with_file_name("other"), it.path("other")).unwrap();
    assert_eq!(it.told().get("other/deep/x.py"), Some(&HERE));
    it.watcher.also(&["venv/x.py".into()]);
    it.told();
    it.write("venv/x.py", "3");
    assert_eq!(it.told(), told(&[("venv/x.py", HERE)]));
}

#[test]
fn dropping_it_stops_it() {
    for mut it in [Watched::native(&["a.py"]), Watched::polling(&["a.py"]), Watched::new::<Portable>(false, &["a.py"])] {
        it.told();
        // The other end of it is the worker's.
        let mut notices = std::mem::replace(&mut it.watcher.notices, notices::unbounded_channel().1);
        drop(it);
        while notices.blocking_recv().is_some() {}
    }
}
