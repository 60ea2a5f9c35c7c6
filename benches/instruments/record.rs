//! What it costs to keep requests, and what is kept: `parity up --record` beside mod_wsgi-express' recorder, django-silk and
//! django-debug-toolbar.

use crate::Result;
use crate::costs::{self, Entry};
use crate::options::Options;
use crate::peers::{How, PLAIN, Peer, of_django, peer};
use crate::shown;

pub const RECORDED: &Peer = &peer("parity up --record", "", How::Foreground(&["--record"]));
pub const EXPRESS: &Peer =
    &peer("mod_wsgi-express --enable-recorder", "", How::Express("--enable-recorder --recorder-directory /app/.measured/archive"));
pub const SILK: &Peer = &of_django("django-silk", "silk");
pub const TOOLBAR: &Peer = &of_django("django-debug-toolbar", "toolbar");
const PLAIN_EXPRESS: &Peer = &peer("mod_wsgi-express", "", How::Express(""));

const PEERS: [&Peer; 6] = [PLAIN, RECORDED, PLAIN_EXPRESS, EXPRESS, SILK, TOOLBAR];
const PATH: &str = "/";

pub fn run(options: &Options) -> Result<()> {
    for project in &options.projects {
        let peers = PEERS.into_iter().filter(|peer| peer.serves(project));
        let mut entries = peers.map(|peer| Entry::start(peer, project, PATH)).collect::<Result<Vec<_>>>()?;
        // What is kept is removed after each turn where nothing else bounds it: a directory with all files of all turns is slower.
        let turn = |entry: &mut Entry| entry.turn(PATH, |_| Ok(()), |server, ()| server.forget());
        costs::rounds(&mut entries, options.rounds, turn)?;
        costs::print(&format!("Requests recorded, {}", project.title), &entries);
        shown::print(project, &entries)?;
    }
    Ok(())
}
