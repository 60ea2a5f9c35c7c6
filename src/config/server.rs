//! The server's settings: mod_wsgi-express' option names, with its defaults.
//!
//! Source of names, meanings and defaults: `mod_wsgi/express/options.py` of mod_wsgi 6.1.1. `slow-clients` and `trace-enable` are parity's.

use super::rule;
use super::setting::Setting;
use super::value::{Given, Mismatch, Value};
use crate::units::{Origin, Sourced};

macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $key:literal $field:ident: $type:ty = $default:expr $(, $rule:ident $(named $names:ident)?)?;)+) => {
        /// Every setting of the server, settled.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Server {
            $($(#[doc = $doc])+ pub $field: Sourced<$type>,)+
        }

        impl Default for Server {
            fn default() -> Self {
                Self { $($field: Sourced::default($default),)+ }
            }
        }

        /// Every setting, in the order of the documentation.
        pub const SETTINGS: &[Setting] = &[$(
            Setting {
                key: $key,
                help: concat!($($doc),+),
                shape: <$type as Value>::SHAPE,
                ..Setting::FREE
            }
            $(.ruled(&rule::$rule) $(.named(&rule::$names))?)?,
        )+];

        impl Server {
            /// Sets one value; a map is merged into what was set before, `null` empties it. `Ok(false)`: there is no such setting.
            ///
            /// # Errors
            /// What was expected instead, in a few words.
            pub fn set(&mut self, key: &str, given: &Given, origin: Origin) -> Result<bool, Mismatch> {
                let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else { return Ok(false) };
                setting.check(given)?;
                match key {
                    $($key => {
                        let value = <$type as Value>::read(given).map_err(|wrong| setting.explain(wrong))?;
                        let value = if *given == Given::Null { value } else { value.over(&self.$field.value) };
                        self.$field = Sourced::new(value, origin);
                    })+
                    _ => return Ok(false),
                }
                Ok(true)
            }

            /// Each setting as `parity.yaml` would have it, with its origin.
            pub fn list(&self) -> Vec<(&'static str, String, Origin)> {
                vec![$(($key, self.$field.value.show(), self.$field.origin.clone()),)+]
            }
        }
    };
}

settings! {
    /// The port on this machine that the server is published on; 0 takes a free one.
    "port" port: u16 = 8000;
    /// The address on this machine that the port is published on.
    "host" host: String = "127.0.0.1".into(), ADDRESS;
    /// Processes that run the application.
    "processes" processes: u32 = 1, PROCESSES;
    /// Threads in each of them.
    "threads" threads: u32 = 5, THREADS;
    /// Connections that Apache accepts at once; by default 1.5 times all threads, and 10 more.
    "max-clients" max_clients: Option<u32> = None, CLIENTS;
    /// Connections beside those of max-clients that Apache accepts where clients take their time with a request; 0 for none, as mod_wsgi-express has it.
    "slow-clients" slow_clients: u32 = 1000, SLOW_CLIENTS;
    /// Largest request body in bytes; 0 for no limit.
    "limit-request-body" limit_request_body: u64 = 10_485_760;
    /// Requests after which a process is replaced; 0 for never.
    "maximum-requests" maximum_requests: u32 = 0;
    /// Seconds for the application to be imported, or its process says where it hangs and is restarted; 0 for any time.
    "startup-timeout" startup_timeout: u32 = 15;
    /// Seconds for a process to end when it is stopped.
    "shutdown-timeout" shutdown_timeout: u32 = 5;
    /// Seconds between restarts of each process; 0 for never.
    "restart-interval" restart_interval: u32 = 0;
    /// Seconds of CPU time after which a process is restarted; 0 for no limit.
    "cpu-time-limit" cpu_time_limit: u32 = 0;
    /// Seconds for requests to complete before a planned restart.
    "graceful-timeout" graceful_timeout: u32 = 15;
    /// Seconds for requests to complete before a forced graceful restart; 0 for graceful-timeout.
    "eviction-timeout" eviction_timeout: u32 = 0;
    /// Seconds after which a deadlocked process is restarted.
    "deadlock-timeout" deadlock_timeout: u32 = 60;
    /// Seconds without a request after which a process is restarted; 0 for never.
    "inactivity-timeout" inactivity_timeout: u32 = 0;
    /// URL paths whose requests do not count as activity.
    "ignore-activity" ignore_activity: Vec<String> = Vec::new(), URL_PATH;
    /// Seconds that a request may run before its process is restarted.
    "request-timeout" request_timeout: u32 = 60;
    /// Seconds after which a request's thread is interrupted; 0 for never.
    "interrupt-timeout" interrupt_timeout: u32 = 0;
    /// Seconds to wait for a connection to the application's process.
    "connect-timeout" connect_timeout: u32 = 15, SECONDS;
    /// Seconds to wait for data between Apache and the application.
    "socket-timeout" socket_timeout: u32 = 60, SECONDS;
    /// Seconds that a request may wait for a free thread.
    "queue-timeout" queue_timeout: u32 = 45;
    /// Seconds for a request's headers to arrive.
    "header-timeout" header_timeout: u32 = 15;
    /// Most seconds for a request's headers.
    "header-max-timeout" header_max_timeout: u32 = 30;
    /// Bytes of headers that extend the timeout by a second.
    "header-min-rate" header_min_rate: u32 = 500;
    /// Seconds for a request's body to begin to arrive.
    "body-timeout" body_timeout: u32 = 15;
    /// Most seconds for a request's body; 0 for no limit.
    "body-max-timeout" body_max_timeout: u32 = 0;
    /// Bytes of body that extend the timeout by a second.
    "body-min-rate" body_min_rate: u32 = 500;
    /// Connections that may wait for Apache.
    "server-backlog" server_backlog: u32 = 500, BACKLOG;
    /// Requests that may wait for the application; by default as many as Apache accepts connections, where there are slow-clients.
    "daemon-backlog" daemon_backlog: u32 = 100, BACKLOG;
    /// Bytes of the socket's send buffer; 0 for the system's.
    "send-buffer-size" send_buffer_size: u32 = 0, SOCKET_BUFFER;
    /// Bytes of the socket's receive buffer; 0 for the system's.
    "receive-buffer-size" receive_buffer_size: u32 = 0, SOCKET_BUFFER;
    /// Bytes of response headers; 0 for 32 KiB.
    "header-buffer-size" header_buffer_size: u32 = 0, HEADER_BUFFER;
    /// Bytes of response that are buffered for slow clients; 0 for 64 KiB.
    "response-buffer-size" response_buffer_size: u32 = 0, RESPONSE_BUFFER;
    /// Seconds to wait for a slow client; 0 for socket-timeout.
    "response-socket-timeout" response_socket_timeout: u32 = 0;
    /// Send files with sendfile().
    "enable-sendfile" enable_sendfile: bool = false;
    /// How a HEAD request reaches the application: auto, on or off.
    "map-head-to-get" map_head_to_get: super::OnOffAuto = super::OnOffAuto::Auto;
    /// Have Apache answer TRACE by sending the request back, with the cookies and passwords in it; off, it answers 405.
    "trace-enable" trace_enable: bool = false;
    /// The name of the application object in a script.
    "callable-object" callable_object: String = "application".into(), PYTHON_NAME;
    /// The Python sub-interpreter; the main one by default.
    "application-group" application_group: String = "%{GLOBAL}".into(), APPLICATION_GROUP;
    /// Where the application is mounted.
    "mount-point" mount_point: String = "/".into(), URL_PATH;
    /// URL paths served from a file or directory: `{/media/: media}`.
    "url-alias" url_alias: Vec<(String, String)> = Vec::new(), PATH named URL_PATH;
    /// A directory whose files are served where the application's URLs leave room.
    "document-root" document_root: Option<String> = None, PATH;
    /// File served for a directory under document-root.
    "directory-index" directory_index: Option<String> = None, FILE_NAME;
    /// List directories under document-root.
    "directory-listing" directory_listing: bool = false;
    /// What .htaccess files may override.
    "allow-override" allow_override: Vec<String> = Vec::new(), OVERRIDE;
    /// Pages for HTTP errors: `{404: /errors/404.html}`.
    "error-document" error_document: Vec<(String, String)> = Vec::new(), URL_PATH named STATUS;
    /// Apache's error pages replace the application's.
    "error-override" error_override: bool = false;
    /// URL paths handed on to another server: `{/api/: "http://api:9000/"}`.
    "proxy-mount-point" proxy_mount_point: Vec<(String, String)> = Vec::new(), URL named URL_PATH;
    /// Headers of a front-end proxy to believe, as `X-Forwarded-For`.
    "trust-proxy-header" trust_proxy_header: Vec<String> = Vec::new(), HEADER;
    /// Addresses of front-end proxies to believe.
    "trust-proxy" trust_proxy: Vec<String> = Vec::new(), PROXY;
    /// Seconds that a connection stays open; 0 closes each.
    "keep-alive-timeout" keep_alive_timeout: u32 = 2;
    /// Compress text responses.
    "compress-responses" compress_responses: bool = false;
    /// The host name of the server; requests for others are refused.
    "server-name" server_name: Option<String> = None, HOST_NAME;
    /// Further host names.
    "server-alias" server_alias: Vec<String> = Vec::new(), HOST_PATTERN;
    /// Also answer to localhost when server-name is set.
    "allow-localhost" allow_localhost: bool = false;
    /// Apache's status page at /server-status.
    "server-status" server_status: bool = false;
    /// mod_wsgi's metrics for the application.
    "server-metrics" server_metrics: bool = false;
    /// Accept chunked request bodies.
    "chunked-request" chunked_request: bool = false;
    /// HTTP/2.
    "http2" http2: bool = false;
    /// Values in each request's WSGI environ: `{KEY: value}`.
    "setenv" setenv: Vec<(String, String)> = Vec::new(), LINE named ENVIRON_NAME;
    /// Environment variables copied to each request's WSGI environ.
    "passenv" passenv: Vec<String> = Vec::new(), ENV_NAME;
    /// The application's working directory, relative to the project.
    "working-directory" working_directory: Option<String> = None, PATH;
    /// Further directories for Python modules, relative to the project.
    "python-path" python_path: Option<Vec<String>> = None, PATH;
    /// Python's warning filters, as for `python -W`.
    "python-warnings" python_warnings: Vec<String> = Vec::new(), SOME_TEXT;
    /// The locale.
    "locale" locale: String = "C.UTF-8".into(), LOCALE;
    /// Apache's log level: `warn`, `info`, or per module `warn wsgi:error`; `wsgi:info` is added unless a level is given for it.
    "log-level" log_level: String = "warn".into(), LOG_LEVEL;
    /// Write an access log.
    "access-log" access_log: bool = false;
    /// Format of the access log.
    "access-log-format" access_log_format: Option<String> = None, SOME_TEXT;
    /// Format of the error log.
    "error-log-format" error_log_format: Option<String> = None, SOME_TEXT;
    /// Apache configuration of your own, included at the end; relative to the project.
    "include-file" include_file: Vec<String> = Vec::new(), PATH;
    /// Rewrite rules, a file of the project.
    "rewrite-rules" rewrite_rules: Option<String> = None, PATH;
    /// A Python script that decides which hosts may connect.
    "host-access-script" host_access_script: Option<String> = None, PATH;
    /// A Python script that checks users and passwords.
    "auth-user-script" auth_user_script: Option<String> = None, PATH;
    /// A Python script that tells a user's groups.
    "auth-group-script" auth_group_script: Option<String> = None, PATH;
    /// HTTP authentication: Basic or Digest.
    "auth-type" auth_type: String = "Basic".into(), AUTH_TYPE;
    /// The group that a user must be in.
    "auth-group" auth_group: String = "wsgi".into(), USER_GROUP;
    /// Do not end the Python interpreter when a process stops.
    "orphan-interpreter" orphan_interpreter: bool = false;
}
