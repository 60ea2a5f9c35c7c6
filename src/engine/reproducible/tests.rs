use super::*;

const EPOCH: u64 = 1_767_323_045;

fn times() -> Times {
    Times { epoch: EPOCH, served: vec!["/var/lib/parity/static".into()] }
}

/// An archive with files of these names, made at a time.
fn layer(names: &[&str], time: u64) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for name in names {
        let mut header = Header::new_gnu();
        header.set_size(name.len() as u64);
        header.set_mode(0o755);
        header.set_mtime(time);
        archive.append_pax_extensions([("SCHILY.xattr.security.capability", &b"\0\0\0\x01"[..])]).unwrap();
        archive.append_data(&mut header, name, name.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap()
}

fn retimed(layer: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    retime_layer(layer, &mut out, &times()).unwrap();
    out
}

#[test]
fn each_entry_has_the_time_of_its_kind_and_nothing_else_is_another() {
    let long = format!("app/{}/{}.py", "d".repeat(90), "f".repeat(90));
    let names =
        ["app/static/site.css", "var/lib/parity/static/a.js", "var/lib/parity/statics", "opt/venv/x.pyc", "opt/venv/x.py", &long, "app"];
    let out = retimed(&layer(&names, 7));
    let mut archive = tar::Archive::new(&out[..]);
    let mut seen = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let extensions: Vec<_> =
            entry.pax_extensions().unwrap().unwrap().map(|extension| extension.unwrap().value_bytes().to_vec()).collect();
        assert_eq!(extensions, [b"\0\0\0\x01"]);
        let mut content = String::new();
        entry.read_to_string(&mut content).unwrap();
        assert_eq!(entry.header().mode().unwrap(), 0o755);
        seen.push((content, entry.header().mtime().unwrap()));
    }
    let times = [EPOCH, EPOCH, layout::FIXED_TIME, layout::FIXED_TIME, 7, 7, EPOCH];
    assert_eq!(seen, names.map(String::from).into_iter().zip(times).collect::<Vec<_>>());
    // When it was made does not matter any more.
    let names: Vec<&str> = names.into_iter().filter(|name| !name.ends_with(".py")).collect();
    assert_eq!(retimed(&layer(&names, 1)), retimed(&layer(&names, 2)));
}

#[test]
fn an_image_keeps_all_but_its_times() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let made = |file: &str, time: u64| {
        let layers = [layer(&["base"], 5), layer(&["etc/x"], time)];
        let digests: Vec<String> = layers.iter().map(|layer| format!("sha256:{}", hex(&Sha256::digest(layer)))).collect();
        let created = format!("2026-01-0{time}T00:00:00Z");
        let config = json!({
            "config": {"User": "33:33", "Healthcheck": {"Test": ["CMD", "x"]}},
            "created": created,
            "history": [{"created": created, "created_by": "a"}, {"created": created, "empty_layer": true}],
            "rootfs": {"type": "layers", "diff_ids": digests},
        });
        let manifest = json!([{"Config": "c.json", "RepoTags": ["raw:1"], "Layers": ["0/layer.tar", "1/layer.tar"]}]);
        let mut archive = tar::Builder::new(BufWriter::new(File::create(at(file)).unwrap()));
        let mut add = |name: &str, bytes: &[u8]| append(&mut archive, name, bytes.len() as u64, &mut &bytes[..]).unwrap();
        add("c.json", config.to_string().as_bytes());
        add("manifest.json", manifest.to_string().as_bytes());
        add("0/layer.tar", &layers[0]);
        add("1/layer.tar", &layers[1]);
        archive.into_inner().unwrap().flush().unwrap();
        let target = at(&format!("{file}.out"));
        rewrite(&at(file), &target, "site:1", &[digests[0].clone()], &times()).unwrap();
        (std::fs::read(target).unwrap(), digests)
    };
    let (first, digests) = made("a", 1);
    let (second, _) = made("b", 2);
    assert_eq!(first, second);
    let mut parts = Parts::open(&at("a.out")).unwrap();
    let manifest: Value = serde_json::from_slice(&parts.read("manifest.json").unwrap()).unwrap();
    assert_eq!(manifest[0]["RepoTags"], json!(["site:1"]));
    let config: Value = serde_json::from_slice(&parts.read(manifest[0]["Config"].as_str().unwrap()).unwrap()).unwrap();
    assert_eq!(config["created"], "2026-01-02T03:04:05Z");
    assert_eq!(config["history"][1], json!({"created": "2026-01-02T03:04:05Z", "empty_layer": true}));
    assert_eq!((&config["config"]["User"], &config["config"]["Healthcheck"]["Test"][0]), (&json!("33:33"), &json!("CMD")));
    assert_eq!(config["rootfs"]["diff_ids"][0], digests[0], "the base's layer is another");
    let layer = parts.read(manifest[0]["Layers"][1].as_str().unwrap()).unwrap();
    assert_eq!(config["rootfs"]["diff_ids"][1], format!("sha256:{}", hex(&Sha256::digest(&layer))));
}
