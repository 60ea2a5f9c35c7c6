//! What a container is made from, in parity's words and in the engine's.

use std::collections::HashMap;
use std::path::Path;

use bollard::models::{ContainerCreateBody, HostConfig, Mount, MountType, PortBinding, ResourcesUlimits};

use super::PORT;
use super::seccomp::Confinement;
use crate::engine::connect::{Engine, Flavour};

/// All that a container is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub name: String,
    pub image: String,
    /// Arguments for the image's entry point.
    pub command: Vec<String>,
    /// `NAME=value`; values are the application's secrets.
    pub env: Vec<String>,
    pub labels: Vec<(String, String)>,
    /// `uid:gid`.
    pub user: String,
    /// The project's directory on the host and in the container; `None`: it is uploaded, or in the image.
    pub bind: Option<(String, String)>,
    /// Directories in memory, which belong to the user.
    pub tmpfs: Vec<String>,
    /// The same for what the application writes and reads: programs and compiled modules may be among it.
    pub writable: Vec<String>,
    pub working_directory: String,
    /// Address and port on the host; port 0 takes a free one. `None`: nothing listens.
    pub publish: Option<(String, u16)>,
    /// Another port, the same in the container and on the loopback address of the host: a debugger's.
    pub debug_port: Option<u16>,
    pub network: Option<String>,
    /// Others that it is connected to as well.
    pub networks: Vec<String>,
    /// Other containers' servers may listen in its network, to take over from its own.
    pub lends_network: bool,
    /// The container in whose network its server listens, instead of one of its own that is published.
    pub joins: Option<String>,
    /// The container whose volumes it has as well.
    pub volumes_of: Option<String>,
}

impl Engine {
    /// Engines give a tmpfs the mode of the directory that it covers, and root, whatever mode is asked for: the user must own it.
    fn tmpfs_options(&self, user: &str, exec: bool) -> String {
        let whose = match (self.flavour, user.split_once(':')) {
            // Podman knows no `uid=`, and Docker no `U`.
            (Flavour::Podman, _) => ",U".to_owned(),
            (Flavour::Docker, Some((uid, gid))) => format!(",uid={uid},gid={gid}"),
            (Flavour::Docker, None) => format!(",uid={user}"),
        };
        let exec = if exec { ",exec" } else { "" };
        format!("rw,nosuid,nodev{exec},mode=1777{whose}")
    }

    /// Podman's own defaults can be above what the machine allows, and then nothing starts.
    pub(in crate::engine) fn ulimits(&self) -> Option<Vec<ResourcesUlimits>> {
        let limit = |name: &str| ResourcesUlimits { name: Some(name.into()), soft: Some(4096), hard: Some(4096) };
        (self.flavour == Flavour::Podman).then(|| vec![limit("nofile"), limit("nproc")])
    }

    /// Connections that nobody has accepted yet when a server ends are given to the one that took over (Linux 5.14).
    fn sysctls(&self, wish: &Wish) -> Option<HashMap<String, String>> {
        let known =
            wish.lends_network && wish.joins.is_none() && self.is_local() && Path::new("/proc/sys/net/ipv4/tcp_migrate_req").exists();
        known.then(|| [("net.ipv4.tcp_migrate_req".to_owned(), "1".to_owned())].into())
    }

    /// `confinement`: of a container that has the project mounted.
    pub(super) fn body(&self, wish: &Wish, confinement: Option<&Confinement>) -> ContainerCreateBody {
        let debug_port = wish.debug_port.map(|port| {
            let binding = PortBinding { host_ip: Some("127.0.0.1".into()), host_port: Some(port.to_string()) };
            (format!("{port}/tcp"), Some(vec![binding]))
        });
        let published = wish.publish.as_ref().map(|(address, port)| {
            let binding = PortBinding { host_ip: Some(address.clone()), host_port: Some(port.to_string()) };
            (PORT.to_owned(), Some(vec![binding]))
        });
        let mounts = wish.bind.iter().map(|(source, target)| Mount {
            typ: Some(MountType::BIND),
            source: Some(source.clone()),
            target: Some(target.clone()),
            ..Mount::default()
        });
        let mut security = vec!["no-new-privileges".to_owned()];
        if Path::new("/sys/fs/selinux/enforce").exists() {
            // SELinux would hide the project; relabelling a user's files is not ours to do.
            security.push("label=disable".into());
        }
        security.extend(confinement.map(Confinement::option));
        let podman = self.flavour == Flavour::Podman;
        let own_network = wish.joins.is_none();
        let ports = published.into_iter().chain(debug_port);
        // A rootless Podman maps the user to root unless it is told to keep them.
        let keep_id = podman && self.is_rootless();
        let tmpfs = |directories: &[String], exec| {
            let options = self.tmpfs_options(&wish.user, exec);
            directories.iter().map(|directory| (directory.clone(), options.clone())).collect::<HashMap<_, _>>()
        };
        let tmpfs = tmpfs(&wish.tmpfs, false).into_iter().chain(tmpfs(&wish.writable, true));
        ContainerCreateBody {
            image: Some(wish.image.clone()),
            cmd: Some(wish.command.clone()),
            env: Some(wish.env.clone()),
            labels: Some(wish.labels.iter().cloned().collect()),
            user: Some(wish.user.clone()),
            working_dir: Some(wish.working_directory.clone()),
            exposed_ports: own_network
                .then(|| [PORT.to_owned()].into_iter().chain(wish.debug_port.map(|port| format!("{port}/tcp"))).collect()),
            host_config: Some(HostConfig {
                mounts: Some(mounts.collect()),
                volumes_from: wish.volumes_of.as_ref().map(|container| vec![container.clone()]),
                tmpfs: Some(tmpfs.collect()),
                readonly_rootfs: Some(true),
                cap_drop: Some(vec!["ALL".into()]),
                security_opt: Some(security),
                port_bindings: own_network.then(|| ports.collect()),
                network_mode: match &wish.joins {
                    Some(lender) => Some(format!("container:{lender}")),
                    None => wish.network.clone(),
                },
                sysctls: self.sysctls(wish),
                userns_mode: keep_id.then(|| "keep-id".into()),
                ulimits: self.ulimits(),
                extra_hosts: (own_network && !podman).then(|| vec!["host.docker.internal:host-gateway".into()]),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Endpoint;

    pub(super) fn body(network: Option<&str>, joins: Option<&str>) -> (ContainerCreateBody, HostConfig) {
        let engine = Engine {
            api: bollard::Docker::connect_with_http("http://127.0.0.1:1", 1, bollard::API_DEFAULT_VERSION).unwrap(),
            flavour: Flavour::Docker,
            version: String::new(),
            api_version: (1, 41),
            architecture: String::new(),
            endpoint: Endpoint { host: "unix:///run/docker.sock".into(), because: String::new() },
            patience: std::time::Duration::from_secs(1),
        };
        let wish = Wish {
            name: "parity-x-0a1b2c3d".into(),
            image: "i".into(),
            command: Vec::new(),
            env: Vec::new(),
            labels: Vec::new(),
            user: "1000:1000".into(),
            bind: None,
            tmpfs: Vec::new(),
            writable: Vec::new(),
            working_directory: "/app".into(),
            publish: Some(("127.0.0.1".into(), 8000)),
            debug_port: Some(5678),
            network: network.map(Into::into),
            networks: Vec::new(),
            lends_network: true,
            joins: joins.map(Into::into),
            volumes_of: None,
        };
        let mut body = engine.body(&wish, None);
        let host = body.host_config.take().unwrap();
        (body, host)
    }

    #[test]
    fn a_server_in_anothers_network_has_no_port_of_its_own() {
        let (body_of_first, first) = body(Some("shop_default"), None);
        assert_eq!(first.network_mode.as_deref(), Some("shop_default"));
        let ports = first.port_bindings.unwrap();
        assert!(ports.contains_key(PORT) && ports.contains_key("5678/tcp") && body_of_first.exposed_ports.is_some());
        let knows = Path::new("/proc/sys/net/ipv4/tcp_migrate_req").exists();
        assert_eq!(first.sysctls.is_some(), knows);

        // Engines refuse all of these beside another container's network.
        let (body_of_next, next) = body(Some("shop_default"), Some("abc"));
        assert_eq!(next.network_mode.as_deref(), Some("container:abc"));
        assert_eq!((next.port_bindings, next.sysctls, next.extra_hosts, body_of_next.exposed_ports), (None, None, None, None));
        assert_eq!((next.cap_drop, next.readonly_rootfs), (Some(vec!["ALL".into()]), Some(true)));
    }
}
