//! How many images of a project there may be. Pure.

/// The names of a project's images that are too many: there may be those that its containers have, and so many that have served before.
pub fn too_many(names: &[String], used: &[String], most: usize) -> Option<String> {
    let tag = |name: &str| name.rsplit_once(':').map(|(_, tag)| tag.trim_start_matches("up-").to_owned());
    let is_used = |name: &&str| used.iter().any(|used| tag(used) == tag(name));
    let before: Vec<&str> = names.iter().map(String::as_str).filter(|name| !is_used(name)).collect();
    // While none serves, one of them is about to.
    let most = most + usize::from(used.is_empty());
    (before.len() > most).then(|| format!("{} images that do not serve, {most} may be kept: {}", before.len(), before.join(", ")))
}
