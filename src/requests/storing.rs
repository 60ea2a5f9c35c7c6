//! What of a request is written to the store.

use super::model::Recorded;
use super::names::Names;
use super::redaction::Redaction;
use super::scrub::Scrubber;
use crate::config;

/// Takes out what is not stored: values of the application's environment always, and with `record-secrets: false` all other secrets.
#[derive(Debug, Clone, Default)]
pub struct Storing {
    scrubber: Scrubber,
    /// `None`: a replay gets the secrets that it needs.
    redaction: Option<Redaction>,
}

impl Storing {
    pub fn new(scrubber: Scrubber, record: &config::Record) -> Self {
        let redaction = (!record.secrets()).then(|| Redaction::new(Names::new(record.redact())));
        Self { scrubber, redaction }
    }

    pub fn exchange(&self, recorded: Recorded) -> Recorded {
        let scrubbed = Recorded::new(self.scrubber.exchange(recorded.into_exposed()));
        match &self.redaction {
            Some(redaction) => redaction.stored(scrubbed),
            None => scrubbed,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::requests::body::content;
    use crate::requests::{Exchange, Frame, Raised, testing};
    use crate::units::{Origin, Secret, Sourced};

    fn stored(change: impl FnOnce(&mut Exchange)) -> Exchange {
        let record = config::Record { secrets: Some(Sourced { value: false, origin: Origin::Default }), ..config::Record::default() };
        let storing = Storing::new(Scrubber::new(&[Secret::new("of-the-environment")]), &record);
        storing.exchange(Recorded::new(testing::exchange(change))).into_exposed()
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(text).unwrap();
        packed.finish().unwrap()
    }

    fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn nothing_that_is_hidden_is_stored() {
        let exchange = stored(|exchange| {
            exchange.target = "/reset/hush-hush/?token=hush-hush&x=of-the-environment".into();
            exchange.request_headers = headers(&[
                ("Cookie", "sessionid=hush-hush; a=hush-two"),
                ("Authorization", "Bearer hush-three"),
                ("Content-Type", "application/x-www-form-urlencoded"),
            ]);
            exchange.request_body = testing::body(b"user=ada&password=hush-four");
            exchange.response_headers = headers(&[
                ("Set-Cookie", "sessionid=hush-five; Path=/"),
                ("Content-Type", "application/json"),
                ("Content-Encoding", "gzip"),
            ]);
            exchange.response_body = testing::body(&gzip(br#"{"access_token": "hush-six", "was": "hush-four"}"#));
            exchange.environ = headers(&[("QUERY_STRING", "token=hush-hush"), ("DB_PASSWORD", "hush-seven")]);
            exchange.error = Some(Raised {
                kind: "E".into(),
                text: "hush-six".into(),
                traceback: "E: hush-six and hush-two".into(),
                ..Default::default()
            });
            let frame = |name: &str, text: &str| Frame { locals: vec![(name.into(), text.into())], ..Frame::default() };
            let locals = vec![
                frame("password", "'hush-nine'"),
                frame("form", "{'token': 'hush-ten', 'x': 'hush-two'}"),
                frame("x", "<F k='of-the-environment'>"),
            ];
            exchange.error = Some(Raised { locals, ..exchange.error.take().unwrap_or_default() });
            exchange.log = vec!["password=hush-eight".into(), "logged in by hush-two".into()];
        });
        let bodies = [&exchange.request_body, &exchange.response_body].map(|body| body.content.clone().unwrap());
        let all = serde_json::to_string(&exchange).unwrap() + &bodies.map(|body| String::from_utf8(body).unwrap()).concat();
        assert!(!all.contains("hush") && !all.contains("of-the-environment"), "{all}");
        assert!(exchange.without_secrets && exchange.scrubbed);
        assert_eq!(exchange.target, "/reset/***/?token=***&x=***");
        // It is not packed any more.
        assert!(exchange.response_headers.iter().all(|(name, _)| name != "Content-Encoding"));
        assert_eq!(content(&exchange.response_body, &exchange.response_headers).unwrap(), br#"{"access_token":"***","was":"***"}"#);
    }

    #[test]
    fn what_has_no_secret_stays_as_it_is() {
        let packed = gzip(b"hello");
        let exchange = stored(|exchange| {
            exchange.response_headers.push(("Content-Encoding".into(), "gzip".into()));
            exchange.response_body = testing::body(&packed);
        });
        assert_eq!(exchange.response_body.content, Some(packed));
        let exchange = stored(|exchange| {
            exchange.response_headers.push(("Content-Encoding".into(), "br".into()));
            exchange.response_body = testing::body(b"nobody can look into it");
        });
        assert_eq!(exchange.response_body.content, None);
    }

    #[test]
    fn a_file_of_a_form_stays_and_the_password_beside_it_does_not() {
        let form = |password: &[u8]| {
            let parts: [&[u8]; 3] = [
                b"--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n",
                password,
                b"\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n\xff\0\x01\r\n--b--\r\n",
            ];
            parts.concat()
        };
        let exchange = stored(|exchange| {
            exchange.request_headers = headers(&[("Content-Type", "multipart/form-data; boundary=b")]);
            exchange.request_body = testing::body(&form(b"hush-hush"));
        });
        assert_eq!(exchange.request_body.content, Some(form(b"***")));
    }
}
