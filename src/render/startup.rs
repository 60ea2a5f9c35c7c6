//! What tells of an import that ends its process, or never ends itself. Every profile has it, and production's image.

use serde_json::json;

use super::template;
use crate::error::Result;
use crate::plan::Plan;

/// The files for `/etc/parity`, by name.
///
/// # Errors
/// A mistake in the template.
pub fn files(plan: &Plan) -> Result<[(String, String); 2]> {
    let startup = template::render("startup.py", &json!({"seconds": *plan.server.startup_timeout}))?;
    Ok([("startup.py".into(), startup), ("started.py".into(), include_str!("../../images/started.py").into())])
}
