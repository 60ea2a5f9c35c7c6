//! Chunked bodies that Apache refuses, over `limit-request-body` or malformed: one answer instead of two.
//!
//! Apache's input filter answers such a body by itself, with 413 or 400, and tells mod_wsgi, which reads on behalf of its daemon, so
//! (`AP_FILTER_ERROR`). mod_wsgi takes that for a failure of its own and returns 500, and Apache 2.4 sends that page behind the first one.
//! The order cannot be changed by configuration, but the second page can be an empty one: what `ErrorDocument` says is an expression, and
//! mod_headers can note for it that there was an answer already.

use crate::config::Server;

/// Apache's own page, as `ErrorDocument` replaces it.
const PAGE: &str = r#"<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">
<html><head>
<title>500 Internal Server Error</title>
</head><body>
<h1>Internal Server Error</h1>
<p>The server encountered an internal error or
misconfiguration and was unable to complete
your request.</p>
</body></html>
"#;

/// Can the second page be an empty one? Not where `error-document` names a page of the user's own for it.
pub fn is_prevented(server: &Server) -> bool {
    *server.chunked_request && !server.error_document.iter().any(|(status, _)| status == "500")
}

/// The pages for `/etc/parity`, by name: with the status of the answer before it, if there was one.
pub fn files(server: &Server) -> Vec<(String, String)> {
    if !is_prevented(server) {
        return Vec::new();
    }
    [("", PAGE), ("400", ""), ("413", "")].map(|(before, page)| (format!("error-500{before}.html"), page.to_owned())).into()
}
