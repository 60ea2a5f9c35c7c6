//! What to do where a service beside the application cannot be reached.

use super::text::plain;
use super::{Record, Setting};

/// The services of a Compose file, and what has become of their network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Services {
    /// The Compose file, as it is shown.
    pub file: String,
    pub all: Vec<Service>,
    pub reach: Reach,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// Its names in its networks, the service's own first.
    pub names: Vec<String>,
    /// The ports that it listens at there, as far as they are known.
    pub ports: Vec<u16>,
}

/// How the application's server comes to the services.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reach {
    /// There was no network to join when it started.
    #[default]
    None,
    /// It is in their network.
    Joined,
    /// It is in this network, which was set by hand.
    Network(String),
}

/// What it says where a name is not known.
const UNKNOWN: [&str; 9] = [
    "could not translate host name",
    "name or service not known",
    "temporary failure in name resolution",
    "nodename nor servname",
    "failed to resolve",
    "unknown mysql server host",
    "getaddrinfo",
    "name does not resolve",
    "no address associated with hostname",
];
/// And where nobody listens.
const REFUSED: [&str; 5] = ["connection refused", "error 111", "errno 111", "can't connect", "could not connect"];

/// The hint for a record that tells of a service which cannot be reached.
pub fn unreachable(record: &Record, setting: &Setting) -> Option<String> {
    let services = setting.services.as_ref()?;
    record.lines.iter().rev().map(|line| plain(&line.text)).find_map(|line| {
        let low = line.to_lowercase();
        let says = |signs: &[&str]| signs.iter().any(|sign| low.contains(sign));
        let (is_unknown, is_refused) = (says(&UNKNOWN), says(&REFUSED));
        if !is_unknown && !is_refused {
            return None;
        }
        let found = services.all.iter().find_map(|service| Some((service, service.names.iter().find(|name| mentions(&line, name))?)));
        // A socket of Python's own does not say whose name it was; its caller's line may.
        let found = found.or_else(|| in_source(services, record).filter(|_| is_unknown));
        match found {
            Some((service, name)) if is_unknown => Some(unknown(services, service, name)),
            Some((service, name)) => Some(refused(services, service, name, &line)),
            None => on_this_machine(services, &line),
        }
    })
}

fn unknown(Services { file, reach, .. }: &Services, service: &Service, name: &str) -> String {
    let start = format!("`docker compose up -d {}`", own_name(service));
    match reach {
        Reach::Joined => format!("`{name}` of {file} does not run: {start}"),
        Reach::None => {
            format!("`{name}` of {file} does not run: {start}, then start this server again: it joins the network that is there by then")
        }
        Reach::Network(network) => format!("`{name}` is a service of {file}: does it run ({start}), and is it in `network: {network}`?"),
    }
}

fn refused(Services { file, .. }: &Services, service: &Service, name: &str, line: &str) -> String {
    let own = own_name(service);
    match service.ports.as_slice() {
        [first, ..] if !service.ports.iter().any(|port| mentions(line, &port.to_string())) && port_of(line, name).is_some() => {
            format!("in its network `{name}` of {file} listens at {first}: other ports of its are this machine's")
        }
        _ => format!(
            "`{name}` of {file} does not listen (yet): `docker compose ps {own}` shows whether it is well, `docker compose up -d --wait {own}` waits for it"
        ),
    }
}

/// A service whose name is a literal of a line of code in the traceback.
fn in_source<'a>(services: &'a Services, record: &Record) -> Option<(&'a Service, &'a String)> {
    let is_literal =
        |name: &str| record.lines.iter().any(|line| ['"', '\''].iter().any(|quote| line.text.contains(&format!("{quote}{name}{quote}"))));
    services.all.iter().find_map(|service| Some((service, service.names.iter().find(|name| is_literal(name))?)))
}

/// A service that is looked for where only this machine has it.
fn on_this_machine(Services { file, all, .. }: &Services, line: &str) -> Option<String> {
    ["localhost", "127.0.0.1", "::1"].iter().find(|host| line.contains(**host))?;
    let (service, port) =
        all.iter().find_map(|service| Some((service, service.ports.iter().find(|port| mentions(line, &port.to_string()))?)))?;
    let name = own_name(service);
    Some(format!("`localhost` in a container is the container: the `{name}` of {file} is at `{name}:{port}`"))
}

fn own_name(service: &Service) -> &str {
    service.names.first().map_or("", String::as_str)
}

/// The port that a line names beside a host: `db:5433`, `port 5433`.
fn port_of(line: &str, name: &str) -> Option<u16> {
    let after = [format!("{name}:"), "port ".to_owned()];
    after.iter().find_map(|sign| {
        let (_, rest) = line.split_once(sign.as_str())?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    })
}

/// Is a name in a line, and not as a part of another one, as `db` in `django.db.utils`?
fn mentions(line: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let mut after = line[at + name.len()..].chars();
        let next = after.next();
        let goes_on = next.is_some_and(is_part) || next == Some('.') && after.next().is_some_and(is_part);
        !goes_on && !before.is_some_and(|c| is_part(c) || c == '.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::RecordKind;

    fn told(reach: Reach, line: &str) -> String {
        let service =
            |names: &[&str], ports: &[u16]| Service { names: names.iter().map(|name| (*name).into()).collect(), ports: ports.into() };
        let all = vec![service(&["db", "shop-db"], &[5432]), service(&["cache"], &[6379]), service(&["s3"], &[])];
        let services = Some(Services { file: "compose.yaml".into(), all, reach });
        let record = Record::new(RecordKind::Traceback, ["Traceback (most recent call last):", line]);
        unreachable(&record, &Setting { services, ..Setting::default() }).unwrap_or_default()
    }

    #[test]
    fn each_driver_says_it_in_its_own_words() {
        for line in [
            r#"django.db.utils.OperationalError: could not translate host name "db" to address: Name or service not known"#,
            "psycopg.OperationalError: failed to resolve host 'db': [Errno -2] Name or service not known",
            "redis.exceptions.ConnectionError: Error -3 connecting to db:6379. Temporary failure in name resolution.",
            r#"pymysql.err.OperationalError: (2003, "Can't connect to MySQL server on 'db' ([Errno -2] Name or service not known)")"#,
            "MySQLdb.OperationalError: (2005, \"Unknown MySQL server host 'db' (-2)\")",
            "pymongo.errors.ServerSelectionTimeoutError: db:27017: [Errno -2] Name or service not known",
        ] {
            assert_eq!(told(Reach::Joined, line), "`db` of compose.yaml does not run: `docker compose up -d db`", "{line}");
            assert!(told(Reach::None, line).contains("`docker compose up -d db`, then start this server again"), "{line}");
            assert!(told(Reach::Network("x".into()), line).contains("`network: x`"), "{line}");
        }
        let alias = "could not translate host name \"shop-db\" to address: Name or service not known";
        assert!(told(Reach::Joined, alias).contains("`docker compose up -d db`"));
        for line in [
            r#"connection to server at "db" (172.18.0.2), port 5432 failed: Connection refused"#,
            "redis.exceptions.ConnectionError: Error 111 connecting to cache:6379. Connection refused.",
            "OSError: [Errno 111] Connection refused: s3",
        ] {
            assert!(told(Reach::Joined, line).contains("does not listen (yet): `docker compose ps "), "{line}");
        }
    }

    #[test]
    fn pythons_own_error_does_not_say_the_name() {
        let services = Services {
            file: "compose.yaml".into(),
            all: vec![Service { names: vec!["db".into()], ports: vec![5432] }],
            reach: Reach::Joined,
        };
        let setting = Setting { services: Some(services), ..Setting::default() };
        let of = |code: &str| {
            let lines = ["Traceback (most recent call last):", code, "socket.gaierror: [Errno -2] Name or service not known"];
            unreachable(&Record::new(RecordKind::Traceback, lines), &setting)
        };
        assert!(of("    socket.create_connection((\"db\", 5432))").unwrap().starts_with("`db` of compose.yaml does not run"));
        assert_eq!(of("    socket.create_connection((host, 5432))"), None);
    }

    #[test]
    fn a_port_of_this_machine_is_told_from_the_services_own() {
        let line = r#"connection to server at "db" (172.18.0.2), port 5433 failed: Connection refused"#;
        assert!(told(Reach::Joined, line).contains("`db` of compose.yaml listens at 5432"));
        let line = r#"connection to server at "localhost" (::1), port 5432 failed: Connection refused"#;
        assert!(told(Reach::Joined, line).ends_with("the `db` of compose.yaml is at `db:5432`"));
    }

    #[test]
    fn nothing_is_said_of_others() {
        for line in [
            "django.db.utils.OperationalError: could not translate host name \"other\" to address: Name or service not known",
            "ConnectionError: Error 111 connecting to db.example.com:1. Connection refused.",
            "ConnectionError: Error 111 connecting to my-db:1. Connection refused.",
            "django.db.utils.OperationalError: no such table: cache",
        ] {
            assert_eq!(told(Reach::Joined, line), "", "{line}");
        }
    }
}
