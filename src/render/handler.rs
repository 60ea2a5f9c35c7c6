//! `handler.wsgi`: the script that mod_wsgi loads, which imports the application.

use serde::Serialize;

use super::httpd::{self, Dispatch};
use super::quote::PythonLiteral;
use super::template;
use crate::error::Result;
use crate::plan::Plan;
use crate::units::{Callable, EntryPoint, layout};

#[derive(Debug, Serialize)]
struct View {
    /// The file to execute, or else the module to import.
    script: Option<PythonLiteral>,
    module: Option<PythonLiteral>,
    /// The application's dotted name, part by part.
    names: Vec<PythonLiteral>,
    factory: bool,
    fallback: bool,
    mount: PythonLiteral,
}

/// The script. A module is imported by `__import__`, which leaves no frames of its own in a traceback.
///
/// # Errors
/// Names that Python cannot be given.
pub fn render(plan: &Plan) -> Result<String> {
    let (script, module, callable) = match &plan.app.value {
        EntryPoint::Module { module, callable } => (None, Some(PythonLiteral::new("app", module)?), callable),
        EntryPoint::Script { path, callable } => (Some(PythonLiteral::new("app", &format!("{}/{path}", layout::APP))?), None, callable),
    };
    let (name, factory) = match callable {
        // What the entry point leaves open, the setting of mod_wsgi-express says.
        Callable::Object(name) if name == "application" => (plan.server.callable_object.value.as_str(), false),
        Callable::Object(name) => (name.as_str(), false),
        Callable::Factory(name) => (name.as_str(), true),
    };
    let names = name.split('.').map(|part| PythonLiteral::new("app", part)).collect::<Result<_>>()?;
    let fallback = Dispatch::of(plan) == Dispatch::Fallback;
    let mount = PythonLiteral::new("mount-point", &httpd::mount_point(plan)?)?;
    template::render("handler.wsgi", &View { script, module, names, factory, fallback, mount })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing;

    fn rendered(app: &str, change: impl FnOnce(&mut Plan)) -> String {
        let mut plan = testing::flask();
        plan.app.value = app.parse().unwrap();
        change(&mut plan);
        render(&plan).unwrap()
    }

    #[test]
    fn imports_a_module() {
        insta::assert_snapshot!(render(&testing::django()).unwrap(), @r#"
        # Written by parity. Imports the application for mod_wsgi.
        import sys

        __import__("mysite.wsgi")
        module = sys.modules["mysite.wsgi"]

        application = getattr(module, "application")
        "#);
    }

    #[test]
    fn follows_dotted_names_and_calls_factories() {
        assert!(rendered("app:app.wsgi_app", |_| ()).ends_with("application = getattr(getattr(module, \"app\"), \"wsgi_app\")\n"));
        assert!(rendered("app:create_app()", |_| ()).ends_with("application = getattr(module, \"create_app\")()\n"));
        let named = rendered("app", |plan| plan.server.callable_object.value = "wsgi".into());
        assert!(named.ends_with("application = getattr(module, \"wsgi\")\n"));
    }

    #[test]
    fn executes_a_script() {
        insta::assert_snapshot!(rendered("deploy/site.wsgi", |_| ()), @r#"
        # Written by parity. Imports the application for mod_wsgi.
        import sys
        import types

        module = types.ModuleType("__wsgi__")
        module.__file__ = "/app/deploy/site.wsgi"
        sys.modules["__wsgi__"] = module
        with open(module.__file__, "rb") as source:
            code = compile(source.read(), module.__file__, "exec", dont_inherit=True)
        exec(code, module.__dict__)

        application = getattr(module, "application")
        "#);
    }

    #[test]
    fn puts_paths_together_behind_a_document_root() {
        let text = rendered("app", |plan| {
            plan.server.document_root.value = Some("htdocs".into());
            plan.server.mount_point.value = "/wiki/".into();
        });
        assert!(text.contains("environ[\"SCRIPT_NAME\"] = \"/wiki\"\n"), "{text}");
    }
}
