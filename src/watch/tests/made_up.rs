//! What a real system does rarely: limits, lost events, an end.

use std::fs;

use super::*;
use crate::watch::source::Event;

/// A source whose events the tests make up, and which takes so many watches only.
struct Limited<const WATCHES: usize>(AtomicUsize);

enum Play {
    This(Event),
    End,
    Panic,
}

type Sink = Box<dyn Fn(io::Result<Vec<Play>>) + Send>;

thread_local! {
    /// The way into each opening of the source on this thread.
    static OPENED: std::cell::RefCell<Vec<Sink>> = const { std::cell::RefCell::new(Vec::new()) };
}

impl<const WATCHES: usize> Source for Limited<WATCHES> {
    type Raw = Play;

    fn open(_: &Path, sink: impl Fn(io::Result<Vec<Play>>) + Send + 'static) -> io::Result<Self> {
        OPENED.with_borrow_mut(|opened| opened.push(Box::new(sink)));
        if WATCHES == 0 { Err(io::Error::from_raw_os_error(24)) } else { Ok(Self(AtomicUsize::new(0))) }
    }

    fn watch(&self, _: &str) -> io::Result<()> {
        let is_full = self.0.fetch_add(1, Ordering::Relaxed) >= WATCHES;
        if is_full { Err(io::Error::from_raw_os_error(28)) } else { Ok(()) }
    }

    fn forget(&self, _: &str) {}

    fn interpret(&self, raw: Play) -> Vec<Event> {
        match raw {
            Play::This(event) => vec![event],
            Play::End => Vec::new(),
            Play::Panic => panic!("as the test wants it"),
        }
    }

    fn directories(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn play(events: io::Result<Vec<Play>>) {
    OPENED.with_borrow(|opened| opened.last().unwrap()(events));
}

fn hint(notice: Notice) -> String {
    match notice {
        Notice::Polling { hint: Some(hint), .. } => hint,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_limit_means_polling() {
    for (mut it, setting) in [
        (Watched::new::<Limited<0>>(false, &["a.py"]), "fs.inotify.max_user_instances=1024"),
        (Watched::new::<Limited<1>>(false, &["a.py", "pkg/b.py"]), "fs.inotify.max_user_watches=524288"),
    ] {
        let said = hint(it.next());
        assert!(said.contains(setting), "{said}");
        it.write("a.py", "22");
        assert_eq!(it.told(), told(&[("a.py", HERE)]));
    }
}

#[test]
fn a_limit_that_is_reached_later_means_polling_too() {
    let mut it = Watched::new::<Limited<1>>(false, &["a.py"]);
    it.write("pkg/b.py", "1");
    play(Ok(vec![Play::This(Event::DirectoryMade("pkg".into()))]));
    assert!(hint(it.next()).contains("max_user_watches"));
    assert_eq!(it.next(), Notice::Lost);
    it.write("pkg/b.py", "22");
    assert_eq!(it.told(), told(&[("pkg/b.py", HERE)]));
}

#[test]
fn an_overflow_means_that_the_tree_is_looked_through_again() {
    let mut it = Watched::new::<Limited<2>>(false, &["a.py"]);
    assert_eq!(it.watcher.directories(), 1);
    fs::create_dir(it.path("pkg")).unwrap();
    play(Ok(vec![Play::This(Event::Saved("a.py".into())), Play::This(Event::Overflow), Play::This(Event::Saved("b.py".into()))]));
    assert_eq!(it.next(), Notice::Changed(vec![Change { path: "a.py".into(), gone: false }]));
    assert_eq!(it.next(), Notice::Lost);
    assert_eq!(it.watcher.directories(), 2);
    // What the former source still had to say is of no interest.
    play(Ok(vec![Play::This(Event::Overflow)]));
    play(Err(io::Error::other("closed")));
    it.write("pkg/b.py", "1");
}

#[test]
fn it_never_ends_in_silence() {
    let mut it = Watched::new::<Limited<9>>(false, &["a.py"]);
    play(Ok(vec![Play::End]));
    play(Err(io::Error::other("no more")));
    assert_eq!(it.next(), Notice::Failed { why: "the system's file events ended: no more".into() });
    let mut it = Watched::new::<Limited<9>>(false, &["a.py"]);
    play(Ok(vec![Play::Panic]));
    assert_eq!(it.next(), Notice::Failed { why: "the thread that watches the files ended unexpectedly".into() });
}
