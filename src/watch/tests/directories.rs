//! Directories come, move and go, and so does the root.

use std::fs;

use super::*;

#[test]
fn directories_come_and_go_with_all_that_is_in_them() {
    let mut it = Watched::native(&["a.py", "pkg/b.py", "pkg/deep/c.py"]);
    assert_eq!(it.watcher.directories(), 3);
    write(&it.root.with_file_name("other/x.py"), "1");
    write(&it.root.with_file_name("other/deep/er/y.py"), "1");
    fs::rename(it.root.with_file_name("other"), it.path("other")).unwrap();
    assert_eq!(it.told(), told(&[("other/x.py", HERE), ("other/deep/er/y.py", HERE)]));
    it.write("other/deep/er/y.py", "2");
    assert_eq!(it.told(), told(&[("other/deep/er/y.py", HERE)]));
    it.rename("other", "another");
    assert_eq!(it.told(), told(&[("other", GONE), ("another/x.py", HERE), ("another/deep/er/y.py", HERE)]));
    it.write("another/deep/er/z.py", "1");
    assert_eq!(it.told(), told(&[("another/deep/er/z.py", HERE)]));
    fs::rename(it.path("another"), it.root.with_file_name("outside")).unwrap();
    assert_eq!(it.told(), told(&[("another", GONE)]));
    write(&it.root.with_file_name("outside/x.py"), "2");
    assert_eq!(it.told(), told(&[]));
    assert_eq!(it.watcher.directories(), 3);
    fs::remove_dir_all(it.path("pkg")).unwrap();
    assert_eq!(it.told().get("pkg"), Some(&GONE));
    it.write("pkg/deep/c.py", "3");
    assert_eq!(it.told(), told(&[("pkg/deep/c.py", HERE)]));
    assert_eq!(it.watcher.directories(), 3);
}

/// The new directory is found before its move away from the old place is read: one directory of the kernel, two names.
#[test]
fn a_directory_moved_into_a_new_one_stays_watched() {
    let mut it = Watched::native(&["pkg/a.py"]);
    for round in 0..100 {
        fs::create_dir(it.path("new")).unwrap();
        it.rename("pkg", "new/pkg");
        let all = it.told();
        assert_eq!((all.get("pkg"), all.get("new/pkg/a.py")), (Some(&GONE), Some(&HERE)), "{round}");
        it.write("new/pkg/a.py", "2");
        assert_eq!(it.told(), told(&[("new/pkg/a.py", HERE)]), "{round}");
        it.rename("new/pkg", "pkg");
        fs::remove_dir(it.path("new")).unwrap();
        it.told();
    }
    assert_eq!(it.watcher.directories(), 2);
}

#[test]
fn no_file_of_a_new_directory_is_lost() {
    let mut it = Watched::native(&[]);
    for index in 0..1000 {
        it.write(&format!("d{index}/e/f.py"), "1");
    }
    let all = it.told_until(|told| told.len() >= 1000);
    assert!((0..1000).all(|index| all.get(&format!("d{index}/e/f.py")) == Some(&HERE)));
    assert_eq!(it.watcher.directories(), 2001);
    fs::remove_dir_all(it.path("d7")).unwrap();
    it.write("d7/e/f.py", "2");
    it.write("d8/e/g.py", "2");
    assert!(it.told_until(|told| told.contains_key("d8/e/g.py")).contains_key("d7/e/f.py"));
}

#[test]
fn what_is_skipped_is_silent_but_for_what_was_loaded() {
    let files = ["a.py", "venv/lib/site/x.py", "venv/lib/site/pkg/y.py", "venv/lib/other.py", ".git/index"];
    for mut it in [Watched::native(&files), Watched::polling(&files)] {
        assert_eq!(it.watcher.directories(), 1);
        let change_all = |it: &Watched, text: &str| files.iter().for_each(|file| it.write(file, text));
        change_all(&it, "22");
        it.write("pkg/__pycache__/a.pyc", "1");
        assert_eq!(it.told(), told(&[("a.py", HERE)]));
        for _ in 0..2 {
            it.watcher.also(&["a.py".into(), "venv/lib/site/x.py".into()]);
            it.told();
        }
        change_all(&it, "333");
        it.write("venv/lib/site/new/z.py", "1");
        assert_eq!(it.told(), told(&[("a.py", HERE), ("venv/lib/site/x.py", HERE)]));
        assert_eq!(it.watcher.directories(), 3);
        it.watcher.also(&["venv/lib/site/pkg/y.py".into()]);
        it.told();
        fs::remove_dir_all(it.path("venv/lib/site/pkg")).unwrap();
        it.write("venv/lib/site/pkg/y.py", "new");
        assert_eq!(it.told().get("venv/lib/site/pkg/y.py"), Some(&HERE));
    }
}

#[test]
fn the_root_may_be_replaced_but_not_lost() {
    for mut it in [Watched::native(&["a.py"]), Watched::polling(&["a.py"]), Watched::new::<Portable>(false, &["a.py"])] {
        fs::rename(&it.root, it.root.with_file_name("old")).unwrap();
        write(&it.root.with_file_name("fresh/pkg/b.py"), "1");
        fs::rename(it.root.with_file_name("fresh"), &it.root).unwrap();
        while it.next() != Notice::Lost {}
        it.write("pkg/b.py", "22");
        assert_eq!(it.told().get("pkg/b.py"), Some(&HERE));
        fs::remove_dir_all(&it.root).unwrap();
        let why = loop {
            if let Notice::Failed { why } = it.next() {
                break why;
            }
        };
        assert!(why.starts_with(&format!("{} was deleted or moved", it.root.display())), "{why}");
        let after = it.runtime.block_on(async { tokio::time::timeout(Duration::from_millis(20), it.watcher.next()).await });
        assert!(after.is_err(), "{after:?}");
        it.watcher.also(&["venv/x.py".into()]);
    }
}

/// A container's mount keeps the deleted directory, which then says nothing.
#[test]
fn a_root_that_is_held_open_may_be_replaced() {
    let mut it = Watched::native(&["a.py"]);
    let _held = fs::File::open(&it.root).unwrap();
    fs::remove_dir_all(&it.root).unwrap();
    fs::create_dir(&it.root).unwrap();
    while it.next() != Notice::Lost {}
    it.write("a.py", "2");
    assert_eq!(it.told(), told(&[("a.py", HERE)]));
}
