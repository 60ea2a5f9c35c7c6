use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::Value;
use url::form_urlencoded;

use super::*;
use crate::requests::testing;
use crate::requests::{Raised, Statement, curl, har, list, pytest, show};

fn redaction() -> Redaction {
    Redaction::new(Names::new(&["account".into()]))
}

fn with_body(kind: &str, content: &[u8]) -> Exchange {
    testing::exchange(|exchange| {
        exchange.response_headers = vec![("Content-Type".into(), kind.into())];
        exchange.response_body = testing::body(content);
    })
}

fn shown(kind: &str, content: &str) -> String {
    let shown = redaction().exchange(&Recorded::new(with_body(kind, content.as_bytes())));
    String::from_utf8(shown.response_body.content.clone().unwrap()).unwrap()
}

#[test]
fn headers() {
    let hidden = |name: &str, value: &str| Hiding::new(&Names::default()).header(name, value);
    assert_eq!(hidden("Cookie", "sessionid=abc; theme=dark"), "sessionid=***; theme=***");
    assert_eq!(hidden("Set-Cookie", "id=abc; Path=/; HttpOnly"), "id=***; Path=/; HttpOnly");
    assert_eq!(hidden("Authorization", "Bearer abc.def"), "Bearer ***");
    assert_eq!(hidden("X-Api-Key", "abc"), "***");
    assert_eq!(hidden("Referer", "http://h/reset?token=abc&page=2"), "http://h/reset?token=***&page=2");
    assert_eq!(hidden("Location", "/cb#access_token=abc&x=1"), "/cb#access_token=***&x=1");
    assert_eq!(hidden("Accept", "text/html;q=0.9"), "text/html;q=0.9");
}

#[test]
fn bodies_by_their_type() {
    assert_eq!(
        shown("application/json", r#"{"user": "ada", "password": "p\"w", "n": [{"api_key": 123456}]}"#),
        r#"{"user":"ada","password":"***","n":[{"api_key":"***"}]}"#
    );
    // As it was written, where there is nothing to hide.
    assert_eq!(shown("application/json", r#"{ "user" : 1 }"#), r#"{ "user" : 1 }"#);
    // One that was cut, or never was JSON.
    assert_eq!(shown("application/json", r#"{"password": "hush", "x": {"token": "half"#), r#"{"password": "***", "x": {"token": "***"#);
    assert_eq!(
        shown("application/x-www-form-urlencoded", "a=b+c&user%5Bpassword%5D=h%20h&account=7"),
        "a=b+c&user%5Bpassword%5D=***&account=***"
    );
    assert_eq!(
        shown("text/html", r#"<input type="hidden" name="csrfmiddlewaretoken" value="abcdef"><input name=q value=x> abcdef"#),
        r#"<input type="hidden" name="csrfmiddlewaretoken" value="***"><input name=q value=x> ***"#
    );
    assert_eq!(shown("text/html", r#"<meta content='tok1' name='csrf-token'>"#), r#"<meta content="***" name='csrf-token'>"#);
    assert_eq!(
        shown("text/html", r#"<div data-token="tok1" x="{&quot;secret&quot;: &quot;tok2&quot;}">"#),
        r#"<div data-token="***" x="{&quot;secret&quot;: &quot;***&quot;}">"#
    );
    assert_eq!(shown("application/xml", "<a><password>hush</password><b>c</b></a>"), "<a><password>***</password><b>c</b></a>");
    let form = "--B\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhush\r\n--B\r\nContent-Disposition: form-data; name=\"x\"; \
                filename=\"password\"\r\n\r\nfine hush\r\n--B--\r\n";
    assert_eq!(shown("multipart/form-data; boundary=B", form), form.replace("hush", "***"));
}

#[test]
fn what_was_found_is_hidden_wherever_it_is_repeated() {
    let exchange = testing::exchange(|exchange| {
        exchange.request_headers.push(("Cookie".into(), "sessionid=s3ss10n".into()));
        exchange.request_headers.push(("Authorization".into(), format!("Basic {}", STANDARD.encode("me:hunter22"))));
        exchange.error =
            Some(Raised { kind: "E".into(), text: "no s3ss10n".into(), traceback: "E: no s3ss10n hunter22".into(), ..Default::default() });
        exchange.statements = vec![Statement { sql: "select 's3ss10n'".into(), ..Statement::default() }];
        exchange.environ = vec![("HTTP_COOKIE".into(), "sessionid=s3ss10n".into()), ("X".into(), "hunter22".into())];
        exchange.response_headers = vec![("Content-Type".into(), "image/png".into())];
        exchange.response_body = testing::body(b"\xff\0 s3ss10n");
    });
    let shown = redaction().exchange(&Recorded::new(exchange));
    assert_eq!(shown.error.as_ref().unwrap().traceback, "E: no *** ***");
    assert_eq!(shown.statements[0].sql, "select '***'");
    assert_eq!(shown.environ[1].1, "***");
    assert_eq!(shown.response_body.content, None);
}

#[test]
fn nothing_shows_what_is_recorded() {
    let recorded = Recorded::new(with_body("text/plain", b"hush"));
    assert_eq!(format!("{recorded:?} {:?}", recorded.expose()), "Recorded(…) Exchange(…)");
}

/// Every way in which an exchange leaves parity.
fn renderings(exchange: Exchange) -> Vec<String> {
    let recorded = Recorded::new(exchange.clone());
    let shown = redaction().exchange(&recorded);
    let summary = redaction().summary(&Recorded::new(exchange.summary()));
    vec![
        show::text(&shown, &show::View { host: None, whole: true, samples: None }),
        show::json(&shown).to_string(),
        list::cells(&summary, 0).join(" "),
        list::json(&summary).to_string(),
        String::from_utf8(har::export(std::slice::from_ref(&shown))).unwrap(),
        curl::command(&shown),
        super::super::check::check(&shown),
        pytest::module(&[shown]),
    ]
}

/// Long enough that it is nowhere by chance, with characters that are written in several ways.
fn secret() -> impl Strategy<Value = String> {
    "Q[a-z0-9&\"'<>%+/= äß:;,?#\\\\]{6,20}Z"
}

fn secret_name() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("password"),
        Just("api_key"),
        Just("X-Auth-Token"),
        Just("csrfmiddlewaretoken"),
        Just("client_secret"),
        Just("sessionid"),
        Just("signature"),
        Just("account"),
        Just("user[password]"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_secret_is_in_any_rendering(secret in secret(), name in secret_name(), place in 0..14usize, gzip in any::<bool>()) {
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let json = serde_json::json!({"a": [1, {name: secret}], "b": "c"}).to_string();
        let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let token: String = secret.chars().filter(char::is_ascii_alphanumeric).collect();
        let mut exchange = testing::exchange(|_| ());
        let typed = |exchange: &mut Exchange, kind: &str, content: &[u8]| {
            exchange.request_headers.push(("Content-Type".into(), kind.into()));
            exchange.request_body = testing::body(content);
            exchange.response_headers = vec![("Content-Type".into(), kind.into())];
            exchange.response_body = testing::body(content);
        };
        match place {
            0 => exchange.target = format!("/a?x=1&{name}={form}&y=2"),
            1 => exchange.request_headers.push(("Cookie".into(), format!("a=b; {name}={token}"))),
            2 => exchange.response_headers.push(("Set-Cookie".into(), format!("x={token}; Path=/"))),
            3 => exchange.request_headers.push(("Authorization".into(), format!("Bearer {token}"))),
            4 => exchange.request_headers.push((name.into(), secret.clone())),
            5 => typed(&mut exchange, "application/json", json.as_bytes()),
            6 => typed(&mut exchange, "application/x-www-form-urlencoded", format!("a=1&{name}={form}").as_bytes()),
            7 => typed(&mut exchange, "text/html; charset=utf-8", format!("<p><input name=\"{name}\" value=\"{html}\"></p>").as_bytes()),
            8 => typed(
                &mut exchange,
                "multipart/form-data; boundary=b",
                format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{secret}\r\n--b--\r\n").as_bytes(),
            ),
            // Cut in the middle, as a body at its limit.
            9 => typed(&mut exchange, "application/json", &json.as_bytes()[..json.len() - 2]),
            10 => exchange.request_headers.push(("Authorization".into(), format!("Basic {}", STANDARD.encode(format!("me:{token}"))))),
            11 => exchange.environ.push((name.to_uppercase(), secret.clone())),
            12 => exchange.request_headers.push(("Referer".into(), format!("http://h/?next=1&{name}={form}"))),
            _ => exchange.error = Some(Raised { kind: "E".into(), text: format!("{name}={token}"), traceback: format!("E: {name}={token}"), ..Default::default() }),
        }
        if gzip && !exchange.response_body.content.as_ref().unwrap().is_empty() {
            use std::io::Write;
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packed.write_all(exchange.response_body.content.as_ref().unwrap()).unwrap();
            exchange.response_body.content = Some(packed.finish().unwrap());
            exchange.response_headers.push(("Content-Encoding".into(), "gzip".into()));
        }
        // Repeated elsewhere, as pages and tracebacks do. What has only been scanned for is hidden in its place alone.
        if place < 9 {
            exchange.statements = vec![Statement { sql: format!("-- {}", if place < 4 && place > 0 { &token } else { &secret }), ..Statement::default() }];
        }
        let json_text = Value::from(secret.as_str()).to_string();
        let written = [secret.as_str(), &form, &html, token.as_str(), &json_text[1..json_text.len() - 1]];
        for rendering in renderings(exchange) {
            for way in written.iter().filter(|way| way.len() > 6) {
                prop_assert!(!rendering.contains(*way), "place {place}: {way} is in {rendering}");
            }
            prop_assert!(!rendering.contains(&STANDARD.encode(&secret)), "{rendering}");
        }
    }
}
