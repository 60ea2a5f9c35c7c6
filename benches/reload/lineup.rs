//! All peers of one project, which take turns.

use crate::Result;
use crate::patience;
use crate::peers::{PRODUCTION, Peer};
use crate::projects::Project;
use crate::server::{Server, Setup};

#[derive(Debug)]
pub struct LineUp {
    pub project: &'static Project,
    /// The same image and project with nothing that reloads.
    pub production: Server,
    pub entries: Vec<Entry>,
}

#[derive(Debug)]
pub struct Entry {
    pub peer: &'static Peer,
    /// Or why it does not take part, or no longer.
    server: std::result::Result<Server, String>,
}

impl LineUp {
    /// Starts them all. They sleep until it is their turn.
    pub fn of(project: &'static Project, peers: &[&'static Peer], processes: u32) -> Result<Self> {
        let setup = Setup { project, processes, lock: None, program: None };
        let production = Server::start(PRODUCTION, setup)?;
        production.freeze()?;
        let lock = production.lock()?;
        let mut entries = Vec::new();
        for peer in peers.iter().filter(|peer| peer.serves(project)) {
            if processes > 1 && !peer.has_several() {
                entries.push(Entry { peer, server: Err("it serves from one process only".into()) });
                continue;
            }
            let server = Server::start(peer, Setup { lock: Some(&lock), ..setup }).and_then(|server| server.freeze().map(|()| server));
            entries.push(Entry { peer, server: patience::or_reason(peer.title, server)? });
        }
        Ok(Self { project, production, entries })
    }

    /// Gives each its turn; another begins in each round. `None`: it does not take part.
    pub fn turns<T>(&mut self, round: usize, mut work: impl FnMut(&mut Server) -> Result<T>) -> Result<Vec<Option<T>>> {
        let count = self.entries.len();
        let mut done: Vec<Option<T>> = (0..count).map(|_| None).collect();
        for turn in 0..count {
            let index = (round + turn) % count;
            let entry = &mut self.entries[index];
            let Ok(server) = &mut entry.server else { continue };
            match patience::or_reason(entry.peer.title, server.awake(&mut work))? {
                Ok(result) => done[index] = Some(result),
                Err(reason) => entry.server = Err(reason),
            }
        }
        Ok(done)
    }

    pub fn print_absent(&self) {
        for Entry { peer, server } in &self.entries {
            if let Err(reason) = server {
                println!("{} was not run, or not to the end: {reason}\n", peer.title);
            }
        }
    }
}
