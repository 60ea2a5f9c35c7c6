use std::fmt::Write;

use proptest::prelude::*;
use time::OffsetDateTime;

use super::*;
use crate::requests::{Names, Recorded, Redaction, testing};

/// An answer before secrets are taken out.
#[derive(Clone)]
struct Raw {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    origin: &'static str,
}

impl Raw {
    fn new(kind: &str, body: &str) -> Self {
        let headers = vec![("Content-Type".to_owned(), kind.to_owned())];
        Self { status: 200, headers, body: body.as_bytes().to_vec(), origin: "http://127.0.0.1:8000" }
    }

    fn page(body: &str) -> Self {
        Self::new("text/html; charset=utf-8", body)
    }

    fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    fn at(self, origin: &'static str) -> Self {
        Self { origin, ..self }
    }

    fn recorded(&self) -> Recorded {
        Recorded::new(testing::exchange(|exchange| {
            exchange.status = Some(self.status);
            exchange.response_headers.clone_from(&self.headers);
            exchange.response_body = testing::body(&self.body);
            exchange.origin = self.origin.into();
        }))
    }
}

/// What differs between the first answer and the last. Between them: further ones of the first server, and of its twin.
fn compare(first: &Raw, again: &[Raw], twin: &[Raw], second: &Raw) -> Vec<Difference> {
    let all: Vec<Recorded> = [first].into_iter().chain(again).chain(twin).chain([second]).map(Raw::recorded).collect();
    let shown = Redaction::new(Names::default()).all(&all.iter().collect::<Vec<_>>());
    let got: Vec<Got> = shown.into_iter().map(|answer| Got::Answer { answer: answer.into(), cut: false }).collect();
    let (of_twin, end) = (1 + again.len(), got.len() - 1);
    let answers =
        Answers { first: &got[0], again: got[1..of_twin].iter().collect(), twin: got[of_twin..end].iter().collect(), second: &got[end] };
    differences(&answers, &Ignore::default(), &[])
}

fn told(first: &Raw, second: &Raw) -> Vec<(String, Option<Cause>)> {
    let all = compare(first, std::slice::from_ref(first), std::slice::from_ref(first), second);
    all.into_iter().map(|difference| (difference.what, difference.cause)).collect()
}

#[test]
fn a_debug_page() {
    let first = Raw::page("<h1>Not Found</h1>").status(404);
    let second = Raw::page("<h1>Page not found</h1><p>You’re seeing this error because you have <code>DEBUG = True</code>").status(404);
    assert_eq!(told(&first, &second), [("body".into(), Some(Cause::DebugPage("Django")))]);
    let werkzeug = Raw::page("<title>KeyError: 'a' // Werkzeug Debugger</title>").status(500);
    let [status, body] = &told(&Raw::page("ok"), &werkzeug)[..] else { panic!() };
    assert_eq!((status.0.as_str(), &status.1, &body.1), ("status", &Some(Cause::DebugPage("Werkzeug")), &body.1));
}

#[test]
fn the_state_of_a_module() {
    let state = |mode: &str| Raw::new("application/json", &format!(r#"{{"settings": {{"mode": "{mode}"}}, "items": [1, 2]}}"#));
    let all = compare(&state("fast"), &[state("fast")], &[state("fast")], &state("slow"));
    assert_eq!(all[0].lines, ["- $.settings.mode: \"fast\"", "+ $.settings.mode: \"slow\""]);
    assert_eq!(all.len(), 1);
}

#[test]
fn a_header_that_depends_on_the_server() {
    let with = |name: &str, value: &str| Raw::page("x").header(name, value);
    assert_eq!(told(&with("X-Multiprocess", "True"), &with("X-Multiprocess", "False")), [("header x-multiprocess".into(), None)]);
    assert_eq!(told(&with("Server", "Apache"), &with("Server", "nginx")), [("header server".into(), Some(Cause::Server))]);
    assert_eq!(told(&with("X-Only", "1"), &Raw::page("x")), [("header x-only".into(), None)]);
    assert_eq!(told(&Raw::page("x"), &with("X-Only", "1")), [("header x-only".into(), None)]);
    let cookie = |value: &str| Raw::page("x").header("Set-Cookie", value);
    assert_eq!(told(&cookie("a=1; Path=/"), &cookie("a=2; Path=/; Secure")), [("cookie a".into(), None)]);
}

#[test]
fn another_time_zone() {
    let page = |time: &str| Raw::page(&format!("<p>It is {time}.</p>"));
    assert_eq!(told(&page("2026-11-27 14:02:07"), &page("2026-11-27 16:02:08")), [("body".into(), Some(Cause::Zone("+2 h".into())))]);
    assert_eq!(told(&page("14:02 UTC"), &page("16:02 EET")).len(), 1);
}

#[test]
fn the_order_of_a_set() {
    let page = |text: &str| Raw::page(&format!("<ul>{}</ul>", text.split(' ').map(|tag| format!("<li>{tag}")).collect::<String>()));
    let (first, twin, second) = (page("red green blue"), page("green blue red"), page("blue red green"));
    let all = compare(&first, std::slice::from_ref(&first), std::slice::from_ref(&twin), &second);
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].what.as_str(), &all[0].cause), ("body", &Some(Cause::Order)));
    // Within the same server it is another each time: that is noise.
    assert_eq!(compare(&first, &[page("blue green red")], &[], &second), []);
}

#[test]
fn a_failure_on_one_side_is_a_difference_whatever_else_is_noise() {
    let (first, again) = (Raw::page("a").status(200), Raw::page("b").status(404));
    assert_eq!(compare(&first, std::slice::from_ref(&again), &[], &Raw::page("c").status(404)), []);
    let all = compare(&first, &[again], &[], &Raw::page("c").status(500));
    assert_eq!((all[0].what.as_str(), &all[0].cause), ("status", &Some(Cause::Fails)));
    let answer = Got::Answer { answer: Redaction::new(Names::default()).exchange(&first.recorded()).into(), cut: false };
    let nothing = Got::Nothing("connection refused".into());
    for (first, second) in [(&answer, &nothing), (&nothing, &answer), (&nothing, &nothing)] {
        let all = differences(&Answers { first, again: vec![], twin: vec![], second }, &Ignore::default(), &[]);
        assert_eq!((all[0].what.as_str(), &all[0].cause), ("answer", &Some(Cause::NoAnswer)));
    }
}

#[test]
fn where_a_server_is_means_nothing() {
    let here = |origin| Raw::page(&format!("<a href=\"{origin}/x\">")).header("Location", &format!("{origin}/y")).at(origin);
    assert_eq!(told(&here("http://127.0.0.1:8000"), &here("https://shop.example.com")), []);
    assert_eq!(told(&here("http://127.0.0.1:8000"), &here("http://127.0.0.1:8001").header("Location", "/z"))[0].0, "header location");
}

#[test]
fn what_is_named_is_left_out() {
    let first = Raw::new("application/json", r#"{"build": "a", "x": 1}"#).header("X-Build", "a");
    let second = Raw::new("application/json", r#"{"build": "b", "x": 1}"#).header("X-Build", "b");
    let got = Redaction::new(Names::default()).all(&[&first.recorded(), &second.recorded()]);
    let [one, other] =
        got.into_iter().map(|answer| Got::Answer { answer: answer.into(), cut: false }).collect::<Vec<_>>().try_into().unwrap();
    let answers = Answers { first: &one, again: vec![], twin: vec![], second: &other };
    assert_eq!(differences(&answers, &Ignore::default(), &[]).len(), 2);
    assert_eq!(differences(&answers, &Ignore::new(["x-build".into(), "$.build".into()]), &[]), []);
}

#[test]
fn secrets_are_neither_shown_nor_different() {
    let form = |token: &str| {
        Raw::page(&format!("<input name=csrf_token value={token}><p>{token}</p>")).header("Set-Cookie", &format!("session={token}; Path=/"))
    };
    assert_eq!(told(&form("hush-hush-one"), &form("hush-hush-two")), []);
    let other = Raw::page("<input name=csrf_token value=hush-hush-two><b>hush-hush-two</b>");
    let all = compare(&form("hush-hush-one"), &[], &[], &other);
    assert!(!format!("{all:?}").contains("hush"), "{all:?}");
}

#[test]
fn what_is_no_text() {
    let picture = |bytes: &[u8]| Raw { body: bytes.to_vec(), ..Raw::new("image/png", "") };
    assert_eq!(told(&picture(b"\x89\0a"), &picture(b"\x89\0a")), []);
    assert_eq!(told(&picture(b"\x89\0a"), &picture(b"\x89\0b")), [("body".into(), None)]);
    assert_eq!(compare(&picture(b"\x89\0a"), &[picture(b"\x89\0c")], &[], &picture(b"\x89\0b")), []);
}

/// Numbers without meaning.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 11
    }

    fn word(&mut self, letters: &str, length: usize) -> String {
        let letters: Vec<char> = letters.chars().collect();
        (0..length).map(|_| letters[usize::try_from(self.next()).unwrap() % letters.len()]).collect()
    }

    fn hex(&mut self, length: usize) -> String {
        self.word("0123456789abcdef", length)
    }

    fn token(&mut self) -> String {
        self.word("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 32)
    }

    fn uuid(&mut self) -> String {
        format!("{}-{}-4{}-a{}-{}", self.hex(8), self.hex(4), self.hex(3), self.hex(3), self.hex(12))
    }
}

/// Something of a page that a clean application answers, at a moment: what is random is so in each answer.
fn piece(kind: usize, dice: &mut Dice, now: i64) -> (&'static str, String) {
    let moment = OffsetDateTime::from_unix_timestamp(now).unwrap();
    let as_written = |format: &str| moment.format(&time::format_description::parse_borrowed::<2>(format).unwrap()).unwrap();
    match kind {
        0 => ("created", as_written("[year]-[month]-[day]T[hour]:[minute]:[second].123456Z")),
        1 => ("modified", as_written("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT")),
        2 => (
            "shown",
            as_written("[month repr:short]. [day padding:none], [year], [hour repr:12 padding:none]:[minute] [period case:lower]")
                .replace("am", "a.m.")
                .replace("pm", "p.m."),
        ),
        3 => ("clock", as_written("[hour]:[minute]:[second]")),
        4 => ("stamp", now.to_string()),
        5 => ("id", dice.uuid()),
        6 => ("object", dice.hex(24)),
        7 => ("csrf_token", dice.token()),
        8 => ("session_id", dice.token()),
        9 => ("nonce", dice.token()),
        10 => ("took", format!("{} ms", dice.next() % 90 + 1)),
        11 => ("object_at", format!("0x{}", dice.hex(12))),
        12 => ("trace", dice.hex(32)),
        13 => ("zoned", as_written("[year]-[month]-[day] [hour]:[minute]:[second]+00:00")),
        14 => ("long", as_written("[day padding:none] [month repr:long] [year], [hour]:[minute]")),
        _ => ("static", "the same".into()),
    }
}

const PIECES: usize = 16;

/// An answer of a clean application. `changed`: a text of it is another.
fn answer(form: usize, pieces: &[usize], dice: &mut Dice, now: i64, changed: bool) -> Raw {
    let mut all: Vec<(&str, String)> = pieces.iter().map(|kind| piece(*kind, dice, now)).collect();
    all.push(("title", if changed { "seven items".into() } else { "eight items".into() }));
    let mut body = String::new();
    let raw = match form {
        0 => {
            let items: Vec<serde_json::Value> = all.iter().map(|(name, value)| serde_json::json!({*name: value})).collect();
            Raw::new("application/json", &serde_json::json!({"items": items}).to_string())
        }
        1 => {
            for (name, value) in &all {
                let _ = match *name {
                    "csrf_token" => write!(body, "<input type=hidden name=csrfmiddlewaretoken value=\"{value}\">"),
                    "session_id" => write!(body, "<meta name=\"session-token\" content=\"{value}\">"),
                    "nonce" => write!(body, "<script nonce=\"{value}\">go();</script>"),
                    "id" => write!(body, "<li id=\"{value}\"><a href=\"/things/{value}/\">thing {value}</a></li>"),
                    _ => writeln!(body, "<p class=\"{name}\">{name}: <b>{value}</b></p>"),
                };
            }
            Raw::page(&format!("<!doctype html><title>x</title>{body}"))
        }
        _ => {
            let shown = all.iter().filter(|(name, _)| !matches!(*name, "csrf_token" | "session_id" | "nonce"));
            shown.for_each(|(name, value)| body += &format!("{name}: {value}\n"));
            Raw::new("text/plain", &body)
        }
    };
    let expires = piece(1, dice, now + 1_209_600).1;
    raw.header("Date", &piece(1, dice, now).1)
        .header("Last-Modified", &piece(1, dice, now).1)
        .header("ETag", &format!("\"{}\"", dice.hex(10)))
        .header("X-Request-ID", &dice.token())
        .header("Content-Security-Policy", &format!("script-src 'nonce-{}'", dice.token()))
        .header("Set-Cookie", &format!("sessionid={}; expires={expires}; HttpOnly; Path=/", dice.token()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// No false difference: what changes is known to, even if the first side's answers happen to be equal.
    #[test]
    fn a_clean_application_never_differs(
        form in 0..3_usize,
        pieces in prop::collection::vec(0..PIECES, 1..10),
        seeds in prop::array::uniform3(any::<u64>()),
        now in 1_600_000_000_i64..1_890_000_000,
        later in prop::array::uniform2(0..120_i64),
        agree in any::<bool>(),
    ) {
        let [one, again, other] = seeds.map(Dice);
        let (mut one, mut again, mut other) = (one, again, other);
        let first = answer(form, &pieces, &mut one, now, false);
        let again = if agree { first.clone() } else { answer(form, &pieces, &mut again, now + later[0], false) };
        let second = answer(form, &pieces, &mut other, now + later[1], false);
        let all = compare(&first, std::slice::from_ref(&again), &[], &second);
        prop_assert!(all.is_empty(), "{all:?}");
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// And what the noise leaves is looked at.
    #[test]
    fn a_change_is_told_beside_any_noise(
        form in 0..3_usize,
        pieces in prop::collection::vec(0..PIECES, 1..10),
        seeds in prop::array::uniform3(any::<u64>()),
        now in 1_600_000_000_i64..1_890_000_000,
    ) {
        let [mut one, mut again, mut other] = seeds.map(Dice);
        let first = answer(form, &pieces, &mut one, now, false);
        let again = answer(form, &pieces, &mut again, now + 1, false);
        let second = answer(form, &pieces, &mut other, now + 2, true);
        let all = compare(&first, &[again], &[], &second);
        prop_assert_eq!(all.len(), 1, "{:?}", all);
        prop_assert!(all[0].lines.iter().any(|line| line.contains("seven items")), "{all:?}");
        prop_assert_eq!(all[0].lines.len(), 2, "{:?}", all);
    }

    /// Numbers that are random without any sign of it are noise where the first side's answers show it.
    #[test]
    fn what_the_first_side_answers_differently_is_noise(numbers in prop::collection::vec(prop::array::uniform3(1000..99_999_u64), 1..12), form in 0..3_usize) {
        let of = |side: u64| {
            // No number is in two answers: nobody could know of it.
            let items = numbers.iter().enumerate().map(|(at, all)| (side * 100 + at as u64) * 100_000 + all[usize::try_from(side).unwrap()]);
            match form {
                0 => {
                    let items: Vec<_> = items.map(|number| serde_json::json!({"number": number, "name": "x"})).collect();
                    Raw::new("application/json", &serde_json::json!({ "items": items }).to_string())
                }
                1 => Raw::page(&items.map(|number| format!("<li data-n={number}>order {number} of Ada")).collect::<String>()),
                _ => Raw::new("text/plain", &items.map(|number| format!("order {number} of Ada\n")).collect::<String>()),
            }
        };
        let all = compare(&of(0), &[of(1)], &[], &of(2));
        prop_assert!(all.is_empty(), "{all:?}");
    }
}
