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
    /// The file to execute, or one of what is installed, or else the module to import.
    script: Option<PythonLiteral>,
    installed: Option<PythonLiteral>,
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
    let literal = |text: &str| PythonLiteral::new("app", text).map(Some);
    let (script, installed, module) = match &plan.app.value {
        EntryPoint::Module { module, .. } => (None, None, literal(module)?),
        EntryPoint::Script { path, .. } => (literal(&format!("{}/{path}", layout::APP))?, None, None),
        EntryPoint::Installed { path, .. } if path.starts_with('/') => (literal(path)?, None, None),
        EntryPoint::Installed { path, .. } => (None, literal(path)?, None),
    };
    let (name, factory) = match plan.app.value.callable() {
        // What the entry point leaves open, the setting of mod_wsgi-express says.
        Callable::Object(name) if name == "application" => (plan.server.callable_object.value.as_str(), false),
        Callable::Object(name) => (name.as_str(), false),
        Callable::Factory(name) => (name.as_str(), true),
    };
    let names = name.split('.').map(|part| PythonLiteral::new("app", part)).collect::<Result<_>>()?;
    let fallback = Dispatch::of(plan) == Dispatch::Fallback;
    let mount = PythonLiteral::new("mount-point", &httpd::mount_point(plan)?)?;
    template::render("handler.wsgi", &View { script, installed, module, names, factory, fallback, mount })
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
    fn executes_a_script_of_the_image() {
        assert!(rendered("/opt/x/run.wsgi", |_| ()).contains("module.__file__ = \"/opt/x/run.wsgi\"\n"));
        insta::assert_snapshot!(rendered("dist:pgadmin4/pgAdmin4.wsgi", |_| ()), @r#"
        # Written by parity. Imports the application for mod_wsgi.
        import sys
        import os
        import types

        module = types.ModuleType("__wsgi__")
        found = [path for path in sys.path if os.path.isfile(os.path.join(path, "pgadmin4/pgAdmin4.wsgi"))]
        if not found:
            raise FileNotFoundError("no installed distribution has the file that `app` names: " + "pgadmin4/pgAdmin4.wsgi")
        module.__file__ = os.path.join(found[0], "pgadmin4/pgAdmin4.wsgi")
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
