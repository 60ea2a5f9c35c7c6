//! Configurations: settings that there are, with values of the right shape and of others, plain and hostile.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use parity::config::{self, Sources, all_settings};
use parity::error::Kind;
use parity::plan::{Profile, settle};
use parity::project::{self, Wanted};
use parity::render;
use proptest::prelude::*;

/// No line of a rendered file may begin with this: a value has left its place then.
pub const INJECTED: &str = "Injected";

/// Texts that mean something in a place a value may get to. In YAML's double quotes, so that all of them reach parity.
const TEXTS: [&str; 44] = [
    "",
    "a",
    "1",
    "0",
    "-1",
    "4294967296",
    "1.5",
    "true",
    "off",
    "null",
    "/",
    "/a",
    "a/b",
    "../a",
    "/a/../b",
    "a b",
    "é",
    "*.py",
    "404",
    "a.b:c",
    "a:b()",
    "module.wsgi",
    "http://a:9000/",
    "https://a/",
    "10.0.0.0/8",
    "::1",
    "localhost",
    "*.example.com",
    "X-Forwarded-For",
    "debian:trixie",
    "3.13",
    "%{GLOBAL}",
    "%{HTTP_HOST}",
    "${PATH}",
    "$(id)",
    "`id`",
    "warn wsgi:debug",
    "FileInfo",
    "Basic",
    "[::1]",
    "a=b",
    "C.UTF-8",
    "libpq5",
    "%h %M",
];
const HOSTILE: [&str; 22] = [
    "\\nInjected x",
    "\\r\\nInjected",
    "\\\" Injected \\\"",
    "'\\nInjected",
    "\\\\\\nInjected",
    "\\\\",
    "\\\"",
    "'",
    "\\u2028Injected",
    "\\u0085Injected",
    "\\0",
    "\\t",
    "\\x0bInjected",
    "</Directory>",
    "<x>",
    "#",
    "${",
    "}",
    "%",
    "$1",
    ";Injected",
    "\\\"\\\"\\\"\\nInjected",
];

fn text() -> impl Strategy<Value = String> {
    let hostile = prop::sample::select(HOSTILE.as_slice());
    let plain = || prop::sample::select(TEXTS.as_slice());
    prop_oneof![
        6 => plain().prop_map(str::to_owned),
        2 => (plain(), hostile, plain()).prop_map(|(before, text, after)| format!("{before}{text}{after}")),
        1 => "[ !#-\\[\\]-~é]{0,12}",
    ]
    .prop_map(|text| format!("\"{text}\""))
}

/// A value, as YAML has it in one line.
fn value() -> impl Strategy<Value = String> {
    let list = prop::collection::vec(text(), 0..4).prop_map(|items| format!("[{}]", items.join(", ")));
    let map = prop::collection::vec((text(), text()), 0..4)
        .prop_map(|pairs| format!("{{{}}}", pairs.iter().map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>().join(", ")));
    let number = any::<u32>().prop_map(|number| (number >> (number % 32)).to_string());
    prop_oneof![4 => text(), 3 => number, 3 => list, 3 => map, 1 => Just("true".to_owned()), 1 => Just("null".to_owned())]
}

/// A parity.yaml of a few settings. Those of `image` and `hooks` are in a map of their own.
pub fn any_configuration() -> impl Strategy<Value = String> {
    let keys: Vec<&'static str> =
        all_settings().map(|setting| setting.key).filter(|key| !["smoke", "env-file", "requirements"].contains(key)).collect();
    prop::collection::btree_map(prop::sample::select(keys), value(), 0..5).prop_map(|settings| {
        let mut text = String::from("app: wsgi:application\n");
        let mut inside: BTreeMap<&str, String> = BTreeMap::new();
        for (key, value) in settings.iter().filter(|(key, _)| **key != "app") {
            match key.split_once('.') {
                Some((map, key)) => inside.entry(map).or_default().push_str(&format!("  {key}: {value}\n")),
                None => text.push_str(&format!("{key}: {value}\n")),
            }
        }
        for (map, settings) in inside {
            text.push_str(&format!("{map}:\n{settings}"));
        }
        match settings.get("app") {
            Some(app) => text.replacen("wsgi:application", app, 1),
            None => text,
        }
    })
}

/// What is made of one.
#[derive(Debug)]
pub struct Rendered {
    /// By name; that of each profile begins with the profile's.
    pub files: Vec<(String, String)>,
    /// Apache finds whatever they name: nothing of the project's own is included.
    pub is_self_contained: bool,
}

/// A project for all of them.
#[derive(Debug)]
pub struct Workplace(tempfile::TempDir);

impl Workplace {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("wsgi.py"), "def application(environ, start_response): ...\n").unwrap();
        Self(directory)
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    /// The files of each profile, or `None` where it is refused, which must be in words.
    pub fn render(&self, text: &str) -> Option<Rendered> {
        fs::write(self.root().join("parity.yaml"), text).unwrap();
        let environment = BTreeMap::new();
        let refused = |failure: parity::error::Failure| {
            assert!(matches!(failure.kind, Kind::BadFile | Kind::Project), "{failure:?} of {text}");
            assert!(!failure.message.is_empty() && !failure.message.contains(char::is_control), "{failure:?} of {text}");
        };
        let read = || config::load(&Sources { root: self.root(), environment: &environment, flags: config::Flags::default() });
        let config = read().map_err(refused).ok()?;
        let is_self_contained = config.server.include_file.is_empty()
            && config.server.rewrite_rules.is_none()
            // Where the engine's network or Apache itself looks something up.
            && config.server.proxy_mount_point.is_empty();
        let wanted = Wanted { app: config.app.as_ref().map(|app| app.value.clone()), ..Wanted::default() };
        let mut files = Vec::new();
        for profile in [Profile::Production, Profile::Up, Profile::Debug(parity::plan::Debug::default()), Profile::Smoke] {
            let project = project::inspect(self.root(), &wanted).map_err(refused).ok()?;
            let plan = settle(PathBuf::from("/srv/shop"), read().ok()?, project, profile).map_err(refused).ok()?;
            let rendered = render::profile_files(&plan).map_err(refused).ok()?;
            files.extend(rendered.into_iter().map(|(name, text)| (format!("{}-{name}", profile.name()), text)));
        }
        Some(Rendered { files, is_self_contained })
    }
}
