//! Which of Apache's modules a configuration needs.

use crate::plan::Plan;

/// Debian builds `unixd`, `log_config`, `logio` and `version` into the server; everything else is a file.
pub fn modules(plan: &Plan) -> Vec<&'static str> {
    let server = &plan.server;
    // Configuration of the user's own may use whatever mod_wsgi-express would have loaded.
    let own = !server.include_file.is_empty() || !server.allow_override.is_empty() || server.rewrite_rules.is_some();
    let proxy = !server.proxy_mount_point.is_empty();
    let auth = server.auth_user_script.is_some();
    let digest = server.auth_type.eq_ignore_ascii_case("digest");
    let metrics = *server.server_metrics || *server.server_status;
    [
        ("mpm_event", true),
        ("http2", *server.http2),
        ("authn_core", true),
        ("authz_core", true),
        ("authz_host", true),
        ("authz_user", auth),
        ("auth_basic", auth && !digest),
        ("auth_digest", auth && digest),
        ("access_compat", own),
        ("alias", true),
        ("mime", true),
        ("dir", true),
        ("autoindex", *server.directory_listing),
        ("env", own || !server.setenv.is_empty() || !server.passenv.is_empty()),
        ("setenvif", plan.reload.is_some()),
        ("headers", own || proxy || *server.chunked_request),
        ("filter", own || *server.compress_responses),
        ("deflate", *server.compress_responses),
        ("rewrite", own || server.document_root.is_some()),
        ("reqtimeout", true),
        ("proxy", proxy),
        ("proxy_http", proxy),
        ("status", metrics),
    ]
    .into_iter()
    .filter_map(|(name, needed)| needed.then_some(name))
    .collect()
}
