//! The recorder's files; it is an instrument of [`crate::runtime`]. Containers that are told to record have them, and no image does.

use std::collections::BTreeMap;

use serde_json::json;

use crate::config::Extent;
use crate::plan::Plan;

/// Is there where requests are recorded.
pub const SETTINGS: &str = "/etc/parity/record.json";
/// A header by which the recorder knows a replay, which it does not record. The application does not see it.
pub const REPLAY: &str = "parity-replay";
/// The collector, which hands on what the processes record: in a server that was started to record, and where the recorder was turned on later.
pub const COLLECTORS: [&str; 2] = ["/etc/parity/collector.py", "/run/parity/record/collector.py"];
/// That of a server of the production image, of `parity smoke`.
pub const COLLECTOR_OF_SMOKE: &str = "/run/parity/smoke/collector.py";
/// Turns the recorder of a server that runs on or off.
const SWITCHING: &str = include_str!("../../images/record/switching.py");

const PROGRAMS: [(&str, &str); 8] = [
    ("collector.py", include_str!("../../images/record/collector.py")),
    ("parity_record/__init__.py", include_str!("../../images/record/parity_record/__init__.py")),
    ("parity_record/bodies.py", include_str!("../../images/record/parity_record/bodies.py")),
    ("parity_record/wrapper.py", include_str!("../../images/record/parity_record/wrapper.py")),
    ("parity_record/frameworks.py", include_str!("../../images/record/parity_record/frameworks.py")),
    ("parity_record/sending.py", include_str!("../../images/record/parity_record/sending.py")),
    ("parity_record/variables.py", include_str!("../../images/record/parity_record/variables.py")),
    ("parity_record/serving.py", include_str!("../../images/record/parity_record/serving.py")),
];

/// The `User-Agent` of parity's own questions, which are nobody's requests.
const OWN: [&str; 2] = [concat!("parity/", env!("CARGO_PKG_VERSION")), "parity-health"];

/// The files for `/etc/parity`, by name. What is in an image never has any.
pub fn files(plan: &Plan) -> Vec<(String, String)> {
    plan.record.as_ref().filter(|_| !plan.profile.is_baked()).map(|record| package(record.extent)).unwrap_or_default()
}

/// Those that come beside an image, whatever is in it.
pub fn beside(plan: &Plan) -> Vec<(String, String)> {
    plan.record.as_ref().map(|record| package(record.extent)).unwrap_or_default()
}

fn package(extent: Extent) -> Vec<(String, String)> {
    let settings = json!({"body-limit": extent.body_limit, "locals": extent.locals, "own": OWN});
    let programs = PROGRAMS.map(|(name, text)| (name.to_owned(), text.to_owned()));
    [("record.json".to_owned(), settings.to_string())].into_iter().chain(programs).collect()
}

/// What is run in a container to turn its recorder on or off, and its input: a server that was not started to record has none of the files.
pub fn switch(on: bool, extent: Extent) -> (Vec<String>, String) {
    let argv = ["/opt/venv/bin/python", "-IS", "-c", SWITCHING, if on { "on" } else { "off" }].map(String::from).to_vec();
    let files: BTreeMap<_, _> = if on { package(extent).into_iter().collect() } else { BTreeMap::new() };
    (argv, json!(files).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Record;
    use crate::render::{httpd, profile_files, testing};
    use crate::units::Origin;

    #[test]
    fn there_is_nothing_of_it_unless_requests_are_recorded() {
        let plain = testing::flask();
        let recorded =
            Plan { record: Some(Record { origin: Origin::Default, extent: Extent { body_limit: 7, locals: false } }), ..plain.clone() };
        assert!(profile_files(&plain).unwrap().iter().all(|(name, _)| !name.starts_with("parity_record") && name != "record.json"));
        let files = profile_files(&recorded).unwrap();
        let settings = &files.iter().find(|(name, _)| name == "record.json").unwrap().1;
        assert_eq!(
            *settings,
            format!(r#"{{"body-limit":7,"locals":false,"own":["parity/{}","parity-health"]}}"#, env!("CARGO_PKG_VERSION"))
        );
        let named = |files: &[(String, String)]| files.iter().any(|(name, text)| name == "instruments.txt" && text.ends_with("record\n"));
        assert!(named(&files) && !named(&profile_files(&plain).unwrap()));
        assert!(httpd::render(&recorded).unwrap().contains("WSGIImportScript /etc/parity/instruments.py"));
    }
}
