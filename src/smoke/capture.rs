//! Takes values for later checks out of an answer.

use serde_json::Value;

use super::check::Capture;
use super::client::{Answer, Client};
use super::html;
use super::text::quoted;

/// The value, or why there is none.
///
/// # Errors
/// Completes "no value for `name`: …".
pub fn capture(capture: &Capture, answer: &Answer, client: &Client) -> Result<Value, String> {
    let text = || String::from_utf8_lossy(&answer.body);
    let found = match capture {
        Capture::Json(path) => {
            let json: Value = serde_json::from_slice(&answer.body).map_err(|why| format!("the body is not JSON ({why})"))?;
            let found = path.value.query(&json).all();
            return match found[..] {
                [] => Err(format!("{} finds nothing", quoted(&path.text))),
                [one] => Ok(one.clone()),
                _ => Err(format!("{} finds {} values", quoted(&path.text), found.len())),
            };
        }
        Capture::Regex(regex) => regex.value.captures(&text()).and_then(|found| Some(found.get(1).or(found.get(0))?.as_str().to_owned())),
        Capture::Header(name) => answer.header(name).into_iter().next(),
        Capture::Cookie(name) => client.cookie(name),
        Capture::Html { selector, attribute } => html::select(&text(), &selector.value, attribute.as_deref()).into_iter().next(),
    };
    found.map(Value::String).ok_or_else(|| match capture {
        Capture::Regex(regex) => format!("nothing matches {}", quoted(&regex.text)),
        Capture::Header(name) => format!("the answer has no header {}", quoted(name)),
        Capture::Cookie(name) => format!("no cookie {} was set", quoted(name)),
        Capture::Html { selector, attribute: Some(name) } => {
            format!("no element {} has the attribute {}", quoted(&selector.text), quoted(name))
        }
        Capture::Html { selector, .. } => format!("there is no element {}", quoted(&selector.text)),
        Capture::Json(_) => String::new(),
    })
}
