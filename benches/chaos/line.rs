//! The engine's socket, with a switch: the connection can be cut, stalled and restored while parity runs.

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::Result;
use crate::engine::SOCKET;

const STEP: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub struct Line {
    socket: PathBuf,
    connections: Arc<Mutex<Vec<Connection>>>,
    stalled: Arc<AtomicBool>,
}

/// Both ends of what passes, for whoever cuts it.
#[derive(Debug)]
struct Connection {
    ends: [UnixStream; 2],
    over: Arc<AtomicBool>,
}

impl Line {
    /// At a path where nothing is yet.
    pub fn open(socket: &Path) -> Result<Self> {
        let line = Self { socket: socket.to_owned(), connections: Arc::default(), stalled: Arc::default() };
        line.listen()?;
        Ok(line)
    }

    pub fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    fn listen(&self) -> Result<()> {
        let listener = UnixListener::bind(&self.socket)?;
        // Whoever runs parity in the walk.
        fs::set_permissions(&self.socket, fs::Permissions::from_mode(0o666))?;
        let (connections, stalled) = (Arc::clone(&self.connections), Arc::clone(&self.stalled));
        // It ends with the program: nobody connects to a socket without a name.
        thread::spawn(move || {
            for here in listener.incoming() {
                let Ok(here) = here else { return };
                let Ok(there) = UnixStream::connect(SOCKET) else { continue };
                let copies = (here.try_clone(), there.try_clone(), here.try_clone(), there.try_clone());
                let (Ok(one), Ok(other), Ok(asking), Ok(asked)) = copies else { continue };
                let over = Arc::new(AtomicBool::new(false));
                let mut open = connections.lock().unwrap_or_else(PoisonError::into_inner);
                open.retain(|connection| !connection.over.load(Ordering::SeqCst));
                open.push(Connection { ends: [one, other], over: Arc::clone(&over) });
                copy(asking, asked, Arc::clone(&stalled), None);
                copy(there, here, Arc::clone(&stalled), Some(over));
            }
        });
        Ok(())
    }

    /// As when the engine is stopped.
    pub fn cut(&self) {
        let _ = fs::remove_file(&self.socket);
        for stream in self.connections.lock().unwrap_or_else(PoisonError::into_inner).drain(..).flat_map(|connection| connection.ends) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// From now on nothing passes.
    pub fn stall(&self) {
        self.stalled.store(true, Ordering::SeqCst);
    }

    /// As when the engine is started, or goes on.
    pub fn mend(&self) -> Result<()> {
        self.stalled.store(false, Ordering::SeqCst);
        if self.socket.exists() { Ok(()) } else { self.listen() }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.stalled.store(false, Ordering::SeqCst);
        self.cut();
    }
}

/// Copies until either end is closed; `over` says so.
fn copy(mut from: UnixStream, mut to: UnixStream, stalled: Arc<AtomicBool>, over: Option<Arc<AtomicBool>>) {
    thread::spawn(move || {
        let mut piece = vec![0; 64 << 10];
        while let Ok(read @ 1..) = from.read(&mut piece) {
            while stalled.load(Ordering::SeqCst) {
                thread::sleep(STEP);
            }
            if to.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
        // Whoever is gone reads no more either: a log that is not wanted any longer must end.
        let _ = from.shutdown(Shutdown::Read);
        if let Some(over) = over {
            over.store(true, Ordering::SeqCst);
        }
    });
}
