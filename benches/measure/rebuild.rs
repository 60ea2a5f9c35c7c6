//! What `parity up` does when it need not do anything, and when one requirement changed. Work is counted, not only timed.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Result;
use crate::docker::{Original, layers, remove_image};
use crate::stats::{Samples, Table};
use crate::workplace::Workplace;

const UP: &[&str] = &["up", "--detach", "--wait", "--port", "0", "--format", "json"];

pub fn run(rounds: usize) -> Result<()> {
    let work = Workplace::of("flask-factory")?;
    up(&work)?;
    nothing_changed(&work, rounds)?;
    one_requirement(&work)
}

fn nothing_changed(work: &Workplace, rounds: usize) -> Result<()> {
    println!("## A second `parity up`, nothing changed, Flask (ms)\n");
    let (mut running, mut stopped) = (Samples::default(), Samples::default());
    let mut stages = 0;
    for _ in 0..rounds {
        let (took, events) = up(work)?;
        running.push_time(took);
        stages += begun(&events);
        work.run(&["down"])?;
        let (took, events) = up(work)?;
        stopped.push_time(took);
        stages += begun(&events);
    }
    let mut table = Table::new(&["", "n", "p50", "p90", "max"]);
    table.samples("while the first one runs", &running, 0, []);
    table.samples("after `parity down`", &stopped, 0, []);
    table.print();
    println!("Stages of a build in all of them: {stages}.\n");
    Ok(())
}

fn one_requirement(work: &Workplace) -> Result<()> {
    println!("## One requirement changed, Flask\n");
    let before = Original::of(work)?.image().to_owned();
    let requirements = std::fs::read_to_string(work.root.join("requirements.txt"))?;
    // The comment makes the file one that no earlier run has built already.
    let changed = requirements.replace("Jinja2==3.1.6", "Jinja2==3.1.5") + &format!("# {}\n", std::process::id());
    work.write("requirements.txt", &changed)?;
    let (took, events) = up(work)?;
    let mut table = Table::new(&["stage", "seconds", ""]);
    for event in events.iter().filter(|event| event["event"] == "stage-done") {
        table.row([text(&event["title"]), event["seconds"].to_string(), text(&event["detail"])]);
    }
    table.row(["all of `parity up`".into(), format!("{:.1}", took.as_secs_f64()), String::new()]);
    table.print();
    let after = Original::of(work)?.image().to_owned();
    let (old, new) = (layers(&before)?, layers(&after)?);
    let shared = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let compiled = events.iter().any(|event| text(&event["text"]).contains("Building wheel for mod_wsgi"));
    println!(
        "The new image shares its first {shared} of {} layers; mod_wsgi was {}compiled again.\n",
        new.len(),
        if compiled { "" } else { "not " }
    );
    work.run(&["down"])?;
    remove_image(&after)
}

/// Runs it to its end: how long, and what it reported.
fn up(work: &Workplace) -> Result<(Duration, Vec<Value>)> {
    let begun = Instant::now();
    let said = work.run(UP)?;
    let took = begun.elapsed();
    let events = said.lines().map(serde_json::from_str).collect::<std::result::Result<_, _>>()?;
    Ok((took, events))
}

fn begun(events: &[Value]) -> usize {
    events.iter().filter(|event| event["event"] == "stage-started").count()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
