//! Addresses, host names, URLs, and the names of images and networks.

use std::net::IpAddr;

use super::{Rule, word};

pub const ADDRESS: Rule =
    Rule { expected: "an IP address or `localhost`", holds: |text| text == "localhost" || text.parse::<IpAddr>().is_ok() };

pub const PROXY: Rule = Rule {
    expected: "an IP address or a network, as `10.0.0.0/8`",
    holds: |text| {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let Ok(address) = address.parse::<IpAddr>() else { return false };
        let most = if address.is_ipv4() { 32 } else { 128 };
        bits.is_none_or(|bits| word(bits, "") && bits.parse::<u8>().is_ok_and(|bits| bits <= most))
    },
};

pub const HOST_NAME: Rule = Rule { expected: "a host name", holds: |text| host_name(text, "-_") };

pub const HOST_PATTERN: Rule = Rule { expected: "a host name, `*` and `?` being wildcards", holds: |text| host_name(text, "-_*?") };

fn host_name(text: &str, more: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| label.len() <= 63 && word(label, more) && !label.starts_with('-') && !label.ends_with('-'))
}

/// The characters of a path in RFC 3986, and letters of all languages.
fn path_character(c: char) -> bool {
    c.is_alphanumeric() || "-._~!$&'()*+,;=:@%/".contains(c)
}

pub const URL_PATH: Rule = Rule {
    expected: "a URL path that starts with `/`, without spaces and quotes",
    holds: |text| text.starts_with('/') && text.chars().all(path_character),
};

pub const URL: Rule = Rule {
    expected: "a URL as `http://host:port/path`, without a user, query or fragment",
    holds: |text| {
        let Some(rest) = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) else { return false };
        let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        host_and_port(host) && path.chars().all(path_character)
    },
};

fn host_and_port(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).is_some_and(|host| host.parse::<IpAddr>().is_ok());
    (is_address || host_name(host, "-_")) && port.is_none_or(|port| word(port, "") && port.parse::<u16>().is_ok_and(|port| port > 0))
}

pub const IMAGE: Rule = Rule {
    expected: "the name of an image, as `debian:trixie`, `python:3.13-slim` or `registry:5000/team/name@sha256:…`",
    holds: |text| {
        let (text, digest) = text.split_once('@').map_or((text, None), |(text, digest)| (text, Some(digest)));
        let (name, tag) = match text.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (text, None),
        };
        let is_tag = |tag: &str| tag.len() <= 128 && word(tag, "_.-") && !tag.starts_with(['.', '-']);
        let is_digest = |digest: &str| {
            digest.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')))
        };
        image_name(name) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest)
    },
};

pub const REPOSITORY: Rule =
    Rule { expected: "a registry's repository without a tag, as `registry.example.com/team/app`", holds: image_name };

fn image_name(text: &str) -> bool {
    // As in the engines: the first part is a registry if it looks like a host, otherwise part of the path.
    let (registry, path) = match text.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), rest),
        _ => (None, text),
    };
    let is_component = |part: &str| {
        let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        part.starts_with(ends) && part.ends_with(ends) && part.chars().all(|c| ends(c) || "._-".contains(c)) && !part.contains("..")
    };
    text.len() <= 255 && registry.is_none_or(host_and_port) && path.split('/').all(is_component)
}

/// Those of the engine itself in which no port is published.
const UNPUBLISHED: [&str; 2] = ["host", "none"];

pub const NETWORK: Rule = Rule {
    expected: "the name of an existing network in which a port can be published; `host` would let every machine in reach in, \
               and with `none` nobody gets in",
    holds: |text| {
        let is_name = text.len() <= 128 && word(text, "_.-") && text.starts_with(|c: char| c.is_ascii_alphanumeric());
        is_name && !UNPUBLISHED.contains(&text)
    },
};

pub const HEADER: Rule = Rule { expected: "the name of a header, as `X-Forwarded-For`", holds: |text| word(text, "-_") };

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(rule: Rule, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!((rule.holds)(text), "{text:?} is {}", rule.expected);
        }
        for text in bad.iter().chain(&["", "a\nb", "a b", "\"", "a${b}", "<x>", "a\\"]) {
            assert!(!(rule.holds)(text), "{text:?} is not {}", rule.expected);
        }
    }

    #[test]
    fn addresses_and_hosts() {
        holds(ADDRESS, &["127.0.0.1", "0.0.0.0", "::1", "localhost"], &["example.com", "256.1.1.1", "127.0.0.1:80"]);
        holds(PROXY, &["10.0.0.0/8", "::1/128", "192.168.1.1"], &["10.0.0.0/33", "10.0.0.0/+8", "host", "10.0.0.0/"]);
        holds(HOST_NAME, &["example.com", "localhost", "a-b.c_d"], &["*.example.com", "-a.b", "a..b", "a/b"]);
        holds(HOST_PATTERN, &["*.example.com", "www?.a.b"], &["*.exa mple"]);
        holds(HEADER, &["X-Forwarded-For"], &["X:Y"]);
        holds(NETWORK, &["blog_default", "host_default"], &["-x", "a/b", "container:x", "host", "none"]);
    }

    #[test]
    fn urls() {
        holds(URL_PATH, &["/", "/static/", "/a%20b/ü", "/$a"], &["static/", "/a?b", "/a#b", "/a{b", "/a b"]);
        holds(
            URL,
            &["http://api:9000/", "https://example.com", "http://[::1]:80/a"],
            &["ftp://a/", "http://", "http://u:p@h/", "http://h:0/", "http://h/?q", "http://h:+80/"],
        );
    }

    #[test]
    fn images() {
        holds(
            IMAGE,
            &[
                "debian:trixie",
                "python:3.13-slim",
                "localhost:5000/a/b:1",
                "ghcr.io/a/b",
                &format!("a@sha256:{}", "0".repeat(64)),
                "a/b__c",
            ],
            &["Debian", "a:", ":a", "a@sha256:0", "a/", "/a", "a:b:c", "-a", "a b", "http://a/b", "a/../b"],
        );
        holds(REPOSITORY, &["registry.example.com/team/app", "127.0.0.1:5001/x"], &["a:tag", "a@sha256:00"]);
    }
}
