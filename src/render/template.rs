//! The templates, compiled into the program.

use serde::Serialize;
use tera::{Context, Tera};

use crate::error::{Failure, Kind, Result};

const TEMPLATES: [(&str, &str); 6] = [
    ("httpd.conf", include_str!("../../templates/httpd.conf")),
    ("handler.wsgi", include_str!("../../templates/handler.wsgi")),
    ("startup.py", include_str!("../../templates/startup.py")),
    ("start.sh", include_str!("../../templates/start.sh")),
    ("release.sh", include_str!("../../templates/release.sh")),
    ("Dockerfile", include_str!("../../templates/Dockerfile")),
];

/// What templates include.
const PART: (&str, &str) = ("hooks.sh", include_str!("../../templates/hooks.sh"));

/// Fills a template. Texts in `view` are written as they are: they have been quoted by the types of
/// [`super::quote`] or checked.
///
/// # Errors
/// A mistake in the template itself; the tests render each.
pub fn render<View: Serialize>(name: &str, view: &View) -> Result<String> {
    let fill = || {
        let mut tera = Tera::new();
        tera.autoescape_on(Vec::<&str>::new());
        tera.add_raw_templates(TEMPLATES.into_iter().filter(|(known, _)| *known == name).chain([PART]))?;
        tera.render(name, &Context::from_serialize(view)?)
    };
    fill().map_err(|error: tera::Error| Failure::new(Kind::Other, format!("parity's template {name} is broken")).caused_by(&error))
}
