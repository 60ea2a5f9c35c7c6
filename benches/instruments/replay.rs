//! How fast recorded requests are asked again: `parity replay` beside Apache's `ab`, at the same server.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::load::{End, load};
use crate::options::Options;
use crate::peers::{PLAIN, PROJECTS};
use crate::server::Server;
use crate::stats::{Samples, Table, ratio};
use crate::workplace::output;
use crate::{Result, files, patience};

const REQUESTS: usize = 1000;
const AT_ONCE: usize = 8;
const PATH: &str = "/measured/items";

pub fn run(options: &Options) -> Result<()> {
    for project in PROJECTS.iter().filter(|project| options.projects.iter().any(|wanted| wanted.name == project.name)) {
        let server = Server::start(PLAIN, project, "")?;
        recorded(&server)?;
        let url = format!("http://{}{PATH}", server.address);
        let [mut replay, mut ab, mut own] = [const { None::<()> }; 3].map(|_| Samples::default());
        load(server.address, PATH, AT_ONCE, End::Count(REQUESTS))?;
        for round in 0..options.rounds {
            for turn in 0..3 {
                patience::sleep(Duration::ZERO)?;
                match (round + turn) % 3 {
                    0 => replay.push(replayed(&server)?),
                    1 => ab.push(by_ab(&url)?),
                    _ => own.push(load(server.address, PATH, AT_ONCE, End::Count(REQUESTS))?.per_second),
                }
            }
        }
        println!("### {REQUESTS} requests, {AT_ONCE} at once, {} (requests/s)\n", project.title);
        let mut table = Table::new(&["", "n", "p50", "p10", "min", "ratio p50", "round by round"]);
        for (title, samples) in
            [("ab -k", &ab), ("this program's clients", &own), ("parity replay --all --jobs 8, from its start to its end", &replay)]
        {
            let rates = [50.0, 10.0, 0.0].map(|percent| format!("{:.0}", samples.percentile(percent)));
            let ratios = [samples.percentile(50.0) / ab.percentile(50.0), samples.over(&ab).percentile(50.0)].map(ratio);
            table.row([title.to_owned(), samples.len().to_string()].into_iter().chain(rates).chain(ratios));
        }
        table.print();
    }
    Ok(())
}

/// Has that many in the store, as the server answers them.
fn recorded(server: &Server) -> Result<()> {
    let (_, body) = crate::http::Connection::open(server.address)?.get(PATH)?;
    let body = String::from_utf8(body)?;
    let entries: Vec<_> = (0..REQUESTS)
        .map(|number| {
            files::entry(number, &body).replace(&format!("/orders/{number}"), PATH).replace("text/plain", "text/html; charset=utf-8")
        })
        .collect();
    let file = server.root().join("recorded.har");
    files::write(&file, &entries)?;
    server.run(&["requests", "import", "recorded.har"]).map(drop)
}

fn replayed(server: &Server) -> Result<f64> {
    let mut command = server.parity(&["replay", "--all", "--jobs", &AT_ONCE.to_string()]);
    let begun = Instant::now();
    let done = command.output()?;
    let took = begun.elapsed();
    let said = String::from_utf8_lossy(&done.stdout);
    // 2: some answers differ, as Date and the like are not compared, but a server's own header fields may be.
    match (done.status.code(), said.lines().last()) {
        (Some(0 | 2), Some(last)) if last.starts_with(&format!("{REQUESTS} requests")) => Ok(REQUESTS as f64 / took.as_secs_f64()),
        (code, last) => Err(format!("parity replay: {code:?} {last:?} {}", String::from_utf8_lossy(&done.stderr)).into()),
    }
}

fn by_ab(url: &str) -> Result<f64> {
    let mut command = Command::new("ab");
    command.args(["-q", "-k", "-c", &AT_ONCE.to_string(), "-n", &REQUESTS.to_string(), url]);
    let said = output(&mut command).map_err(|error| format!("{error}: Debian's apache2-utils has ab"))?;
    let rate = said.lines().find_map(|line| line.strip_prefix("Requests per second:")?.split_whitespace().next()?.parse().ok());
    rate.ok_or_else(|| "ab says no rate".into())
}
