//! A page that stands alone: no script, nothing from elsewhere.

use std::fmt::Write;

use super::{Comparison, Verdict, blocks, summary};
use crate::units::visible;

const STYLE: &str = "\
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.2rem}details{border-top:1px solid #8884;padding:.3rem 0}summary{cursor:pointer;font-family:ui-monospace,monospace}\
pre{margin:.3rem 0 .3rem 1.5rem;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.4 ui-monospace,monospace}\
.good{color:#1a7f37}.bad{color:#cf222e}.gone{background:#cf222e22}.added{background:#1a7f3722}";

pub fn render(comparison: &Comparison) -> String {
    let title = escaped(&summary(comparison));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n"
    );
    for block in blocks(comparison, true) {
        let (open, class) = match block.verdict {
            Verdict::Equal => ("", "good"),
            Verdict::Differs => (" open", "bad"),
            Verdict::Skipped => (" open", ""),
        };
        let sign = block.verdict.sign();
        let _ = write!(page, "<details{open}><summary><b class=\"{class}\">{sign}</b> {}</summary>", escaped(&block.line));
        if !block.below.is_empty() {
            page.push_str("<pre>");
            for line in &block.below {
                let class = match line.trim_start().chars().next() {
                    Some('-') => "gone",
                    Some('+') => "added",
                    _ => "",
                };
                let _ = writeln!(page, "<span class=\"{class}\">{}</span>", escaped(line));
            }
            page.push_str("</pre>");
        }
        page.push_str("</details>\n");
    }
    page + "</body></html>\n"
}

fn escaped(text: &str) -> String {
    visible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
