//! The file format of <https://www.speedscope.app>: a profile for each kind of time.

use serde_json::{Value, json};

use super::model::{Profile, Weight};

/// Its name, and how much of it there is.
type Kind = (&'static str, fn(Weight) -> u64);

pub fn write(profile: &Profile, name: &str) -> String {
    let frames: Vec<Value> =
        profile.functions.iter().map(|function| json!({"name": function.name, "file": function.file, "line": function.line})).collect();
    let kinds: [Kind; 5] = [
        ("time", Weight::wall),
        ("CPU", |weight| weight.cpu),
        ("waiting", |weight| weight.wait),
        ("GIL", |weight| weight.gil),
        ("no CPU", |weight| weight.queue),
    ];
    let profiles: Vec<Value> = kinds
        .into_iter()
        .map(|(kind, of)| {
            let seen = || profile.counts.iter().map(|(key, weight)| (key, of(*weight))).filter(|(_, micros)| *micros > 0);
            let samples: Vec<Vec<u32>> =
                seen().map(|(key, _)| profile.stack(key.node).iter().map(|node| node.function).collect()).collect();
            let weights: Vec<u64> = seen().map(|(_, micros)| micros).collect();
            let end: u64 = weights.iter().sum();
            json!({
                "type": "sampled",
                "name": format!("{name}: {kind}"),
                "unit": "microseconds",
                "startValue": 0,
                "endValue": end,
                "samples": samples,
                "weights": weights,
            })
        })
        .collect();
    json!({
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "exporter": concat!("parity ", env!("CARGO_PKG_VERSION")),
        "name": name,
        "activeProfileIndex": 0,
        "shared": {"frames": frames},
        "profiles": profiles,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiling::testing;

    #[test]
    fn samples_have_weights() {
        let written: Value = serde_json::from_str(&write(&testing::shop(), "shop")).unwrap();
        let all = written["profiles"].as_array().unwrap();
        assert_eq!(all.len(), 5);
        for one in all {
            let weights: u64 = one["weights"].as_array().unwrap().iter().map(|weight| weight.as_u64().unwrap()).sum();
            assert_eq!(one["samples"].as_array().unwrap().len(), one["weights"].as_array().unwrap().len());
            assert_eq!(one["endValue"], weights);
        }
        assert_eq!(all[0]["endValue"], 1000);
        assert_eq!(all[3]["samples"], json!([[0, 1, 1]]));
        assert_eq!(written["shared"]["frames"][1], json!({"name": "index", "file": "shop/views.py", "line": 3}));
    }
}
