//! The formats of the access and error logs.

use crate::config::Server;
use crate::error::Result;
use crate::render::quote::{HttpdArg, refuse};
use crate::render::request_log;

const COMMON: &str = r#"%h %l %u %t "%r" %>s %b"#;
const COMBINED: &str = r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i""#;

/// Is mod_wsgi to be asked to say when a process starts and ends, which it does at `info`? Not where the level lets it anyway,
/// or is about mod_wsgi itself.
pub fn adds_lifecycle(log_level: &str) -> bool {
    let words = || log_level.split_whitespace();
    let own = words().any(|word| ["wsgi:", "wsgi_module:", "mod_wsgi.c:"].iter().any(|module| word.starts_with(module)));
    let says_it = |level: &str| level == "info" || level == "debug" || level.starts_with("trace");
    !own && !words().filter(|word| !word.contains(':')).any(|level| says_it(&level.to_ascii_lowercase()))
}

/// The access log's, where there is to be one.
pub fn access(server: &Server) -> Result<Option<HttpdArg>> {
    if !*server.access_log {
        return Ok(None);
    }
    let format = match server.access_log_format.as_deref() {
        None | Some("common") => COMMON,
        Some("combined") => COMBINED,
        Some(own) => own,
    };
    formatted("access-log-format", format, ACCESS).map(Some)
}

/// The program that passes on what is shown of requests, and what it gets.
pub fn requests() -> Result<(HttpdArg, HttpdArg)> {
    Ok((HttpdArg::new("request-log", request_log::COMMAND)?, HttpdArg::new("request-log", request_log::FORMAT)?))
}

/// The error log's, unless it is Apache's own, which is what parity reads best.
pub fn errors(server: &Server) -> Result<Option<HttpdArg>> {
    let given = server.error_log_format.as_deref().filter(|format| !format.is_empty());
    let Some(given) = given else { return Ok(None) };
    let quoted = formatted("error-log-format", given, ERRORS)?;
    if !given.contains("%M") {
        return Err(refuse("error-log-format", given, "does not say where the message is, `%M`"));
    }
    Ok(Some(quoted))
}

/// The letters that mean something after `%`.
const ACCESS: &str = "aAbBCDefhHiklLmnopPqrRsStTuUvVwXIO%";
/// `% ` and `%-` are of the error log's format only.
const ERRORS: &str = "aAcCeEFiklLmMnPrtTvV% ";

/// `%{…}` is meant here. Held against what Apache would refuse when it starts.
fn formatted(setting: &str, format: &str, letters: &str) -> Result<HttpdArg> {
    let mut rest = format.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '%' {
            continue;
        }
        // `% ` separates fields; it takes no modifiers.
        if letters.contains(' ') && rest.next_if_eq(&' ').is_some() {
            continue;
        }
        while rest.next_if(|&c| "!<>,-".contains(c) || c.is_ascii_digit()).is_some() {}
        let closed = rest.next_if_eq(&'{').is_none() || rest.by_ref().any(|c| c == '}');
        while rest.next_if(|&c| "<>".contains(c)).is_some() {}
        let known = match rest.next() {
            Some('^') => matches!((rest.next(), rest.next()), (Some('t'), Some('i' | 'o')) | (Some('F'), Some('U' | 'B'))),
            Some(letter) => letter != ' ' && letters.contains(letter),
            None => false,
        };
        if !closed || !known {
            return Err(
                refuse(setting, format, "has a `%` that Apache does not know what to do with").hint("Write `%%` for a percent sign.")
            );
        }
    }
    HttpdArg::new(setting, format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mod_wsgi_tells_of_processes_unless_a_level_is_said_for_it() {
        for (level, adds) in [("warn", true), ("error ssl:info", true), ("info", false), ("Trace4", false), ("warn wsgi:error", false)] {
            assert_eq!(adds_lifecycle(level), adds, "{level}");
        }
    }

    #[test]
    fn knows_apaches_formats() {
        for good in [COMMON, COMBINED, "%{%d/%b/%Y}t %D %{ms}T %!200,304{User-agent}i %<s 100%% %^ti", "plain"] {
            assert!(formatted("x", good, ACCESS).is_ok(), "{good}");
        }
        let default = "[%{u}t] [%-m:%l] [pid %P:tid %T] %7F: %E: [client\\ %a] %M% ,\\ referer\\ %{Referer}i";
        assert!(formatted("x", default, ERRORS).is_ok());
        for bad in ["%", "%{x", "%Z", "50% x", "%{x}", "%^x"] {
            assert!(formatted("x", bad, ACCESS).is_err(), "{bad}");
        }
    }
}
