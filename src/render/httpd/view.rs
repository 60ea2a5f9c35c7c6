//! What the template of `httpd.conf` shows: every text in it is quoted or checked.

use serde::Serialize;

use super::{Capacity, Dispatch, EMPTY_ROOT, check, daemon, logging, modules, mount_point, on_off, places, twice};
use crate::config::{OnOffAuto, Server};
use crate::error::Result;
use crate::plan::Plan;
use crate::render::quote::{HttpdArg, refuse};
use crate::render::{PORT, instruments, reload, takeover};

#[derive(Debug, Serialize)]
pub struct View {
    port: u16,
    /// The groups of daemon processes; more than one where saved code is served.
    groups: &'static [&'static str],
    /// Which of them a request goes to: a name, or the variable that the request's environment has it in.
    process_group: &'static str,
    /// Each request is sent to the group that a file names.
    ring: bool,
    /// The scripts are parity's, which see to the application of production's.
    reload: bool,
    /// Where that is what parity has in the processes; `None`: nothing.
    instruments: Option<&'static str>,
    modules: Vec<&'static str>,
    capacity: Capacity,
    server_backlog: u32,
    /// The file of a server that takes over from another one; `None`: none ever does.
    takeover: Option<&'static str>,
    /// Seconds for the requests of one that another has taken over from.
    graceful_shutdown_timeout: u32,
    socket_timeout: u32,
    limit_request_body: u64,
    /// As Apache begins the lines of its error log.
    date: &'static str,
    request_read_timeout: Option<String>,
    http2: bool,
    keep_alive_timeout: u32,
    enable_sendfile: bool,
    log_level: String,
    /// mod_wsgi is to say when a process starts and ends.
    log_lifecycle: bool,
    error_log_format: Option<HttpdArg>,
    access_log_format: Option<HttpdArg>,
    /// The program that takes a line for each request, and the line.
    request_log: Option<(HttpdArg, HttpdArg)>,
    setenv: Vec<(HttpdArg, HttpdArg)>,
    passenv: Vec<HttpdArg>,
    compress_responses: bool,
    destroy_interpreter: String,
    map_head_to_get: &'static str,
    trace_enable: String,
    server_metrics: String,
    python_warnings: Vec<HttpdArg>,
    chunked_request: bool,
    /// A chunked body that Apache refuses gets one page.
    answers_once: bool,
    error_override: bool,
    trust_proxy_header: Vec<String>,
    trust_proxy: Vec<String>,
    daemon_options: Vec<(&'static str, String)>,
    /// The mount point, where requests go to the application by `WSGIScriptAlias`.
    script_alias: Option<String>,
    /// Which URLs go to the application where they do not, unless all.
    fallback_pattern: Option<HttpdArg>,
    application_group: String,
    virtual_hosts: Option<VirtualHosts>,
    allow_localhost: bool,
    document_root: DocumentRoot,
    allow_override: String,
    directory_index: Option<HttpdArg>,
    directory_listing: bool,
    rewrite_rules: Option<HttpdArg>,
    aliases: Vec<places::AliasView>,
    proxies: Vec<places::ProxyView>,
    error_documents: Vec<(u16, HttpdArg)>,
    ignore_activity: Vec<HttpdArg>,
    extended_status: bool,
    /// Who may see the status page.
    server_status: Option<&'static str>,
    host_access_script: Option<HttpdArg>,
    auth: Option<Auth>,
    include_files: Vec<HttpdArg>,
}

#[derive(Debug, Serialize)]
struct DocumentRoot {
    path: HttpdArg,
    section: HttpdArg,
}

#[derive(Debug, Serialize)]
struct VirtualHosts {
    name: String,
    aliases: Vec<String>,
    /// `example.com` where the server is `www.example.com`.
    parent: Option<String>,
    redirect_to: String,
}

#[derive(Debug, Serialize)]
struct Auth {
    kind: &'static str,
    realm: HttpdArg,
    user_script: HttpdArg,
    group_script: Option<HttpdArg>,
    group: String,
}

impl View {
    pub fn of(plan: &Plan) -> Result<Self> {
        let server = &plan.server;
        let dispatch = Dispatch::of(plan);
        let mount = mount_point(plan)?;
        let published_here_only = matches!(server.host.as_str(), "127.0.0.1" | "::1" | "localhost");
        let groups = reload::groups(plan);
        let ring = groups.len() > 1;
        Ok(Self {
            port: PORT,
            groups,
            process_group: if ring { "%{ENV:PARITY_SLOT}" } else { groups[0] },
            ring,
            reload: plan.reload.is_some(),
            instruments: instruments::directory(plan),
            modules: modules::modules(plan),
            capacity: Capacity::of(server),
            server_backlog: check::int("server-backlog", *server.server_backlog)?.max(1),
            takeover: plan.lends_network().then_some(takeover::FILE),
            graceful_shutdown_timeout: takeover::drain_seconds(plan),
            socket_timeout: check::int("socket-timeout", *server.socket_timeout)?,
            limit_request_body: (*server.limit_request_body).min(i64::MAX as u64),
            date: "{%a %b %d %H:%M:%S %Y}",
            request_read_timeout: request_read_timeout(server)?,
            http2: *server.http2,
            keep_alive_timeout: check::int("keep-alive-timeout", *server.keep_alive_timeout)?,
            enable_sendfile: *server.enable_sendfile,
            log_level: check::log_level("log-level", &server.log_level)?,
            log_lifecycle: logging::adds_lifecycle(&server.log_level),
            error_log_format: logging::errors(server)?,
            access_log_format: logging::access(server)?,
            request_log: plan.logs_requests().then(logging::requests).transpose()?,
            setenv: pairs(&server.setenv, |name, value| Ok((HttpdArg::new("setenv", name)?, HttpdArg::maybe_empty("setenv", value)?)))?,
            passenv: each(&server.passenv, |name| HttpdArg::new("passenv", name))?,
            compress_responses: *server.compress_responses,
            destroy_interpreter: on_off(!*server.orphan_interpreter).to_string(),
            map_head_to_get: match *server.map_head_to_get {
                OnOffAuto::On => "On",
                OnOffAuto::Off => "Off",
                OnOffAuto::Auto => "Auto",
            },
            trace_enable: on_off(*server.trace_enable).to_string(),
            server_metrics: on_off(*server.server_metrics).to_string(),
            python_warnings: each(&server.python_warnings, |filter| HttpdArg::new("python-warnings", filter))?,
            chunked_request: *server.chunked_request,
            answers_once: twice::is_prevented(server),
            error_override: *server.error_override,
            trust_proxy_header: each(&server.trust_proxy_header, |name| check::word("trust-proxy-header", name, "-_"))?,
            trust_proxy: each(&server.trust_proxy, |address| check::network("trust-proxy", address))?,
            daemon_options: daemon::options(plan)?,
            script_alias: (dispatch == Dispatch::Alias).then(|| if mount.is_empty() { "/".to_owned() } else { mount.clone() }),
            fallback_pattern: (!mount.is_empty())
                .then(|| HttpdArg::new("mount-point", &format!("^{}(/|$)", mount.replace('.', "\\."))))
                .transpose()?,
            application_group: application_group(server)?,
            virtual_hosts: virtual_hosts(server)?,
            allow_localhost: *server.allow_localhost,
            document_root: document_root(server)?,
            allow_override: check::allow_override("allow-override", &server.allow_override)?,
            directory_index: optional("directory-index", server.directory_index.as_deref())?,
            directory_listing: *server.directory_listing,
            rewrite_rules: script("rewrite-rules", server.rewrite_rules.as_deref())?,
            aliases: places::aliases(plan)?,
            proxies: pairs(&server.proxy_mount_point, places::proxy)?,
            error_documents: pairs(&server.error_document, |status, document| {
                Ok((check::status("error-document", status)?, HttpdArg::in_expression("error-document", document)?))
            })?,
            ignore_activity: each(&server.ignore_activity, |url| {
                HttpdArg::new("ignore-activity", &check::url_path("ignore-activity", url)?)
            })?,
            extended_status: *server.server_metrics || *server.server_status,
            // The engine's network makes every client of a published port look like another machine.
            server_status: server.server_status.then_some(if !plan.profile.is_baked() && published_here_only {
                "all granted"
            } else {
                "local"
            }),
            host_access_script: script("host-access-script", server.host_access_script.as_deref())?,
            auth: auth(server)?,
            include_files: each(&server.include_file, |file| HttpdArg::new("include-file", &check::container_path("include-file", file)?))?,
        })
    }
}

fn request_read_timeout(server: &Server) -> Result<Option<String>> {
    let part = |name: &str, (start_key, start): (&str, u32), (most_key, most): (&str, u32), (rate_key, rate): (&str, u32)| {
        if check::int(start_key, start)? == 0 {
            return Ok(None);
        }
        let mut text = format!("{name}={start}");
        // Without a rate nothing extends the time up to the most.
        if check::int(most_key, most)? > 0 && rate > 0 {
            if most < start {
                return Err(refuse(most_key, &most.to_string(), &format!("is less than {start_key}, {start}")));
            }
            text += &format!("-{most}");
        }
        if check::int(rate_key, rate)? > 0 {
            text += &format!(",MinRate={rate}");
        }
        Ok(Some(text))
    };
    let header = part(
        "header",
        ("header-timeout", *server.header_timeout),
        ("header-max-timeout", *server.header_max_timeout),
        ("header-min-rate", *server.header_min_rate),
    )?;
    let body = part(
        "body",
        ("body-timeout", *server.body_timeout),
        ("body-max-timeout", *server.body_max_timeout),
        ("body-min-rate", *server.body_min_rate),
    )?;
    let parts: Vec<_> = [header, body].into_iter().flatten().collect();
    Ok((!parts.is_empty()).then(|| parts.join(" ")))
}

pub(in crate::render) fn application_group(server: &Server) -> Result<String> {
    let group = server.application_group.value.as_str();
    match group {
        "" | "%{GLOBAL}" => Ok("%{GLOBAL}".into()),
        _ if group.contains("%{") => {
            Err(refuse("application-group", group, "differs from request to request, but the application is imported before the first one")
                .hint("Use `%{GLOBAL}` or a name of your own."))
        }
        _ => Ok(HttpdArg::new("application-group", group)?.to_string()),
    }
}

fn virtual_hosts(server: &Server) -> Result<Option<VirtualHosts>> {
    let Some(name) = server.server_name.as_deref() else { return Ok(None) };
    let name = check::host("server-name", name, false)?;
    let aliases = each(&server.server_alias, |alias| check::host("server-alias", alias, true))?;
    let parent = name.to_ascii_lowercase().starts_with("www.").then(|| name[4..].to_owned()).filter(|parent| !parent.is_empty());
    let redirect_to = match *server.port {
        0 | 80 => format!("http://{name}/"),
        port => format!("http://{name}:{port}/"),
    };
    Ok(Some(VirtualHosts { name, aliases, parent, redirect_to }))
}

fn document_root(server: &Server) -> Result<DocumentRoot> {
    let path = match server.document_root.as_deref() {
        Some(given) => check::container_path("document-root", given)?,
        None => EMPTY_ROOT.to_owned(),
    };
    Ok(DocumentRoot { path: HttpdArg::new("document-root", &path)?, section: HttpdArg::directory_section("document-root", &path)? })
}

fn auth(server: &Server) -> Result<Option<Auth>> {
    let Some(user_script) = script("auth-user-script", server.auth_user_script.as_deref())? else { return Ok(None) };
    let kind = match server.auth_type.to_ascii_lowercase().as_str() {
        "basic" => "Basic",
        "digest" => "Digest",
        _ => return Err(refuse("auth-type", &server.auth_type, "is neither Basic nor Digest")),
    };
    Ok(Some(Auth {
        kind,
        realm: HttpdArg::new("server-name", server.server_name.as_deref().unwrap_or("localhost"))?,
        user_script,
        group_script: script("auth-group-script", server.auth_group_script.as_deref())?,
        group: check::word("auth-group", &server.auth_group, "-_.@")?,
    }))
}

fn script(setting: &str, path: Option<&str>) -> Result<Option<HttpdArg>> {
    path.map(|path| HttpdArg::new(setting, &check::container_path(setting, path)?)).transpose()
}

fn optional(setting: &str, value: Option<&str>) -> Result<Option<HttpdArg>> {
    value.filter(|value| !value.is_empty()).map(|value| HttpdArg::new(setting, value)).transpose()
}

fn each<T>(values: &[String], read: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
    values.iter().map(|value| read(value)).collect()
}

fn pairs<T>(values: &[(String, String)], read: impl Fn(&str, &str) -> Result<T>) -> Result<Vec<T>> {
    values.iter().map(|(key, value)| read(key, value)).collect()
}
