use std::os::unix::fs::MetadataExt;
use std::time::Instant;

use super::*;
use crate::requests::testing;

fn recorded(change: impl FnOnce(&mut Exchange)) -> Recorded {
    Recorded::new(testing::exchange(change))
}

fn many(count: usize) -> Vec<Recorded> {
    (0..count)
        .map(|number| {
            recorded(|exchange| {
                exchange.target = format!("/{}/{number}?x=1", if number % 2 == 0 { "api" } else { "page[1]" });
                exchange.status = Some(if number % 10 == 0 { 503 } else { 200 });
                exchange.method = if number % 5 == 0 { "POST" } else { "GET" }.into();
                exchange.timings.total = number as u64 * 1000;
            })
        })
        .collect()
}

struct Place {
    path: PathBuf,
    _directory: tempfile::TempDir,
}

fn place() -> Place {
    let directory = tempfile::tempdir().unwrap();
    Place { path: directory.path().join("state/parity/requests/one.sqlite"), _directory: directory }
}

fn ids(store: &Store, filter: &Filter) -> Vec<i64> {
    store.list(filter).unwrap().0.iter().map(|summary| summary.expose().id).collect()
}

const ALL: Keep = Keep { requests: u64::MAX, bytes: u64::MAX };

#[test]
fn what_is_stored_is_read_again_and_is_the_users_alone() {
    let place = place();
    assert!(Store::find(&place.path).unwrap().is_none());
    let mut store = Store::open(&place.path).unwrap();
    let exchange = testing::exchange(|exchange| {
        exchange.request_body = testing::body(b"a\0b");
        exchange.response_body.content = None;
        exchange.error = Some(crate::requests::Raised { kind: "E".into(), text: "t".into(), traceback: "T".into(), ..Default::default() });
    });
    let id = store.insert(&[Recorded::new(exchange.clone())], ALL).unwrap()[0];
    let reader = Store::find(&place.path).unwrap().unwrap();
    let got = reader.get(id).unwrap().unwrap().into_exposed();
    assert!(got == Exchange { id, ..exchange });
    assert!(reader.get(id + 1).unwrap().is_none());
    for name in ["", "-wal", "-shm"] {
        let found = std::fs::metadata(format!("{}{name}", place.path.display())).unwrap();
        assert_eq!(found.mode() & 0o777, 0o600, "{name}");
    }
    assert_eq!(std::fs::metadata(place.path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn filters() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    store.insert(&many(40), ALL).unwrap();
    let all = Filter::default();
    assert_eq!(store.list(&all).unwrap().1, 40);
    assert_eq!(ids(&store, &Filter { status: Some("5xx".parse().unwrap()), ..all.clone() }), [1, 11, 21, 31]);
    assert_eq!(ids(&store, &Filter { path: Some("/page[1]/*".into()), last: Some(2), ..all.clone() }), [38, 40]);
    assert_eq!(ids(&store, &Filter { method: Some("POST".into()), slower_than: Some(29_000), ..all.clone() }), [31, 36]);
    assert_eq!(ids(&store, &Filter { text: Some("API/38?X".into()), ..all.clone() }), [39]);
    assert_eq!(ids(&store, &Filter { text: Some("HELLO".into()), last: Some(1), ..all }), [40]);
}

#[test]
fn what_goes_while_all_are_read_is_left_out() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    store.insert(&many(4), ALL).unwrap();
    let listed = ids(&store, &Filter::default());
    store.insert(&many(2), Keep { requests: 4, ..ALL }).unwrap();
    let ids = |all: Vec<Recorded>| all.iter().map(|recorded| recorded.expose().id).collect::<Vec<_>>();
    assert_eq!(ids(store.listed(listed.into_iter()).unwrap()), [3, 4]);
    assert_eq!(ids(store.all(&Filter::default()).unwrap()), [3, 4, 5, 6]);
}

#[test]
fn a_text_is_found_in_any_case_in_bodies_that_are_no_text_and_as_json_writes_it() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    let all = [
        recorded(|exchange| exchange.response_body = testing::body(b"\xff\0Say \"hello\"\nto (everybody).\xfe")),
        recorded(|exchange| exchange.request_headers = vec![("X-Said".into(), "a \"Gr\u{fc}\u{df}e\" \\ b".into())]),
        recorded(|exchange| exchange.request_body = testing::body("\u{c4}RGER".as_bytes())),
    ];
    store.insert(&all, ALL).unwrap();
    let found = |text: &str| ids(&store, &Filter { text: Some(text.into()), ..Filter::default() });
    assert_eq!(found("SAY \"Hello\"\nto ("), [1]);
    assert_eq!(found("A \"GR\u{dc}\u{df}E\" \\"), [2]);
    assert_eq!(found("\u{e4}rger"), [3]);
    assert!(found("hello.").is_empty() && found("say .hello").is_empty());
}

#[test]
fn the_oldest_goes_first() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    store.insert(&many(30), Keep { requests: 10, ..ALL }).unwrap();
    assert_eq!(ids(&store, &Filter::default()), (21..=30).collect::<Vec<_>>());
    let large = recorded(|exchange| exchange.response_body = testing::body(&[b'x'; 50_000]));
    store.insert(&[large.clone(), large], Keep { requests: 10, bytes: 60_000 }).unwrap();
    assert_eq!(ids(&store, &Filter::default()).len(), 1);
    let bytes: i64 = store.connection.query_row("SELECT bytes FROM totals", [], |row| row.get(0)).unwrap();
    assert!(bytes > 50_000 && bytes < 60_000, "{bytes}");
    let details: i64 = store.connection.query_row("SELECT count(*) FROM details", [], |row| row.get(0)).unwrap();
    assert_eq!(details, 1);
}

#[test]
fn what_is_cleared_is_gone_from_the_disk() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    let secret = recorded(|exchange| exchange.response_body = testing::body(b"hush-hush-hush"));
    store.insert(&[secret.clone(), secret], ALL).unwrap();
    assert_eq!(store.clear(&[1]).unwrap(), 1);
    assert_eq!(store.clear(&[]).unwrap(), 1);
    assert_eq!(store.clear(&[9]).unwrap(), 0);
    assert_eq!(store.list(&Filter::default()).unwrap().1, 0);
    for name in ["", "-wal"] {
        let bytes = std::fs::read(format!("{}{name}", place.path.display())).unwrap_or_default();
        assert!(!bytes.windows(4).any(|window| window == b"hush"), "it is in the store{name}");
    }
    // Numbers are not used again: one that somebody has noted is never another request.
    assert_eq!(store.insert(&many(1), ALL).unwrap(), [3]);
}

#[test]
fn a_list_of_a_hundred_thousand_is_quick() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    store.insert(&many(100_000), ALL).unwrap();
    let all = Filter { last: Some(50), ..Filter::default() };
    for filter in [
        all.clone(),
        Filter { status: Some("404".parse().unwrap()), ..all.clone() },
        Filter { status: Some("5xx".parse().unwrap()), ..all.clone() },
        Filter { path: Some("/nowhere/*".into()), ..all.clone() },
        Filter { slower_than: Some(99_990_000), ..all.clone() },
        Filter { method: Some("DELETE".into()), ..all },
    ] {
        let begun = Instant::now();
        let store = Store::find(&place.path).unwrap().unwrap();
        let (found, total) = store.list(&filter).unwrap();
        let took = begun.elapsed();
        assert_eq!(total, 100_000);
        // A debug build, on a machine that does other things as well.
        assert!(took < Duration::from_millis(250), "{took:?} for {filter:?}, {} found", found.len());
    }
}

#[test]
fn two_write_and_one_reads() {
    let place = place();
    let path = &place.path;
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut store = Store::open(path).unwrap();
                for exchange in many(50) {
                    store.insert(&[exchange], ALL).unwrap();
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..50 {
                if let Some(store) = Store::find(path).ok().flatten() {
                    let _ = store.list(&Filter::default()).unwrap();
                }
            }
        });
    });
    assert_eq!(Store::open(path).unwrap().list(&Filter::default()).unwrap().1, 150);
}

#[test]
fn what_is_no_store_is_left_alone() {
    let place = place();
    drop(Store::open(&place.path).unwrap());
    let newer = Connection::open(&place.path).unwrap();
    newer.pragma_update(None, "user_version", SCHEMA + 1).unwrap();
    drop(newer);
    let failure = Store::open(&place.path).unwrap_err();
    assert_eq!(failure.kind, Kind::BadFile);
    assert!(failure.message.contains("newer parity"), "{failure}");

    for content in [&b"not a database, but a text that is long enough to look at, whatever it says, and then some more of it"[..], b"x"] {
        std::fs::write(&place.path, content).unwrap();
        let failure = Store::find(&place.path).unwrap_err();
        assert!(failure.message.contains("cannot be read") && failure.hints[0].starts_with("move it away"), "{failure:?}");
        assert_eq!(std::fs::read(&place.path).unwrap(), content);
    }
    std::fs::remove_file(&place.path).unwrap();
    Connection::open(&place.path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let failure = Store::open(&place.path).unwrap_err();
    assert_eq!(failure.causes, ["it is a database of something else"]);
}

#[test]
fn damage_in_the_middle_is_told() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    store.insert(&many(2000), ALL).unwrap();
    store.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(store);
    let mut bytes = std::fs::read(&place.path).unwrap();
    let length = bytes.len();
    bytes[4096..length - 4096].fill(0xA5);
    std::fs::write(&place.path, &bytes).unwrap();
    let failure = Store::find(&place.path).and_then(|store| store.unwrap().list(&Filter::default())).unwrap_err();
    assert_eq!(failure.kind, Kind::BadFile, "{failure:?}");
}

#[test]
fn the_store_is_in_the_state_directory() {
    let environment = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let found = |pairs: &[(&str, &str)]| path(&environment(pairs), "parity-shop-00").map(|path| path.display().to_string());
    assert_eq!(found(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")]).unwrap(), "/s/parity/requests/parity-shop-00.sqlite");
    assert_eq!(found(&[("XDG_STATE_HOME", "s"), ("HOME", "/h")]).unwrap(), "/h/.local/state/parity/requests/parity-shop-00.sqlite");
    assert!(found(&[]).is_err());
}

#[test]
fn many_may_make_it_at_the_same_moment() {
    for _ in 0..20 {
        let place = place();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| Store::open(&place.path).unwrap());
            }
        });
    }
}

/// What the store says it has, and what it has.
fn totals(store: &Store) -> [(i64, i64); 2] {
    ["SELECT count, bytes FROM totals", "SELECT count(*), coalesce(sum(bytes), 0) FROM requests"]
        .map(|query| store.connection.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap())
}

#[test]
fn totals_are_right_whatever_comes_and_goes() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    let few = Keep { requests: 7, bytes: u64::MAX };
    for (keep, left) in [(ALL, 5), (few, 7), (Keep { requests: 3, bytes: u64::MAX }, 3), (Keep { requests: 9, bytes: 1 }, 0)] {
        store.insert(&many(5), keep).unwrap();
        let [told, real] = totals(&store);
        assert_eq!((told, told.0), (real, left));
    }
    let ids = store.insert(&many(5), ALL).unwrap();
    store.clear(&[ids[0], ids[3], 99]).unwrap();
    let [told, real] = totals(&store);
    assert_eq!((told, told.0), (real, 3));
    assert_eq!(store.clear(&[]).unwrap(), 3);
    assert_eq!(totals(&store), [(0, 0); 2]);
}

#[test]
fn a_store_with_triggers_is_used_without_them() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    store.insert(&many(2), ALL).unwrap();
    let before = "DROP TABLE samples; ALTER TABLE requests DROP COLUMN server_id;
        CREATE TRIGGER added AFTER INSERT ON requests BEGIN UPDATE totals SET count = count + 1, bytes = bytes + NEW.bytes; END;
        CREATE TRIGGER removed AFTER DELETE ON requests BEGIN UPDATE totals SET count = count - 1, bytes = bytes - OLD.bytes; END;
        PRAGMA user_version = 1;";
    store.connection.execute_batch(before).unwrap();
    drop(store);
    let mut store = Store::open(&place.path).unwrap();
    store.insert(&many(2), ALL).unwrap();
    let [told, real] = totals(&store);
    assert_eq!((told, told.0), (real, 4));
}

fn samples(ids: &[&str]) -> BTreeMap<String, Samples> {
    ids.iter().map(|id| ((*id).to_owned(), Samples { count: 7, graph: format!("{{\"calls\": \"hush of {id}\"}}") })).collect()
}

#[test]
fn samples_come_to_their_requests_and_go_with_them() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    let of = |id: &str| recorded(|exchange| exchange.server_id = Some(id.into()));
    store.insert(&[of("early"), of("one"), of("two"), of("three"), recorded(|_| {})], ALL).unwrap();
    let mut seen = samples(&["early", "two", "three", "nobody"]);
    store.add_samples(1, &mut seen).unwrap();
    // One is of an earlier time, and one has not come yet.
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["early", "nobody"]);
    assert_eq!(store.samples(3).unwrap().unwrap().graph, "{\"calls\": \"hush of two\"}");
    assert_eq!(store.flame_graph(3).unwrap().unwrap(), (7, serde_json::json!({"calls": "hush of two"})));
    assert_eq!(store.samples(2).unwrap(), None);
    // Twice is once.
    store.add_samples(1, &mut samples(&["two"])).unwrap();
    let [told, real] = totals(&store);
    assert_eq!(told, real);
    // By number, as the oldest, and with all others.
    let left = |store: &Store| -> i64 { store.connection.query_row("SELECT count(*) FROM samples", [], |row| row.get(0)).unwrap() };
    store.clear(&[3]).unwrap();
    assert_eq!((left(&store), store.samples(3).unwrap()), (1, None));
    store.insert(&many(2), Keep { requests: 2, ..ALL }).unwrap();
    assert_eq!(left(&store), 0);
    store.insert(&[of("four")], ALL).unwrap();
    store.add_samples(0, &mut samples(&["four"])).unwrap();
    store.clear(&[]).unwrap();
    assert_eq!((left(&store), totals(&store)), (0, [(0, 0); 2]));
    let bytes = std::fs::read(&place.path).unwrap();
    assert!(!bytes.windows(4).any(|window| window == b"hush"));
}

#[test]
fn a_store_without_samples_gets_them() {
    let place = place();
    let mut store = Store::open(&place.path).unwrap();
    store.insert(&many(2), ALL).unwrap();
    store.connection.execute_batch("DROP TABLE samples; ALTER TABLE requests DROP COLUMN server_id; PRAGMA user_version = 2;").unwrap();
    drop(store);
    let mut store = Store::open(&place.path).unwrap();
    store.insert(&[recorded(|exchange| exchange.server_id = Some("new".into()))], ALL).unwrap();
    store.add_samples(0, &mut samples(&["new"])).unwrap();
    assert_eq!(store.list(&Filter::default()).unwrap().1, 3);
    assert_eq!(store.samples(3).unwrap().unwrap().count, 7);
}
