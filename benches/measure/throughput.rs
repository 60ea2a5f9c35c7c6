//! Requests per second through `parity up`, against `mod_wsgi-express start-server` in a container of the same image
//! and limits, with the same processes and threads. Keep-alive connections from this process, over published ports.

use std::time::Duration;

use crate::Result;
use crate::docker::{Container, Original, free_port};
use crate::http::{address, first_200};
use crate::requests::{self, CONNECTIONS};
use crate::stats::{Samples, Table, ratio};
use crate::workplace::{Workplace, output};

/// One peer's turn.
const TURN: Duration = Duration::from_secs(2);
const DEADLINE: Duration = Duration::from_secs(60);

pub fn run(rounds: usize) -> Result<()> {
    println!("## Requests per second, {CONNECTIONS} keep-alive connections, 1 process of 5 threads\n");
    let mut table = Table::new(&["project", "n", "p50", "p10", "min", "ratio p50", "round by round"]);
    let plain = Workplace::of("plain-wsgi")?;
    let flask = Workplace::of("flask-factory")?;
    // mod_wsgi-express takes no factory; both peers get the same script.
    flask.write("wsgi.py", "from shop import create_app\n\napplication = create_app()\n")?;
    flask.write("parity.yaml", "app: wsgi:application\n")?;
    for (title, work, script) in [("plain WSGI", plain, "hello.wsgi"), ("Flask", flask, "wsgi.py")] {
        let (parity, express) = measure(&work, script, rounds)?;
        row(&mut table, &format!("{title}: mod_wsgi-express"), &express, []);
        let ratios = [parity.percentile(50.0) / express.percentile(50.0), parity.over(&express).percentile(50.0)];
        row(&mut table, &format!("{title}: parity up"), &parity, ratios.map(ratio));
    }
    table.print();
    Ok(())
}

/// More is better here, so the bad end is the low one.
fn row(table: &mut Table, name: &str, samples: &Samples, more: impl IntoIterator<Item = String>) {
    let mut cells = vec![name.to_owned(), samples.len().to_string()];
    cells.extend([50.0, 10.0, 0.0].map(|percent| format!("{:.0}", samples.percentile(percent))));
    cells.extend(more);
    table.row(cells);
}

fn measure(work: &Workplace, script: &str, rounds: usize) -> Result<(Samples, Samples)> {
    let url = work.run(&["up", "--detach", "--wait", "--port", "0", "--quiet", "--processes", "1", "--threads", "5"])?;
    let parity = address(&url)?;
    let container = Container::named("express");
    let express = free_port()?;
    // Its own start script must be executable, which Docker's tmpfs is not by default.
    let flags = ["--tmpfs", "/express:rw,exec,nosuid,nodev,mode=1777"];
    let start = format!(
        "mod_wsgi-express start-server {script} --server-root /express --port 8000 --processes 1 --threads 5 --log-to-terminal \
         --httpd-executable /usr/sbin/apache2 --modules-directory /usr/lib/apache2/modules --mime-types /etc/mime.types"
    );
    let start: Vec<String> = start.split(' ').map(String::from).collect();
    output(&mut Original::of(work)?.with(&container.0, express.port(), &flags, &start))?;
    for peer in [parity, express] {
        first_200(peer, "/", DEADLINE)?;
        requests::per_second(peer, TURN / 2)?;
    }
    let (mut ours, mut theirs) = (Samples::default(), Samples::default());
    for round in 0..rounds {
        for turn in 0..2 {
            if (round + turn) % 2 == 0 {
                theirs.push(requests::per_second(express, TURN)?);
            } else {
                ours.push(requests::per_second(parity, TURN)?);
            }
        }
    }
    Ok((ours, theirs))
}
