//! The services beside the application: what a Compose file says of them. Only what matters to whoever wants to reach them is read.
//!
//! The file is the one that `docker compose` takes in the project's directory, with its override file: the first of Compose's names there or
//! in a directory above it, as far as the repository goes. Variables (`${DB_PORT:-5432}`) are not resolved; what depends on one is unknown.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::dotenv;
use crate::units::files;

/// In the order in which Compose prefers them.
const NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const OVERRIDES: [&str; 4] =
    ["compose.override.yaml", "compose.override.yml", "docker-compose.override.yml", "docker-compose.override.yaml"];
/// Decides the project's name, in the environment or in `.env` beside the file.
pub const PROJECT_NAME: &str = "COMPOSE_PROJECT_NAME";
const MAX_BYTES: u64 = 1 << 20;
/// More than any such file has, aliases written out: one that grows under its reader is refused.
const MAX_NODES: usize = 50_000;
/// More services than a person would have on one machine.
const MAX_SERVICES: usize = 200;

/// The ports that images of databases and the like listen at: the end of the image's name, without tag.
const USUAL_PORTS: &[(&[&str], u16)] = &[
    (&["postgres", "postgis", "postgresql", "pgvector", "timescaledb"], 5432),
    (&["mysql", "mariadb", "percona"], 3306),
    (&["redis", "valkey", "redis-stack", "redis-stack-server", "keydb", "dragonfly"], 6379),
    (&["memcached"], 11211),
    (&["mongo", "mongodb"], 27017),
    (&["rabbitmq"], 5672),
    (&["elasticsearch", "opensearch"], 9200),
    (&["nats"], 4222),
    (&["minio"], 9000),
    (&["mailpit", "mailhog"], 1025),
];

/// What a Compose file says of the services beside the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Services {
    /// The file, relative to the project where it is in it.
    pub file: String,
    /// The directory that it is in, absolute.
    pub directory: PathBuf,
    /// The name that Compose gives its project unless a command line says another.
    pub project: String,
    /// All but the application itself.
    pub all: Vec<Service>,
    /// Compose's names of the networks in which the application reaches them.
    pub networks: Vec<String>,
    /// The engine's names of those of them that Compose does not make.
    pub external: BTreeMap<String, String>,
}

/// One service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    pub name: String,
    /// Other names that it has in its networks.
    pub aliases: Vec<String>,
    /// The ports that it listens at in its networks.
    pub ports: Vec<u16>,
    /// Compose starts it only where one of its profiles is asked for.
    pub has_profile: bool,
}

impl Services {
    /// `db (5432), redis (6379)`.
    pub fn label(&self) -> String {
        self.all.iter().map(Service::label).collect::<Vec<_>>().join(", ")
    }

    /// The names of those that Compose starts by itself.
    pub fn started(&self) -> impl Iterator<Item = &str> {
        self.all.iter().filter(|service| !service.has_profile).map(|service| service.name.as_str())
    }
}

impl Service {
    fn label(&self) -> String {
        match &self.ports[..] {
            [] => self.name.clone(),
            ports => format!("{} ({})", self.name, ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")),
        }
    }

    /// `db:5432`, for each of its ports, or its name where those are unknown.
    pub fn address(&self) -> String {
        match &self.ports[..] {
            [] => self.name.clone(),
            ports => ports.iter().map(|port| format!("{}:{port}", self.name)).collect::<Vec<_>>().join(" "),
        }
    }
}

/// Looks for the services of a project. `name` is what the environment says of Compose's project. What cannot be read is told in `remarks`.
pub(super) fn find(root: &Path, name: Option<&str>, remarks: &mut Vec<String>) -> Option<Services> {
    let (directory, name_of_file) = file_for(root)?;
    let path = directory.join(name_of_file);
    let file = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
    let document = match read(&directory, name_of_file) {
        Ok(document) => document,
        Err(why) => {
            remarks.push(format!("{} cannot be read, so its services are not known: {why}", file.escape_debug()));
            return None;
        }
    };
    let mut documents = vec![document];
    documents.extend(OVERRIDES.iter().find(|name| directory.join(name).is_file()).and_then(|name| read(&directory, name).ok()));
    let written = |key| documents.iter().rev().find_map(|document| document.get(key)?.as_str()).filter(|name| !name.contains('$'));
    let named = name.map(str::to_owned).or_else(|| from_env_file(&directory)).or_else(|| written("name").map(str::to_owned));
    let project = project_name(&named.unwrap_or_else(|| directory.file_name().unwrap_or_default().to_string_lossy().into_owned()));
    let (applications, others): (Vec<Written>, Vec<Written>) =
        services(&documents).into_iter().partition(|service| service.is_application(root, &directory));
    // Where the application is in the file as well, what it reaches there it reaches here.
    let mut networks: Vec<String> =
        if applications.is_empty() { &others } else { &applications }.iter().flat_map(Written::networks).collect();
    networks.sort();
    networks.dedup();
    let external = networks.iter().filter_map(|key| Some((key.clone(), external(&documents, key)?))).collect();
    let all: Vec<Service> = others.iter().filter(|service| service.text("network_mode").is_none()).map(Written::service).collect();
    (!all.is_empty()).then_some(Services { file, directory, project, all, networks, external })
}

/// The directory and the name of the file that Compose takes in a directory, but for those outside of the repository.
fn file_for(root: &Path) -> Option<(PathBuf, &'static str)> {
    for directory in root.ancestors() {
        if let Some(found) = NAMES.into_iter().find(|name| directory.join(name).is_file()) {
            return Some((directory.to_owned(), found));
        }
        if directory.join(".git").exists() {
            return None;
        }
    }
    None
}

/// A file's document, with its aliases and merge keys written out.
fn read(directory: &Path, name: &str) -> Result<Value, String> {
    let text = text(directory, name)?;
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! { max_nodes: MAX_NODES, max_events: 3 * MAX_NODES },
        alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: MAX_NODES, max_replay_stack_depth: 16 },
        with_snippet: false,
    };
    let read = serde_yaml::from_str_with_options::<Value>(&text, options);
    read.map_err(|error| error.to_string().lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect())
}

/// A plain file in a directory: no link that leads out of it.
fn text(directory: &Path, name: &str) -> Result<String, String> {
    let bytes = files::read_inside(directory, Path::new(name), MAX_BYTES).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".into())
}

fn from_env_file(directory: &Path) -> Option<String> {
    let text = text(directory, ".env").ok()?;
    Some(dotenv::variable(&text, PROJECT_NAME)?.value).filter(|name| !name.is_empty())
}

/// As Compose makes a name of a directory's: lower case letters, digits, `_` and `-`, the first a letter or digit.
fn project_name(name: &str) -> String {
    let name: String = name.to_lowercase().chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect();
    name.trim_start_matches(['_', '-']).to_owned()
}

/// A service as it is written, in the file and its override.
struct Written<'a> {
    name: &'a str,
    parts: Vec<&'a Value>,
}

fn services(documents: &[Value]) -> Vec<Written<'_>> {
    let mut all: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for (name, service) in documents.iter().filter_map(|document| document.get("services")?.as_object()).flatten() {
        if is_name(name) {
            all.entry(name).or_default().push(service);
        }
    }
    all.into_iter().take(MAX_SERVICES).map(|(name, parts)| Written { name, parts }).collect()
}

/// What Compose allows, which no terminal or command line takes for anything else.
fn is_name(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

/// The engine's name of a network that Compose does not make.
fn external(documents: &[Value], key: &str) -> Option<String> {
    let network = documents.iter().rev().find_map(|document| document.get("networks")?.get(key))?;
    let external = network.get("external")?;
    if external == &Value::Bool(false) {
        return None;
    }
    let name = network.get("name").or_else(|| external.get("name")).map_or(Some(key), Value::as_str)?;
    is_name(name).then(|| name.to_owned())
}

impl Written<'_> {
    fn values(&self, key: &str) -> impl Iterator<Item = &Value> {
        self.parts.iter().rev().filter_map(move |part| part.get(key)).filter(|value| !value.is_null())
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.values(key).find_map(Value::as_str)
    }

    /// Is it built from the project? That is the application, or another process of it.
    fn is_application(&self, root: &Path, directory: &Path) -> bool {
        self.values("build").any(|build| {
            let context = build.as_str().or_else(|| build.get("context").map_or(Some("."), Value::as_str)).unwrap_or_default();
            let path = directory.join(context);
            let context = path.canonicalize().unwrap_or(path);
            root.starts_with(context)
        })
    }

    /// Compose's names of its networks.
    fn networks(&self) -> Vec<String> {
        if self.text("network_mode").is_some() {
            return Vec::new();
        }
        let named: Vec<String> = self.values("networks").flat_map(names).collect();
        if named.is_empty() { vec!["default".into()] } else { named }
    }

    fn service(&self) -> Service {
        let aliases = self.values("networks").filter_map(Value::as_object).flat_map(|networks| networks.values());
        let aliases = aliases.filter_map(|network| network.get("aliases")).flat_map(names);
        let aliases = self.text("container_name").map(str::to_owned).into_iter().chain(aliases).filter(|name| is_name(name)).collect();
        let each = |key| self.values(key).filter_map(Value::as_array).flatten();
        let mut ports: Vec<u16> = each("ports").filter_map(target).chain(each("expose").filter_map(target)).collect();
        if ports.is_empty() {
            ports.extend(self.text("image").and_then(usual_port));
        }
        ports.sort_unstable();
        ports.dedup();
        Service { name: self.name.to_owned(), aliases, ports, has_profile: self.values("profiles").flat_map(names).next().is_some() }
    }
}

/// A list's texts, or a map's keys.
fn names(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::Object(pairs) => pairs.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// The port in the container: of `5432`, `127.0.0.1:5433:5432/tcp`, `{target: 5432}`. That of UDP is none to connect to.
fn target(port: &Value) -> Option<u16> {
    match port {
        Value::Number(number) => number.as_u64().and_then(|port| u16::try_from(port).ok()),
        Value::String(text) => {
            let (text, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
            (protocol == "tcp").then(|| text.rsplit(':').next()?.parse().ok())?
        }
        port => target(port.get("target").filter(|_| port.get("protocol").is_none_or(|protocol| protocol == "tcp"))?),
    }
}

fn usual_port(image: &str) -> Option<u16> {
    let name = image.split('@').next()?.rsplit('/').next()?.split(':').next()?;
    USUAL_PORTS.iter().find(|(images, _)| images.contains(&name)).map(|(_, port)| *port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::testing::project;

    fn found(files: &[(&str, &str)], root: &str) -> (Option<Services>, Vec<String>) {
        let dir = project(files);
        let mut remarks = Vec::new();
        let root = dir.path().canonicalize().unwrap().join(root);
        (find(&root, None, &mut remarks), remarks)
    }

    #[test]
    fn what_leads_out_is_not_read() {
        let (outside, inside) = (project(&[("compose.yaml", SHOP), ("env", "COMPOSE_PROJECT_NAME=theirs\n")]), project(&[]));
        let (root, outside) = (inside.path().canonicalize().unwrap(), outside.path().canonicalize().unwrap());
        let mut remarks = Vec::new();
        std::os::unix::fs::symlink(outside.join("compose.yaml"), root.join("compose.yaml")).unwrap();
        assert_eq!(find(&root, None, &mut remarks), None);
        assert!(remarks[0].contains("compose.yaml cannot be read") && remarks[0].contains("leads out"), "{remarks:?}");
        std::fs::remove_file(root.join("compose.yaml")).unwrap();
        std::fs::write(root.join("compose.yaml"), SHOP).unwrap();
        std::os::unix::fs::symlink(outside.join("env"), root.join(".env")).unwrap();
        assert_eq!(find(&root, None, &mut remarks).unwrap().project, "shop");
    }

    const SHOP: &str = "\
name: shop
x-common: &common
  restart: always
  networks: [backend]
services:
  web:
    build: .
    ports: ['8000:8000']
    networks: [backend, cache]
    depends_on: [db]
  worker:
    build: {context: ., target: worker}
  db:
    <<: *common
    image: postgis/postgis:16-3.4
    ports: [\"127.0.0.1:${DB_PORT:-5433}:5432\"]
    container_name: shop-db
  cache:
    image: redis:7
    networks: {cache: {aliases: [sessions]}}
  search:
    build: ./search
    profiles: [search]
    expose: [9200]
    ports: [{target: 9300, published: 9300}, '53:53/udp']
  proxy: {image: nginx, network_mode: host}
networks:
  backend:
  cache: {external: true, name: shared_cache}
";

    #[test]
    fn the_services_beside_the_application() {
        let (services, remarks) = found(&[("compose.yaml", SHOP), ("search/Dockerfile", "")], "");
        let services = services.unwrap();
        assert_eq!(remarks, [""; 0]);
        assert_eq!((services.file.as_str(), services.project.as_str()), ("compose.yaml", "shop"));
        assert_eq!(services.label(), "cache (6379), db (5432), search (9200, 9300)");
        assert_eq!(services.started().collect::<Vec<_>>(), ["cache", "db"]);
        assert_eq!(services.all.iter().map(|service| service.aliases.join(" ")).collect::<Vec<_>>(), ["sessions", "shop-db", ""]);
        // The worker, which is of the application as well, is in the default network.
        assert_eq!(services.networks, ["backend", "cache", "default"]);
        assert_eq!(services.external, [("cache".to_owned(), "shared_cache".to_owned())].into());
    }

    #[test]
    fn the_file_is_the_one_that_compose_takes() {
        let db = "services: {db: {image: postgres}}";
        let mail = "services: {mail: {image: axllent/mailpit}}";
        let (services, _) = found(&[("docker-compose.yml", mail), ("compose.yml", db)], "");
        let services = services.unwrap();
        assert_eq!((services.label().as_str(), services.networks.join(" ").as_str()), ("db (5432)", "default"));
        // Above, as far as the repository goes.
        let (services, _) = found(&[("compose.yaml", db), (".git/HEAD", ""), ("backend/app.py", "")], "backend");
        let services = services.unwrap();
        assert!(services.file.starts_with('/') && services.file.ends_with("/compose.yaml"), "{}", services.file);
        assert_eq!(found(&[("compose.yaml", db), ("shop/.git/HEAD", "")], "shop").0, None);
        // The override adds to it.
        let (services, _) =
            found(&[("compose.yaml", db), ("compose.override.yaml", "services: {db: {ports: ['1:2']}, s3: {image: minio/minio}}")], "");
        assert_eq!(services.unwrap().label(), "db (2), s3 (9000)");
    }

    #[test]
    fn the_name_of_composes_project() {
        assert_eq!(project_name("_My Shop.2"), "myshop2");
        let db = ("compose.yaml", "name: ${X:-y}\nservices: {db: {image: postgres}}");
        let (services, _) = found(&[("My.Shop/compose.yaml", db.1)], "My.Shop");
        assert_eq!(services.unwrap().project, "myshop");
        let (services, _) = found(&[db, (".env", "COMPOSE_PROJECT_NAME=\"other\"\n")], "");
        assert_eq!(services.unwrap().project, "other");
    }

    #[test]
    fn no_services_are_no_trouble_and_strange_files_are_told() {
        for text in [
            "",
            "services:",
            "services: {web: {build: .}}",
            "services: [db]",
            "services: {db: x}\nservices_: {}",
            "- a",
            "services: {'a b': {}}",
        ] {
            let (services, remarks) = found(&[("compose.yaml", text)], "");
            assert!(remarks.is_empty(), "{text}: {remarks:?}");
            assert!(services.is_none_or(|services| services.label() == "db"), "{text}");
        }
        let bomb: String = std::iter::once("a0: &a0 [x, x]\n".to_owned())
            .chain((1..40).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "))))
            .collect();
        for text in ["services: [", &"[".repeat(100_000), &bomb, &" ".repeat(2 << 20)] {
            let (services, remarks) = found(&[("compose.yaml", text)], "");
            assert!(
                services.is_none() && remarks.iter().any(|remark| remark.starts_with("compose.yaml cannot be read")),
                "{text:.30}: {remarks:?}"
            );
            assert!(remarks[0].len() < 400, "{}", remarks[0]);
        }
        // Compose's own tags.
        let (services, remarks) = found(&[("compose.yaml", "services: {db: {image: postgres, ports: !reset []}}")], "");
        assert_eq!((services.unwrap().label().as_str(), remarks.len()), ("db (5432)", 0));
    }
}
