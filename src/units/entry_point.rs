//! The WSGI entry point of a project, as users of gunicorn and mod_wsgi-express write it.

use std::fmt;

/// What is called once it has been imported.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Callable {
    /// A WSGI application object: `application`, or dotted, `app.wsgi_app`.
    Object(String),
    /// A function without arguments that returns one: `create_app()`.
    Factory(String),
}

/// Where the WSGI application is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryPoint {
    /// An importable module: `mysite.wsgi:application`.
    Module { module: String, callable: Callable },
    /// A file that need not be importable, relative to the project with `/` separators: `deploy/site.wsgi`.
    Script { path: String, callable: Callable },
    /// A script of the image, which is not the project's: absolute, or of a distribution that is installed, `pgadmin4/pgAdmin4.wsgi`.
    Installed { path: String, callable: Callable },
}

/// What comes before the path of a distribution's script: `dist:pgadmin4/pgAdmin4.wsgi`.
const DISTRIBUTION: &str = "dist:";

impl EntryPoint {
    pub fn callable(&self) -> &Callable {
        match self {
            EntryPoint::Module { callable, .. } | EntryPoint::Script { callable, .. } | EntryPoint::Installed { callable, .. } => callable,
        }
    }
}

impl fmt::Display for Callable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Callable::Object(name) => f.write_str(name),
            Callable::Factory(name) => write!(f, "{name}()"),
        }
    }
}

impl fmt::Display for EntryPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EntryPoint::Module { module, callable } => write!(f, "{module}:{callable}"),
            EntryPoint::Script { path, callable } if *callable == Callable::Object("application".into()) => f.write_str(path),
            // `site.wsgi:app` would be a module's.
            EntryPoint::Script { path, callable } if path.ends_with(".wsgi") && !path.contains('/') => write!(f, "./{path}:{callable}"),
            EntryPoint::Script { path, callable } => write!(f, "{path}:{callable}"),
            EntryPoint::Installed { path, callable } => {
                f.write_str(if path.starts_with('/') { "" } else { DISTRIBUTION })?;
                f.write_str(path)?;
                if *callable == Callable::Object("application".into()) { Ok(()) } else { write!(f, ":{callable}") }
            }
        }
    }
}

/// Why a text is not an entry point.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("`{0}` is not a Python name")]
    NotAName(String),
    #[error("only a call without arguments can be given: `{0}()`")]
    Arguments(String),
    #[error("`{0}` must be a path of the project, or an absolute one of the image, without `..`")]
    Outside(String),
    #[error("it is empty")]
    Empty,
}

impl std::str::FromStr for EntryPoint {
    type Err = Invalid;

    /// Reads `module:callable`, `module:factory()`, `module` (callable `application`), `path/to/script.wsgi`
    /// and `path/to/script.py:callable`. What contains `/` or ends in `.py` is a path; so is `site.wsgi`,
    /// but `mysite.wsgi:application` is Django's usual module. A path is of the image if it is absolute, or begins with `dist:`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let of_distribution = text.strip_prefix(DISTRIBUTION).filter(|path| path.contains('/'));
        let text = of_distribution.unwrap_or(text);
        let (place, callable) = match text.rsplit_once(':') {
            Some((place, callable)) => (place, parse_callable(callable)?),
            None => (text, Callable::Object("application".into())),
        };
        if place.is_empty() {
            return Err(Invalid::Empty);
        }
        if place.contains('/') || place.ends_with(".py") || (place.ends_with(".wsgi") && place == text) {
            let path = place.trim_start_matches("./");
            let is_absolute = path.starts_with('/');
            let is_clear = path.strip_prefix('/').unwrap_or(path).split('/').all(|part| !part.is_empty() && part != "..");
            if !is_clear || path.chars().any(char::is_control) || is_absolute && of_distribution.is_some() {
                return Err(Invalid::Outside(path.escape_debug().to_string()));
            }
            let path = path.to_owned();
            return Ok(match is_absolute || of_distribution.is_some() {
                true => EntryPoint::Installed { path, callable },
                false => EntryPoint::Script { path, callable },
            });
        }
        Ok(EntryPoint::Module { module: dotted(place)?, callable })
    }
}

fn parse_callable(text: &str) -> Result<Callable, Invalid> {
    match text.split_once('(') {
        None => Ok(Callable::Object(dotted(text)?)),
        Some((name, ")")) => Ok(Callable::Factory(dotted(name)?)),
        Some((name, _)) => Err(Invalid::Arguments(name.to_owned())),
    }
}

fn dotted(text: &str) -> Result<String, Invalid> {
    let is_name = |part: &str| {
        part.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_') && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    if text.split('.').all(is_name) { Ok(text.to_owned()) } else { Err(Invalid::NotAName(text.escape_debug().to_string())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_users_of_other_servers_write() {
        for text in
            ["mysite.wsgi:application", "app:create_app()", "app:app.wsgi_app", "deploy/site.wsgi", "main.py:app", "./site.wsgi:app"]
        {
            assert_eq!(text.parse::<EntryPoint>().unwrap().to_string(), text);
        }
        assert_eq!("mysite.web".parse::<EntryPoint>().unwrap().to_string(), "mysite.web:application");
        assert!(matches!("mysite.wsgi:application".parse(), Ok(EntryPoint::Module { .. })));
        assert!(matches!("site.wsgi".parse(), Ok(EntryPoint::Script { .. })));
        for text in ["/opt/venv/lib/x/pgAdmin4.wsgi", "/opt/run.py:app", "dist:pgadmin4/pgAdmin4.wsgi", "dist:a/b.py:create_app()"] {
            let app = text.parse::<EntryPoint>().unwrap();
            assert_eq!(app.to_string(), text);
            assert!(matches!(app, EntryPoint::Installed { .. }));
        }
        // A module may have that name.
        assert!(matches!("dist:app.wsgi_app".parse(), Ok(EntryPoint::Module { .. })));
    }

    #[test]
    fn refuses_code_and_paths_outside() {
        for text in
            ["", "a:b(1)", "a:b;c", "../x.py", "/a/../x.py", "//x.py", "dist:/x/y.wsgi", "dist:../x.wsgi", "a b:c", "a:\"\n", "x\n.py"]
        {
            assert!(text.parse::<EntryPoint>().is_err(), "{text:?}");
        }
    }
}
