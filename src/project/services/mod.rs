//! The services beside the application: what a Compose file says of them. Only what matters to whoever wants to reach them is read.
//!
//! The files are those that `docker compose` takes in the project's directory, or in a directory above it, as far as the repository goes.
//! Variables (`${DB_PORT:-5432}`) are not resolved; what depends on one is unknown.

mod files;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

pub use self::files::COMPOSE_FILE;
use self::files::{Document, Files};

/// Decides the project's name, in the environment or in `.env` beside the file.
pub const PROJECT_NAME: &str = "COMPOSE_PROJECT_NAME";
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
    /// The file, or files, relative to the project where they are in it.
    pub file: String,
    /// Compose's project directory, absolute: that of the first file.
    pub directory: PathBuf,
    /// The directory in which Compose finds the files by itself, absolute.
    pub started_in: PathBuf,
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

/// What the environment says to Compose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `COMPOSE_PROJECT_NAME`
    pub project_name: Option<String>,
    /// `COMPOSE_FILE`
    pub file: Option<String>,
}

/// Looks for the services of a project. What cannot be read is told in `remarks`.
pub(super) fn find(root: &Path, environment: &Environment, remarks: &mut Vec<String>) -> Option<Services> {
    let Files { label, directory, started_in, documents, included } = files::read(root, environment.file.as_deref(), remarks)?;
    let written = |key| documents.iter().rev().find_map(|document| document.value.get(key)?.as_str()).filter(|name| !name.contains('$'));
    let named = environment.project_name.clone();
    let named =
        named.or_else(|| [&started_in, &directory].into_iter().find_map(|directory| files::from_env_file(root, directory, PROJECT_NAME)));
    let named = named.or_else(|| written("name").map(str::to_owned));
    let project = project_name(&named.unwrap_or_else(|| directory.file_name().unwrap_or_default().to_string_lossy().into_owned()));
    let documents: Vec<Document> = included.into_iter().chain(documents).collect();
    let (applications, others): (Vec<Written>, Vec<Written>) =
        services(&documents).into_iter().partition(|service| service.is_application(root));
    // Where the application is in the file as well, what it reaches there it reaches here.
    let mut networks: Vec<String> =
        if applications.is_empty() { &others } else { &applications }.iter().flat_map(Written::networks).collect();
    networks.sort();
    networks.dedup();
    let external = networks.iter().filter_map(|key| Some((key.clone(), external(&documents, key)?))).collect();
    let all: Vec<Service> = others.iter().filter(|service| service.text("network_mode").is_none()).map(Written::service).collect();
    (!all.is_empty()).then_some(Services { file: label, directory, started_in, project, all, networks, external })
}

/// As Compose makes a name of a directory's: lower case letters, digits, `_` and `-`, the first a letter or digit.
fn project_name(name: &str) -> String {
    let name: String = name.to_lowercase().chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect();
    name.trim_start_matches(['_', '-']).to_owned()
}

/// A service as it is written, in all files that say something of it.
struct Written<'a> {
    name: &'a str,
    /// Each with the directory that its paths start at.
    parts: Vec<(&'a Path, &'a Value)>,
}

fn services(documents: &[Document]) -> Vec<Written<'_>> {
    let mut all: BTreeMap<&str, Vec<(&Path, &Value)>> = BTreeMap::new();
    for Document { directory, value } in documents {
        for (name, service) in value.get("services").and_then(Value::as_object).into_iter().flatten() {
            if is_name(name) {
                all.entry(name).or_default().push((directory, service));
            }
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
fn external(documents: &[Document], key: &str) -> Option<String> {
    let network = documents.iter().rev().find_map(|document| document.value.get("networks")?.get(key))?;
    let external = network.get("external")?;
    if external == &Value::Bool(false) {
        return None;
    }
    let name = network.get("name").or_else(|| external.get("name")).map_or(Some(key), Value::as_str)?;
    is_name(name).then(|| name.to_owned())
}

impl Written<'_> {
    fn values(&self, key: &str) -> impl Iterator<Item = &Value> {
        self.placed(key).map(|(_, value)| value)
    }

    fn placed(&self, key: &str) -> impl Iterator<Item = (&Path, &Value)> {
        let values = self.parts.iter().rev().filter_map(move |(directory, part)| Some((*directory, part.get(key)?)));
        values.filter(|(_, value)| !value.is_null())
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.values(key).find_map(Value::as_str)
    }

    /// Is it built from the project? That is the application, or another process of it.
    fn is_application(&self, root: &Path) -> bool {
        self.placed("build").any(|(directory, build)| {
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
        (find(&root, &Environment::default(), &mut remarks), remarks)
    }

    #[test]
    fn what_leads_out_is_not_read() {
        let (outside, inside) = (project(&[("compose.yaml", SHOP), ("env", "COMPOSE_PROJECT_NAME=theirs\n")]), project(&[]));
        let (root, outside) = (inside.path().canonicalize().unwrap(), outside.path().canonicalize().unwrap());
        let mut remarks = Vec::new();
        std::os::unix::fs::symlink(outside.join("compose.yaml"), root.join("compose.yaml")).unwrap();
        assert_eq!(find(&root, &Environment::default(), &mut remarks), None);
        assert!(remarks[0].contains("compose.yaml cannot be read") && remarks[0].contains("leads out"), "{remarks:?}");
        std::fs::remove_file(root.join("compose.yaml")).unwrap();
        std::fs::write(root.join("compose.yaml"), SHOP).unwrap();
        std::os::unix::fs::symlink(outside.join("env"), root.join(".env")).unwrap();
        assert_eq!(find(&root, &Environment::default(), &mut remarks).unwrap().project, "shop");
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
    fn the_files_that_compose_file_names() {
        let db = "services: {db: {image: postgres}}";
        let mail = "services: {mail: {image: axllent/mailpit}, web: {build: ../shop}}";
        // The shape of cookiecutter-django.
        let files = [("docker-compose.local.yml", db), ("compose/mail.yml", mail), ("compose.yaml", "services: {other: {image: x}}")];
        let env = (".env", "COMPOSE_FILE=docker-compose.local.yml:compose/mail.yml\n");
        let (services, remarks) = found(&[&files[..], &[env]].concat(), "");
        let services = services.unwrap();
        assert_eq!(
            (services.label().as_str(), services.file.as_str()),
            ("db (5432), mail (1025), web", "docker-compose.local.yml, compose/mail.yml")
        );
        assert_eq!((remarks.len(), services.directory == services.started_in), (0, true));

        let dir = project(&[&files[..], &[("shop/app.py", ""), (".git/HEAD", "")]].concat());
        let root = dir.path().canonicalize().unwrap();
        let of_shell = |file: &str, remarks: &mut Vec<String>| {
            find(&root.join("shop"), &Environment { file: Some(file.into()), ..Environment::default() }, remarks)
        };
        let mut remarks = Vec::new();
        let services = of_shell("compose/mail.yml", &mut remarks).unwrap();
        assert_eq!((services.label().as_str(), &services.directory, &services.started_in), ("mail (1025)", &root.join("compose"), &root));
        assert!(of_shell("nowhere.yml", &mut remarks).is_none() && remarks.is_empty());
        assert!(of_shell("docker-compose.local.yml:missing.yml", &mut remarks).is_none());
        assert!(remarks[0].contains("missing.yml cannot be read"), "{remarks:?}");
    }

    #[test]
    fn what_a_file_includes() {
        let (services, remarks) = found(
            &[
                (
                    "compose.yaml",
                    "include: [infra/db.yaml, {path: [infra/cache.yaml], project_directory: .}, '${X}/y.yaml']\nservices: {web: {build: .}}",
                ),
                ("infra/db.yaml", "include: [more/mail.yaml, db.yaml]\nservices: {db: {image: postgres}, tool: {build: .}}"),
                ("infra/more/mail.yaml", "services: {mail: {image: mailpit}}"),
                // Its paths start at the project, so this is the application.
                ("infra/cache.yaml", "services: {cache: {image: redis}, worker: {build: .}}"),
            ],
            "",
        );
        assert_eq!(services.unwrap().label(), "cache (6379), db (5432), mail (1025), tool");
        assert_eq!(remarks.len(), 1, "{remarks:?}");
        assert!(remarks[0].starts_with("${X}/y.yaml, which a Compose file includes, cannot be read"), "{remarks:?}");
        // What leads out of the repository is not read.
        let (services, remarks) =
            found(&[("compose.yaml", "include: [../../etc/passwd]\nservices: {db: {image: postgres}}"), (".git/HEAD", "")], "");
        assert!(services.is_some() && remarks[0].contains("passwd"), "{remarks:?}");
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
