//! The thread behind a `Watcher`: waits for events or compares files, and begins anew when the tree has slipped from sight.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use super::Notice;
use super::ground::{End, Ground, Order};
use super::medium::{self, Obstacle};
use super::native::Native;
use super::poll::Snapshot;
use super::source::Source;

/// How often to look whether a root that vanished is back.
const LOOK: Duration = Duration::from_millis(50);

pub(super) struct Worker<S: Source> {
    ground: Ground,
    way: Way<S>,
    /// Once files are compared, they are.
    polling: bool,
    openings: usize,
    orders: Sender<Order<S::Raw>>,
    inbox: Receiver<Order<S::Raw>>,
    outbox: UnboundedSender<Notice>,
}

enum Way<S> {
    Native(Native<S>),
    Polling(Snapshot),
}

impl<S: Source> Worker<S> {
    /// Watches from before this returns.
    pub fn start(
        ground: Ground,
        polling: bool,
        orders: Sender<Order<S::Raw>>,
        inbox: Receiver<Order<S::Raw>>,
        outbox: UnboundedSender<Notice>,
    ) -> io::Result<Self> {
        let obstacle = if polling { Some(medium::asked_for()) } else { medium::without_events(&ground.root) };
        let way = Way::Polling(Snapshot::default());
        let mut worker = Self { ground, way, polling: false, openings: 0, orders, inbox, outbox };
        if let Some(obstacle) = obstacle {
            worker.compare_from_now_on(obstacle);
        }
        worker.open()?;
        Ok(worker)
    }

    /// Works until it is stopped, or has to tell why it cannot.
    pub fn run(mut self) {
        loop {
            let end = match &mut self.way {
                Way::Native(native) => native.run(&mut self.ground, &self.inbox, &self.outbox),
                Way::Polling(snapshot) => snapshot.run(&mut self.ground, &self.inbox, &self.outbox),
            };
            let end = match end {
                End::Lost | End::RootGone => self.begin_anew(),
                End::Limit(error) => {
                    self.compare_from_now_on(medium::limit(&error));
                    self.begin_anew()
                }
                end => Some(end),
            };
            match end {
                None => {}
                Some(End::Failed(why)) => return self.tell(Notice::Failed { why }),
                Some(_) => return,
            }
        }
    }

    fn tell(&self, notice: Notice) {
        // A watcher that was dropped hears nothing, and an order to stop is on its way.
        let _ = self.outbox.send(notice);
    }

    fn compare_from_now_on(&mut self, Obstacle { why, hint }: Obstacle) {
        self.polling = true;
        self.tell(Notice::Polling { why, hint });
    }

    /// Sets the watches, or notes how the files are now.
    fn open(&mut self) -> io::Result<()> {
        std::fs::read_dir(&self.ground.root)?;
        if !self.polling {
            // The watches of the one before count towards the limit.
            self.way = Way::Polling(Snapshot::default());
            self.openings += 1;
            match Native::open(&self.ground, self.openings, self.orders.clone()) {
                Ok(native) => {
                    self.way = Way::Native(native);
                    return Ok(());
                }
                // Else it is the root that vanished meanwhile.
                Err(error) if self.ground.root.is_dir() => self.compare_from_now_on(medium::limit(&error)),
                Err(error) => return Err(error),
            }
        }
        self.way = Way::Polling(Snapshot::take(&self.ground)?);
        Ok(())
    }

    /// Watches the tree that is there now, as soon as there is one. `None`: it does.
    fn begin_anew(&mut self) -> Option<End> {
        let begin = Instant::now();
        loop {
            let Err(error) = self.open() else {
                self.tell(Notice::Lost);
                return None;
            };
            if begin.elapsed() >= self.ground.pace.patience {
                let (root, seconds) = (self.ground.root.display(), self.ground.pace.patience.as_secs());
                return Some(End::Failed(format!("{root} was deleted or moved and is not back after {seconds} seconds ({error})")));
            }
            match self.inbox.recv_timeout(LOOK) {
                Ok(Order::Also(directories)) => self.ground.also.extend(directories),
                Ok(Order::Events(..)) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return Some(End::Stopped),
            }
        }
    }
}
