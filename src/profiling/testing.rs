//! A small profile.

use super::model::{Function, Key, Node, Package, Process, Profile, Weight};

/// `index` calls itself and `json`, below Flask; 1,000 µs in all.
pub fn shop() -> Profile {
    let function = |name: &str, file: &str, line, package| Function { name: name.into(), file: file.into(), line, package };
    let key = |node, process| Key { node, route: 0, process };
    let weight = |samples, cpu, wait, gil| Weight { samples, cpu, wait, gil, queue: 0 };
    let mut profile = Profile::new(100.0);
    profile.functions = vec![
        function("wsgi_app", "flask/app.py", 1, Package::Library("flask".into())),
        function("index", "shop/views.py", 3, Package::Project),
        function("dumps", "json/__init__.py", 9, Package::Python("json".into())),
    ];
    let node = |parent, function, line| Node { parent, function, line };
    profile.nodes.extend([node(0, 0, 2), node(1, 1, 4), node(1, 1, 5), node(3, 1, 4), node(2, 2, 10)]);
    profile.routes = vec!["/".into()];
    let process = |pid| Process { pid, python: "3.13.5".into(), states: true, ticks: 5, active: 50_000, requests: 2, ..Process::default() };
    profile.processes = vec![process(7), process(8)];
    profile.counts = [
        (key(2, 0), weight(1, 100, 0, 0)),
        (key(3, 1), weight(2, 0, 200, 0)),
        (key(4, 0), weight(6, 500, 0, 100)),
        (key(5, 1), weight(1, 100, 0, 0)),
    ]
    .into();
    profile
}
