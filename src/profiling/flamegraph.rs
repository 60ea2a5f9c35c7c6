//! A flame graph: one HTML file without anything from elsewhere.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::model::{Function, Profile};
use super::tree::calls;

const TEMPLATE: &str = include_str!("../../templates/flamegraph.html");
/// What it has in common with the page of recorded requests.
pub const STYLE: &str = include_str!("../../templates/flame.css");
pub const SCRIPT: &str = include_str!("../../templates/flame.js");
/// Calls that a file has; those that take least are left out first.
const MOST_CALLS: usize = 20_000;

/// `before`: another profile that it is compared with.
pub fn write(profile: &Profile, title: &str, before: Option<&Profile>) -> String {
    let mut data = data(profile, before, MOST_CALLS);
    data["title"] = title.into();
    // The place of the title comes before all that may have such a word in it.
    let parts = [("@STYLE@", STYLE.into()), ("@FLAME@", SCRIPT.into()), ("@DATA@", embedded(&data)), ("@TITLE@", escaped(title))];
    parts.into_iter().fold(TEMPLATE.to_owned(), |html, (name, text)| html.replacen(name, &text, 1))
}

/// What the script draws: packages, functions, and calls with their times. No more than `most` calls.
pub fn data(profile: &Profile, before: Option<&Profile>, most: usize) -> Value {
    let before = before.map(shares);
    let all = calls(profile);
    let mut least = 1;
    while all.iter().filter(|call| call.total.wall() >= least).count() > most {
        least *= 2;
    }
    let mut packages: Vec<String> = Vec::new();
    let functions: Vec<Value> = profile
        .functions
        .iter()
        .map(|function| {
            let label = function.package.label();
            let package = packages.iter().position(|known| *known == label).unwrap_or_else(|| {
                packages.push(label);
                packages.len() - 1
            });
            json!([function.name, function.file, function.line, package])
        })
        .collect();
    // Depth first, so that a parent comes before its children.
    let mut written: Vec<Value> = Vec::new();
    let mut todo: Vec<(usize, i64, Path)> = vec![(0, -1, Path::new())];
    while let Some((number, parent, path)) = todo.pop() {
        let call = &all[number];
        let path = match call.function {
            Some(function) => [path, vec![named(&profile.functions[function as usize])]].concat(),
            None => path,
        };
        let total = call.total;
        let function = call.function.map_or(-1, i64::from);
        let mut cells = [parent, function].map(Value::from).to_vec();
        cells.extend([total.cpu, total.wait, total.gil, total.queue, total.samples].map(Value::from));
        if let Some(before) = &before {
            cells.push(json!(before.get(&path).copied().unwrap_or(0.0)));
        }
        let at = written.len() as i64;
        written.push(Value::Array(cells));
        let children = call.children.iter().rev().filter(|child| all[**child].total.wall() >= least);
        todo.extend(children.map(|child| (*child, at, if before.is_some() { path.clone() } else { Path::new() })));
    }
    json!({
        "packages": packages,
        "functions": functions,
        "calls": written,
        "requests": profile.requests(),
        "compared": before.is_some(),
    })
}

/// The calls that lead to a call, by name and file.
type Path = Vec<(String, String)>;

fn named(function: &Function) -> (String, String) {
    (function.name.clone(), function.file.clone())
}

/// Microseconds of a request, by path.
fn shares(profile: &Profile) -> BTreeMap<Path, f64> {
    let all = calls(profile);
    let requests = profile.requests().max(1) as f64;
    let mut shares = BTreeMap::new();
    let mut todo: Vec<(usize, Path)> = vec![(0, Path::new())];
    while let Some((number, path)) = todo.pop() {
        let call = &all[number];
        let path = match call.function {
            Some(function) => [path, vec![named(&profile.functions[function as usize])]].concat(),
            None => path,
        };
        *shares.entry(path.clone()).or_default() += call.total.wall() as f64 / requests;
        todo.extend(call.children.iter().map(|child| (*child, path.clone())));
    }
    shares
}

/// JSON that can stand in a `<script>`, whatever is in its texts.
fn embedded(data: &Value) -> String {
    data.to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiling::testing;

    fn data(html: &str) -> Value {
        let (_, rest) = html.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
        serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
    }

    #[test]
    fn calls_come_with_their_times() {
        let found = data(&write(&testing::shop(), "shop", None));
        assert_eq!(found["calls"][0], json!([-1, -1, 700, 200, 100, 0, 10]));
        assert_eq!(found["calls"][1], json!([0, 0, 700, 200, 100, 0, 10]));
        assert_eq!(found["calls"].as_array().unwrap().len(), 5);
        assert_eq!(found["packages"], json!(["flask", "project", "json (Python)"]));
        let compared = data(&write(&testing::shop(), "shop", Some(&testing::shop())));
        assert_eq!(compared["calls"][0][7], 250.0);
    }

    #[test]
    fn nothing_in_a_name_is_markup() {
        let mut profile = testing::shop();
        profile.functions[1].name = "</script><script>alert(1)</script>".into();
        let html = write(&profile, "<b>\"shop\"", None);
        assert!(!html.contains("alert(1)</script>") && !html.contains("<b>"), "{html}");
        assert_eq!(data(&html)["functions"][1][0], "</script><script>alert(1)</script>");
        // Nothing is fetched.
        assert!(!html.contains("http://") && !html.contains("https://") && !html.contains(" src="));
    }
}
