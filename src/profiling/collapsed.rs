//! Collapsed stacks: a line for each, its calls with `;` between them, and microseconds.

use std::collections::BTreeMap;

use super::model::{Function, Profile};
use super::place::NO_PYTHON;

pub fn write(profile: &Profile) -> String {
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for (key, weight) in &profile.counts {
        let stack = profile.stack(key.node);
        let names: Vec<String> = stack.into_iter().map(|node| frame(profile.function(node))).collect();
        let names = if names.is_empty() { NO_PYTHON.to_owned() } else { names.join(";") };
        *lines.entry(names).or_default() += weight.wall();
    }
    lines.into_iter().map(|(names, micros)| format!("{names} {micros}\n")).collect()
}

/// `total (shop/views.py:12)`
fn frame(function: &Function) -> String {
    format!("{} ({}:{})", function.name, function.file, function.line).replace(';', ":")
}

#[cfg(test)]
mod tests {
    use crate::profiling::testing;

    #[test]
    fn a_stack_is_a_line() {
        assert_eq!(
            super::write(&testing::shop()),
            "wsgi_app (flask/app.py:1);index (shop/views.py:3) 300\n\
             wsgi_app (flask/app.py:1);index (shop/views.py:3);dumps (json/__init__.py:9) 100\n\
             wsgi_app (flask/app.py:1);index (shop/views.py:3);index (shop/views.py:3) 600\n"
        );
    }
}
