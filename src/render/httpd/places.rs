//! URL paths that Apache answers without the application: files, directories, other servers.

use serde::Serialize;

use super::check;
use crate::error::Result;
use crate::plan::{Alias, Plan};
use crate::render::quote::{HttpdArg, refuse};

#[derive(Debug, Serialize)]
pub struct AliasView {
    url: HttpdArg,
    path: HttpdArg,
    directory: HttpdArg,
    /// Whether the path is a file cannot be told from here: where it may be one, it is allowed as one too.
    file: Option<FileView>,
}

#[derive(Debug, Serialize)]
pub struct FileView {
    parent: HttpdArg,
    name: HttpdArg,
}

#[derive(Debug, Serialize)]
pub struct ProxyView {
    url: HttpdArg,
    target: HttpdArg,
    prefix: HttpdArg,
    /// The mount point without its slash, which is redirected to the one with it.
    bare_pattern: HttpdArg,
}

pub fn aliases(plan: &Plan) -> Result<Vec<AliasView>> {
    let mut aliases: Vec<&Alias> = plan.aliases.iter().map(|alias| &alias.value).collect();
    // Apache takes the first that matches: longer ones first. Of two for one URL the plan's order decides.
    aliases.sort_by(|a, b| b.url.cmp(&a.url));
    aliases.dedup_by(|later, first| later.url == first.url);
    aliases.into_iter().map(alias).collect()
}

fn alias(Alias { url, path }: &Alias) -> Result<AliasView> {
    const SETTING: &str = "url-alias";
    let url = check::url_path(SETTING, url)?;
    if !path.starts_with('/') {
        return Err(refuse(SETTING, path, "must be an absolute path"));
    }
    let bare = path.trim_end_matches('/');
    let directory = HttpdArg::directory_section(SETTING, if bare.is_empty() { "/" } else { bare })?;
    // `Alias` joins texts: with a slash at the end of one and not of the other, `/static/a` is `/app/statica`.
    let is_directory = url.ends_with('/');
    let target = if is_directory { format!("{bare}/") } else { bare.to_owned() };
    let file = match bare.rsplit_once('/') {
        Some((parent, name)) if !is_directory => Some(FileView {
            parent: HttpdArg::directory_section(SETTING, if parent.is_empty() { "/" } else { parent })?,
            name: HttpdArg::files_section(SETTING, name)?,
        }),
        _ => None,
    };
    Ok(AliasView { url: HttpdArg::new(SETTING, &url)?, path: HttpdArg::new(SETTING, &target)?, directory, file })
}

pub fn proxy(url: &str, target: &str) -> Result<ProxyView> {
    const SETTING: &str = "proxy-mount-point";
    let bare = check::plain_url_path(SETTING, url)?.trim_end_matches('/').to_owned();
    let host_follows = target.strip_prefix("http://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    if !host_follows || target.contains([' ', '"', '\\']) {
        return Err(refuse(SETTING, target, "is not an `http://` address"));
    }
    Ok(ProxyView {
        url: HttpdArg::new(SETTING, &format!("{bare}/"))?,
        target: HttpdArg::new(SETTING, &format!("{}/", target.trim_end_matches('/')))?,
        prefix: HttpdArg::maybe_empty(SETTING, &bare)?,
        bare_pattern: HttpdArg::new(SETTING, &format!("^{}$", bare.replace('.', "\\.")))?,
    })
}
