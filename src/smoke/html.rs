//! What a CSS selector finds in a page.

use scraper::{Html, Selector};

/// The text of each element, or an attribute of those that have it.
pub fn select(page: &str, selector: &Selector, attribute: Option<&str>) -> Vec<String> {
    let page = Html::parse_document(page);
    let elements = page.select(selector);
    match attribute {
        Some(name) => elements.filter_map(|element| element.attr(name).map(str::to_owned)).collect(),
        None => elements.map(|element| text(element.text())).collect(),
    }
}

/// With single spaces, as a browser shows it.
fn text<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    parts.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_attributes() {
        let page = "<h1> Hello,\n <b>you</b> </h1><input name=token value='a&amp;b'><input>";
        let select = |css: &str, attribute| select(page, &Selector::parse(css).unwrap(), attribute);
        assert_eq!(select("h1", None), ["Hello, you"]);
        assert_eq!(select("input", Some("value")), ["a&b"]);
        assert_eq!(select("input", None), ["", ""]);
    }
}
