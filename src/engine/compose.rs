//! What the engine has of a Compose project, by the labels that Compose gives to all that it makes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use bollard::models::ContainerSummaryStateEnum;
use bollard::query_parameters::{InspectNetworkOptions, ListNetworksOptionsBuilder};

use super::connect::Engine;
use super::error::{explain, status};
use crate::error::Result;

const PROJECT: &str = "com.docker.compose.project";
const DIRECTORY: &str = "com.docker.compose.project.working_dir";
const SERVICE: &str = "com.docker.compose.service";
const NETWORK: &str = "com.docker.compose.network";

/// What there is of a Compose project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComposeProject {
    pub name: String,
    pub networks: Vec<Network>,
    /// The names of its services that run, and are healthy as far as anybody looks.
    pub running: BTreeSet<String>,
    /// Those that have ended or are unhealthy, with the engine's words for it.
    pub broken: BTreeMap<String, String>,
}

/// A network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    pub name: String,
    /// Compose's own name of it: `default`.
    pub key: String,
    pub internal: bool,
}

/// A container of a service.
struct Member {
    project: String,
    service: String,
    runs: bool,
    /// `Exited (1) 2 seconds ago`
    broken: Option<String>,
}

impl Engine {
    /// Looks for the Compose project of a directory. Its containers say what it is called; where there are none, `name` is taken.
    pub async fn compose_project(&self, directory: &Path, name: &str) -> Result<ComposeProject> {
        let of_directory = self.members(&format!("{DIRECTORY}={}", directory.display())).await?;
        let name = name_of(&of_directory, name);
        let members = self.members(&format!("{PROJECT}={name}")).await?;
        let running = members.iter().filter(|member| member.runs).map(|member| member.service.clone()).collect();
        let broken = members.into_iter().filter_map(|member| Some((member.service, member.broken?))).collect();
        Ok(ComposeProject { networks: self.networks_of(&name).await?, name, running, broken })
    }

    /// A network by its name, if it is there.
    pub async fn network(&self, name: &str) -> Result<Option<Network>> {
        match self.answer(self.api.inspect_network(name, None::<InspectNetworkOptions>)).await {
            Ok(found) => Ok(Some(Network { name: name.to_owned(), key: String::new(), internal: found.internal == Some(true) })),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(explain(&error, "cannot ask the engine for its networks")),
        }
    }

    async fn members(&self, label: &str) -> Result<Vec<Member>> {
        let list = self.labelled(label).await?;
        let member = |container: bollard::models::ContainerSummary| {
            let mut labels = container.labels?;
            // `Up 2 seconds (health: starting)`
            let status = container.status.unwrap_or_default();
            let is_unhealthy = status.contains("(unhealthy)");
            let runs =
                container.state == Some(ContainerSummaryStateEnum::RUNNING) && !is_unhealthy && !status.contains("(health: starting)");
            let has_ended = matches!(container.state, Some(ContainerSummaryStateEnum::EXITED | ContainerSummaryStateEnum::DEAD));
            let broken = (is_unhealthy || has_ended).then_some(status);
            Some(Member { project: labels.remove(PROJECT)?, service: labels.remove(SERVICE).unwrap_or_default(), runs, broken })
        };
        Ok(list.into_iter().filter_map(member).collect())
    }

    async fn networks_of(&self, project: &str) -> Result<Vec<Network>> {
        let label = format!("{PROJECT}={project}");
        let filters = HashMap::from([("label", vec![label.as_str()])]);
        let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
        let list = self
            .answer(self.api.list_networks(Some(options)))
            .await
            .map_err(|error| explain(&error, "cannot ask the engine for its networks"))?;
        let network = |found: bollard::models::Network| {
            let name = found.name?;
            // podman-compose says nothing of it but the name.
            let label = found.labels.and_then(|mut labels| labels.remove(NETWORK));
            let key = label.or_else(|| name.strip_prefix(&format!("{project}_")).map(str::to_owned)).unwrap_or_default();
            Some(Network { name, key, internal: found.internal == Some(true) })
        };
        let mut networks: Vec<Network> = list.into_iter().filter_map(network).collect();
        networks.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(networks)
    }
}

/// The name that the containers of a directory have for their project: the usual one, else the only one, else one of which something runs.
fn name_of(members: &[Member], usual: &str) -> String {
    let names: BTreeSet<&str> = members.iter().map(|member| member.project.as_str()).collect();
    if names.is_empty() || names.contains(usual) {
        return usual.to_owned();
    }
    let running = members.iter().find(|member| member.runs).map(|member| member.project.as_str());
    running.or(names.first().copied()).unwrap_or(usual).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_containers_say_what_the_project_is_called() {
        let member = |project: &str, runs| Member { project: project.into(), service: "db".into(), runs, broken: None };
        assert_eq!(name_of(&[], "shop"), "shop");
        assert_eq!(name_of(&[member("ci", false)], "shop"), "ci");
        assert_eq!(name_of(&[member("ci", true), member("shop", false)], "shop"), "shop");
        assert_eq!(name_of(&[member("a", false), member("b", true)], "shop"), "b");
    }
}
