//! Values that go to Apache as they are, because it knows them by heart: each is held against what it may be.
//!
//! Apache would refuse most of these itself, but only once the container runs, and in words about its own files.

use std::net::IpAddr;

use crate::error::Result;
use crate::render::quote::refuse;
use crate::units::layout;

/// A word of letters, digits and the characters in `more`.
pub fn word(setting: &str, value: &str, more: &str) -> Result<String> {
    if value.is_empty() || !value.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c)) {
        let more: Vec<_> = more.chars().map(|c| format!("`{c}`")).collect();
        return Err(refuse(setting, value, &format!("may hold only letters, digits and {}", more.join(" "))));
    }
    Ok(value.to_owned())
}

/// A host name, with `*` and `?` where `wildcard` allows them.
pub fn host(setting: &str, value: &str, wildcard: bool) -> Result<String> {
    if value.starts_with('-') {
        return Err(refuse(setting, value, "is not a host name"));
    }
    word(setting, value, if wildcard { "-._*?" } else { "-._" })
}

const LEVELS: [&str; 16] = [
    "emerg", "alert", "crit", "error", "warn", "notice", "info", "debug", "trace1", "trace2", "trace3", "trace4", "trace5", "trace6",
    "trace7", "trace8",
];

/// `warn`, or per module `info wsgi:debug`.
pub fn log_level(setting: &str, value: &str) -> Result<String> {
    let known = |level: &str| LEVELS.contains(&level.to_ascii_lowercase().as_str());
    let mut words = Vec::new();
    for part in value.split_whitespace() {
        let (module, level) = part.rsplit_once(':').map_or((None, part), |(module, level)| (Some(module), level));
        if !known(level) {
            return Err(refuse(setting, value, "is not a log level").hint(format!("Levels are {}.", LEVELS.join(", "))));
        }
        words.push(match module {
            Some(module) => format!("{}:{level}", word(setting, module, "_.")?),
            None => level.to_owned(),
        });
    }
    if words.is_empty() {
        return Err(refuse(setting, value, "is empty"));
    }
    Ok(words.join(" "))
}

/// Arguments of `AllowOverride`.
pub fn allow_override(setting: &str, values: &[String]) -> Result<String> {
    if values.is_empty() {
        return Ok("None".into());
    }
    let known = |value: &str| {
        let plain = ["all", "none", "authconfig", "fileinfo", "indexes", "limit", "options"];
        let value = value.to_ascii_lowercase();
        plain.contains(&value.as_str()) || value.starts_with("options=") || value.starts_with("nonfatal=")
    };
    for value in values {
        if !known(value) {
            return Err(refuse(setting, value, "is not something that .htaccess can be allowed")
                .hint("Use AuthConfig, FileInfo, Indexes, Limit, Options, All or None."));
        }
        word(setting, value, "=,")?;
    }
    Ok(values.join(" "))
}

/// An address or a network: `10.0.0.1`, `10.0.0.0/8`, `10.0.0.0/255.0.0.0`.
pub fn network(setting: &str, value: &str) -> Result<String> {
    let (address, mask) = value.split_once('/').map_or((value, None), |(address, mask)| (address, Some(mask)));
    let valid = match (address.parse::<IpAddr>(), mask) {
        (Err(_), _) => false,
        (Ok(_), None) => true,
        (Ok(IpAddr::V4(_)), Some(mask)) => mask.parse::<u8>().is_ok_and(|bits| bits <= 32) || mask.parse::<std::net::Ipv4Addr>().is_ok(),
        (Ok(IpAddr::V6(_)), Some(mask)) => mask.parse::<u8>().is_ok_and(|bits| bits <= 128),
    };
    // mod_wsgi knows hexadecimal digits in lower case only.
    if valid { Ok(value.to_ascii_lowercase()) } else { Err(refuse(setting, value, "is not an address or a network, as `10.0.0.0/8`")) }
}

/// The status codes that Apache has a page for, without 1xx and 2xx.
const STATUSES: [u16; 39] = [
    300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421,
    422, 423, 424, 425, 426, 428, 429, 431, 451, 500, 501, 502,
];
const MORE_STATUSES: [u16; 8] = [503, 504, 505, 506, 507, 508, 510, 511];

/// The status of an `ErrorDocument`.
pub fn status(setting: &str, value: &str) -> Result<u16> {
    match value.parse() {
        Ok(code) if STATUSES.contains(&code) || MORE_STATUSES.contains(&code) => Ok(code),
        _ => Err(refuse(setting, value, "is not an HTTP error status that Apache knows")),
    }
}

/// A URL path that Apache's directives take without pattern or format characters in it.
pub fn plain_url_path(setting: &str, value: &str) -> Result<String> {
    if !value.starts_with('/') {
        return Err(refuse(setting, value, "must start with `/`"));
    }
    word(setting, value, "/-._~")
}

/// A URL path in quotes-to-be: any character, but from the root.
pub fn url_path(setting: &str, value: &str) -> Result<String> {
    if value.starts_with('/') { Ok(value.to_owned()) } else { Err(refuse(setting, value, "must start with `/`")) }
}

/// A number that Apache reads into a C `int`.
pub fn int(setting: &str, value: u32) -> Result<u32> {
    if i32::try_from(value).is_ok() { Ok(value) } else { Err(refuse(setting, &value.to_string(), "is too large; at most 2147483647")) }
}

/// Zero, or at least `least`.
pub fn zero_or_from(setting: &str, value: u32, least: u32) -> Result<u32> {
    match int(setting, value)? {
        small if small != 0 && small < least => Err(refuse(setting, &value.to_string(), &format!("must be 0 or at least {least}"))),
        fine => Ok(fine),
    }
}

/// A path of the project as the container sees it; absolute paths stay.
pub fn container_path(setting: &str, path: &str) -> Result<String> {
    if path.split('/').any(|part| part == "..") {
        return Err(refuse(setting, path, "leads outside the project by `..`"));
    }
    let joined = if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", layout::APP) };
    let parts: Vec<_> = joined.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    Ok(format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_apache_knows_and_nothing_else() {
        assert_eq!(log_level("x", "info  wsgi:debug").unwrap(), "info wsgi:debug");
        assert!(log_level("x", "loud").is_err() && log_level("x", "info wsgi;:debug").is_err() && log_level("x", " ").is_err());
        assert_eq!(allow_override("x", &[]).unwrap(), "None");
        assert_eq!(
            allow_override("x", &["FileInfo".into(), "Options=Indexes,MultiViews".into()]).unwrap(),
            "FileInfo Options=Indexes,MultiViews"
        );
        assert!(allow_override("x", &["Everything".into()]).is_err() && allow_override("x", &["Options=\nx".into()]).is_err());
        for good in ["10.0.0.1", "10.0.0.0/8", "10.0.0.0/255.0.0.0", "fd00::/8"] {
            assert_eq!(network("x", good).unwrap(), good);
        }
        for bad in ["", "10.0", "localhost", "10.0.0.0/33", "10.0.0.1 x"] {
            assert!(network("x", bad).is_err(), "{bad}");
        }
        assert!(status("x", "404").is_ok() && status("x", "499").is_err() && status("x", "404 x").is_err());
        assert!(
            host("x", "www.example.com", false).is_ok() && host("x", "*.example.com", false).is_err() && host("x", "a b", true).is_err()
        );
        assert!(zero_or_from("x", 0, 512).is_ok() && zero_or_from("x", 511, 512).is_err() && zero_or_from("x", u32::MAX, 512).is_err());
    }

    #[test]
    fn paths_stay_inside() {
        assert_eq!(container_path("x", "conf/./a.conf").unwrap(), "/app/conf/a.conf");
        assert_eq!(container_path("x", "/etc/motd").unwrap(), "/etc/motd");
        assert!(container_path("x", "a/../../etc").is_err());
    }
}
