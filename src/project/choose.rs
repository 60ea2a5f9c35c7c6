//! The one entry point, or a message with the line that decides.

use super::Project;
use super::inspect::{OF_OTHER_NAME, OF_OWN_SERVER, OF_PASTE_DEPLOY};
use crate::error::{Failure, Kind, Result};
use crate::units::{EntryPoint, Sourced};

/// Where there are more applications than this, one line to write is an example for all.
const MAX_HINTS: usize = 4;

/// The failure for an application of another protocol.
pub(super) fn asgi(words: &str) -> Failure {
    let failure = Failure::new(Kind::Project, words.trim())
        .hint("Apache/mod_wsgi runs WSGI applications only: an ASGI one needs an ASGI server")
        .hint("if there is a WSGI application as well, name it in parity.yaml: `app: mysite.wsgi:application`");
    match words.contains("Django") {
        true => failure.hint("Django makes one by `get_wsgi_application()` of django.core.wsgi, for the same settings"),
        false => failure,
    }
}

impl Project {
    /// The entry point that was found. Several, or none, is a failure that shows the line to write.
    pub fn choose(&self) -> Result<Sourced<EntryPoint>> {
        match &self.candidates[..] {
            [one] => Ok(one.clone()),
            [] => {
                if let Some(asgi) = self.looked_for.iter().find(|what| what.contains("ASGI")) {
                    return Err(self::asgi(asgi));
                }
                if let Some(broken) = self.looked_for.iter().find_map(|what| what.trim().strip_suffix(" has a syntax error")) {
                    return Err(Failure::new(Kind::Project, format!("no WSGI application was found, and {broken} has a syntax error"))
                        .hint(format!("fix it (`python3 -m py_compile {broken}` shows where), then type the same again"))
                        .hint("if the application is elsewhere, say where in parity.yaml: `app: mysite.wsgi:application`"));
                }
                if let Some((file, lines)) = self.looked_for.iter().find_map(|what| what.trim().split_once(OF_OWN_SERVER)) {
                    return Err(Failure::new(
                        Kind::Project,
                        format!("no WSGI application was found, and {file} starts a server of its own"),
                    )
                    .hint(format!("Apache/mod_wsgi is the server: write a wsgi.py with the lines {lines}"))
                    .hint(format!("and have {file} start its own only below `if __name__ == \"__main__\":`")));
                }
                let lines = self.looked_for.iter().map(|what| format!("  {what}"));
                let failure = Failure::new(Kind::Project, "no WSGI application was found in the project")
                    .details(std::iter::once("looked for:".to_owned()).chain(lines));
                Err(match self.looked_for.iter().find_map(|what| what.trim().strip_suffix(OF_PASTE_DEPLOY)) {
                    Some(file) => failure.hint(format!(
                        "{file} is for PasteDeploy (Pyramid, TurboGears), and mod_wsgi needs a module: write a wsgi.py with the lines `import os, paste.deploy` and \
                         `application = paste.deploy.loadapp(\"config:{file}\", relative_to=os.path.dirname(__file__))`, and have PasteDeploy among the requirements"
                    )),
                    None => match self.looked_for.iter().find_map(|what| what.split_once(OF_OTHER_NAME)) {
                        Some((_, line)) => failure.hint(format!("if that is the one to run, write to parity.yaml: {line}")),
                        None => failure.hint("say where it is in parity.yaml, for instance `app: mysite.wsgi:application`"),
                    },
                })
            }
            several => {
                let width = several.iter().map(|candidate| candidate.value.to_string().chars().count()).max().unwrap_or_default();
                let lines = several.iter().map(|candidate| format!("  {:width$}  {}", candidate.value.to_string(), candidate.origin));
                let mut failure =
                    Failure::new(Kind::Project, format!("{} WSGI applications were found and no rule chooses between them", several.len()))
                        .details(lines);
                failure = failure.hint(format!("write the one to run to parity.yaml: `app: {}`", several[0].value));
                if several.len() > MAX_HINTS {
                    return Err(failure.hint("or another of those above in the same way"));
                }
                Err(several[1..].iter().fold(failure, |failure, other| failure.hint(format!("or `app: {}`", other.value))))
            }
        }
    }
}
