use std::time::Duration;

use hyper::HeaderMap;
use proptest::prelude::{any, *};
use serde_json::json;

use super::json::same;
use super::*;
use crate::smoke::check::JsonTest;
use crate::smoke::check::{Parsed, Pattern, Template};
use crate::smoke::redact::Redactor;

fn answer(body: impl Into<bytes::Bytes>) -> Answer {
    Answer { status: 200, headers: HeaderMap::new(), body: body.into(), cut: false, took: Duration::ZERO }
}

fn template(text: &str) -> Template {
    Template::parse(text).unwrap()
}

#[test]
fn json_has_one_kind_of_numbers_and_no_order_of_names() {
    assert!(same(&json!({"a": 1, "b": [1.0]}), &json!({"b": [1], "a": 1.0})));
    for (one, other) in
        [(json!(1), json!("1")), (json!([1, 2]), json!([2, 1])), (json!({"a": 1}), json!({"a": 1, "b": 1})), (json!(null), json!(0))]
    {
        assert!(!same(&one, &other), "{one} {other}");
    }
}

#[test]
fn a_captured_value_is_expected_as_it_is() {
    let expect = Expect {
        body: vec![
            BodyTest::Text(TextTest::Matches(Pattern::parse("^id=${id}$").unwrap())),
            BodyTest::Text(TextTest::Contains(template("=${id}"))),
        ],
        ..Expect::default()
    };
    let values = Values::from([("id".to_owned(), json!("a.b"))]);
    assert_eq!(evaluate(&expect, &answer("id=a.b"), &values), Ok(Vec::new()));
    assert_eq!(evaluate(&expect, &answer("id=axb"), &values).unwrap().len(), 2);
    assert_eq!(evaluate(&expect, &answer(""), &Values::new()), Err(Missing("id".into())));
}

proptest! {
    /// Whatever comes, there is a verdict, and it can be shown.
    #[test]
    fn any_answer_is_judged(body in prop::collection::vec(any::<u8>(), 0..200), page in "(<[a-z]+ ?|>|</|a=|'|\"|\\{|\\}|\\[|\\]|:|,|[0-9]|\\PC){0,40}") {
        let path = Parsed { text: "$..a".into(), value: serde_json_path::JsonPath::parse("$..a").unwrap() };
        let selector = Parsed { text: "a b, [c]".into(), value: scraper::Selector::parse("a b, [c]").unwrap() };
        let json = [
            JsonTest::Equals(crate::smoke::check::JsonTemplate::Constant(json!(1))),
            JsonTest::Exists(false),
            JsonTest::Count(2),
            JsonTest::Matches(Pattern::parse("x").unwrap()),
        ];
        let texts = || [
            TextTest::Equals(template("a\nb")),
            TextTest::Contains(template("zz")),
            TextTest::NotContains(template("a")),
            TextTest::Matches(Pattern::parse("^$").unwrap()),
            TextTest::Exists(false),
        ];
        let mut tests: Vec<BodyTest> = json.into_iter().map(|test| BodyTest::Json { path: path.clone(), test }).collect();
        tests.extend(texts().map(BodyTest::Text));
        tests.extend(texts().map(|test| BodyTest::Html { selector: selector.clone(), attribute: None, test: ElementTest::Text(test) }));
        let expect = Expect { body: tests, max_ms: Some(1), content_type: Some(template("a")), ..Expect::default() };
        for body in [body, page.into_bytes()] {
            for mismatch in evaluate(&expect, &answer(body.clone()), &Values::new()).unwrap() {
                let finding = mismatch.finding(&Redactor::default());
                prop_assert!(!finding.text.contains('\n') && !finding.text.is_empty());
            }
        }
    }
}
