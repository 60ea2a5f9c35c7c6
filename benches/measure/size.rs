//! The size of the Flask project's image, against an image built in a single stage on the same base.

use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::docker::{Original, image_size, remove_image};
use crate::stats::{Table, ratio};
use crate::workplace::{Workplace, output};

/// As a first Dockerfile looks.
const PLAIN: &str = "\
RUN apt-get update && apt-get install -y apache2 apache2-dev gcc libc6-dev python3 python3-dev python3-venv
RUN python3 -m venv /opt/venv
COPY . /app
RUN /opt/venv/bin/pip install -r /app/requirements.txt mod_wsgi
";

/// The same by somebody who knows how to keep an image small, short of a second stage.
const CAREFUL: &str = "\
RUN apt-get update && apt-get install -y --no-install-recommends \
    apache2-bin apache2-dev gcc libc6-dev python3 python3-dev python3-venv && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/venv
COPY . /app
RUN /opt/venv/bin/pip install --no-cache-dir -r /app/requirements.txt mod_wsgi
";

pub fn run(_rounds: usize) -> Result<()> {
    println!("## The Flask project's image\n");
    let work = Workplace::of("flask-factory")?;
    work.run(&["up", "--detach", "--port", "0", "--quiet"])?;
    let parity = image_size(Original::of(&work)?.image())?;
    work.run(&["down"])?;
    let base = base(&work)?;
    let mut table = Table::new(&["image", "MB", "parity's is"]);
    let megabytes = |bytes: u64| format!("{:.0}", bytes as f64 / 1e6);
    table.row(["the base of all".into(), megabytes(image_size(&base)?), String::new()]);
    table.row(["parity".into(), megabytes(parity), String::new()]);
    for (title, dockerfile) in [("one stage, careful", CAREFUL), ("one stage", PLAIN)] {
        let size = one_stage(&work, &base, dockerfile)?;
        table.row([title.to_owned(), megabytes(size), ratio(parity as f64 / size as f64)]);
    }
    table.print();
    Ok(())
}

/// The base that parity built on, as its own Dockerfile names it.
fn base(work: &Workplace) -> Result<String> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("rendered");
    work.run(&["config", "--quiet", "--render", &path.to_string_lossy()])?;
    let dockerfile = std::fs::read_to_string(path.join("Dockerfile"))?;
    let from = dockerfile.lines().find_map(|line| line.strip_prefix("FROM ")).ok_or("no FROM in the Dockerfile")?;
    Ok(from.split(' ').next().unwrap_or(from).to_owned())
}

/// Builds it with Docker's own command; the size.
fn one_stage(work: &Workplace, base: &str, steps: &str) -> Result<u64> {
    // A proxy that intercepts TLS: its CA costs the peer 0.2 MB of some hundred.
    let bundle = std::env::var("SSL_CERT_FILE").ok().filter(|file| Path::new(file).is_file());
    let mut dockerfile = format!("FROM {base}\nENV DEBIAN_FRONTEND=noninteractive\n");
    if let Some(bundle) = bundle {
        std::fs::copy(bundle, work.root.join("ca.crt"))?;
        dockerfile += "ENV PIP_CERT=/app/ca.crt\n";
    }
    work.write("Dockerfile", &(dockerfile + steps))?;
    let name = format!("parity-bench-one-stage:{}", std::process::id());
    output(Command::new("docker").args(["build", "--quiet", "--tag", &name]).arg(&work.root))?;
    let size = image_size(&name)?;
    remove_image(&name)?;
    Ok(size)
}
