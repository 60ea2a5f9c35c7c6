//! `parity smoke --url` against a small server that can misbehave; no engine.

mod checks;
mod commands;
#[path = "../common/mod.rs"]
mod common;
mod reports;
mod running;
mod trouble;

use common::Parity;
use common::server::Server;
use serde_json::Value;
use tempfile::TempDir;

/// A project with checks, and a server to ask.
struct Project {
    dir: TempDir,
    server: Server,
}

impl Project {
    fn new(checks: &str) -> Self {
        Self::at(Server::start(), checks)
    }

    fn at(server: Server, checks: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("parity.yaml"), checks).unwrap();
        Self { dir, server }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    fn parity(&self, arguments: &[&str]) -> Parity {
        let url = self.server.url.as_str();
        let (mine, command) = match arguments.iter().position(|argument| *argument == "--") {
            Some(at) => arguments.split_at(at),
            None => (arguments, &[][..]),
        };
        Parity::new(self.dir.path(), self.dir.path(), &[&["smoke", "--url", url], mine, command].concat())
            .env("DOCKER_HOST", "unix:///nonexistent")
    }

    /// What became of each check, as the JSON report has it.
    fn outcomes(&self, arguments: &[&str]) -> Vec<Value> {
        let ran = self.parity(&[&["--format", "json"], arguments].concat()).run();
        let [report] = ran.json().try_into().unwrap_or_else(|_| panic!("one report: {ran}"));
        report["outcomes"].as_array().unwrap().clone()
    }

    /// `passed`, or the texts of the findings, or why it was skipped.
    fn verdicts(&self, arguments: &[&str]) -> Vec<String> {
        let verdict = |outcome: &Value| match outcome["status"].as_str().unwrap() {
            "failed" => outcome["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|finding| finding["text"].as_str().unwrap())
                .collect::<Vec<_>>()
                .join("; "),
            "skipped" => format!("skipped: {}", outcome["reason"].as_str().unwrap()),
            passed => passed.to_owned(),
        };
        self.outcomes(arguments).iter().map(verdict).collect()
    }
}

/// The report without times and ports.
fn steady(text: &str) -> String {
    let mut text = regex::Regex::new(r"\d+(\.\d+)? m?s\b").unwrap().replace_all(text, "T").into_owned();
    text = regex::Regex::new(r"127\.0\.0\.1:\d+").unwrap().replace_all(&text, "HOST").into_owned();
    text
}

/// One line for each check of one expectation, asked of one path.
fn expecting(path: &str, expectations: &[&str]) -> String {
    let check = |(at, expect): (usize, &&str)| format!("- {{name: c{at}, request: {{path: {path}}}, expect: {expect}}}\n");
    format!("smoke:\n{}", expectations.iter().enumerate().map(check).collect::<String>())
}
