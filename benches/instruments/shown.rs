//! What peers have kept of the same two requests: a form with secrets that is answered, and a request that fails. Looked for by marks in
//! all that a peer has stored.

use crate::Result;
use crate::costs::Entry;
use crate::http::Connection;
use crate::patience;
use crate::peers::{PLAIN, Peer, Project};
use crate::record::{EXPRESS, RECORDED, SILK, TOOLBAR};
use crate::server::Server;
use crate::stats::Table;

const FORM: &str = "name=seen-request-body&password=hush-password";
/// What is looked for, and in which column it is told.
const MARKS: [(&str, &str); 6] = [
    ("request headers", "seen-request-header"),
    ("request body", "seen-request-body"),
    ("response headers", "seen-response-header"),
    ("response body", "seen-response-body"),
    ("SQL", "auth_group"),
    ("exception", "seen-exception"),
];
const SECRETS: [(&str, &str); 4] = [
    ("cookie", "hush-cookie"),
    ("Authorization", "hush-authorization"),
    ("password of the form", "hush-password"),
    ("token in the URL", "hush-query"),
];
const STORED: std::time::Duration = std::time::Duration::from_millis(1500);
/// All that django-silk has in its tables. It keeps bodies of answers in base64.
const DUMP: &str = "
import base64, sqlite3
store = sqlite3.connect('/app/db.sqlite3')
print(*(line for line in store.iterdump() if 'silk_' in line), sep='\\n')
for (body,) in store.execute('SELECT raw_body FROM silk_response'):
    print(base64.b64decode(body).decode(errors='replace'))
";

pub fn print(project: &Project, entries: &[Entry]) -> Result<()> {
    let columns: Vec<&str> = [""].into_iter().chain(MARKS.map(|mark| mark.0)).chain(["secrets in clear"]).collect();
    let mut table = Table::new(&columns);
    for entry in entries {
        let Ok(server) = &entry.server else { continue };
        let Some(dump) = dump_of(entry.peer) else { continue };
        ask(server)?;
        patience::sleep(STORED)?;
        let kept = dump(server)?;
        let has = |mark: &str| kept.contains(mark) || kept.contains(&mark.replace('"', "\\\""));
        let clear: Vec<_> = SECRETS.iter().filter(|(_, mark)| has(mark)).map(|(name, _)| *name).collect();
        let clear = if clear.is_empty() { "none".to_owned() } else { clear.join(", ") };
        let marks = MARKS.iter().map(|(_, mark)| if has(mark) { "yes" } else { "no" }.to_owned());
        table.row([entry.peer.title.to_owned()].into_iter().chain(marks).chain([clear]));
    }
    println!("### What is kept of a form and of a request that fails, {}\n", project.title);
    table.print();
    Ok(())
}

type Dump = fn(&Server) -> Result<String>;

fn dump_of(peer: &Peer) -> Option<Dump> {
    let dumps: [(&Peer, Dump); 4] = [(RECORDED, shown), (EXPRESS, files), (SILK, tables), (TOOLBAR, panels)];
    // Peers are compared by their titles, as they are in tables.
    dumps.into_iter().find(|(known, _)| known.title == peer.title && peer.title != PLAIN.title).map(|(_, dump)| dump)
}

/// The form, and the request that fails.
fn ask(server: &Server) -> Result<()> {
    let head = "Host: localhost\r\nCookie: sessionid=hush-cookie\r\nAuthorization: Bearer hush-authorization\r\n\
                X-Marked: seen-request-header\r\n";
    let form = format!("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{FORM}", FORM.len());
    Connection::open(server.address)?.send(&format!("POST /measured/order?token=hush-query HTTP/1.1\r\n{head}{form}"))?;
    Connection::open(server.address)?.send(&format!("GET /measured/fail HTTP/1.1\r\n{head}\r\n"))?;
    Ok(())
}

/// What `parity requests show` says of the two.
fn shown(server: &Server) -> Result<String> {
    let list = server.run(&["requests", "--last", "2", "--format", "json"])?;
    let mut all = list.clone();
    for line in list.lines() {
        let id = serde_json::from_str::<serde_json::Value>(line)?["id"].to_string();
        all += &server.run(&["requests", "show", &id, "--whole"])?;
    }
    Ok(all)
}

fn files(server: &Server) -> Result<String> {
    let mut all = String::new();
    for entry in std::fs::read_dir(server.measured().join("archive"))? {
        all += &String::from_utf8_lossy(&std::fs::read(entry?.path())?);
    }
    Ok(all)
}

fn tables(server: &Server) -> Result<String> {
    server.exec(&["python", "-c", DUMP])
}

fn panels(server: &Server) -> Result<String> {
    let (_, body) = Connection::open(server.address)?.get("/measured/kept")?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}
