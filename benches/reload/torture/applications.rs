//! The packages, most downloaded first. Each has a small application in `benches/reload/applications/`, in which files have a
//! number in them, and whose page says all of them.

use crate::Result;
use crate::workplace::Workplace;

/// Where they are in the repository.
const DIRECTORY: &str = "benches/reload/applications";

/// A small application that uses a package in the ways that it is made for.
#[derive(Debug)]
pub struct Application {
    /// As it is called where it is downloaded from. Its directory has the same name.
    pub package: &'static str,
    /// The directory of applications that share an image, with its requirements.
    image: &'static str,
}

pub const ALL: &[Application] = &[
    Application { package: "boto3", image: "wsgi" },
    Application { package: "requests", image: "wsgi" },
    Application { package: "pydantic", image: "wsgi" },
    Application { package: "jinja2", image: "wsgi" },
    Application { package: "sqlalchemy", image: "wsgi" },
    Application { package: "httpx", image: "wsgi" },
    Application { package: "werkzeug", image: "wsgi" },
    Application { package: "flask", image: "wsgi" },
    Application { package: "alembic", image: "wsgi" },
    Application { package: "mako", image: "wsgi" },
    Application { package: "marshmallow", image: "wsgi" },
    Application { package: "prometheus-client", image: "wsgi" },
    Application { package: "django", image: "django" },
    Application { package: "sentry-sdk", image: "wsgi" },
    Application { package: "tornado", image: "wsgi" },
    Application { package: "zope.interface", image: "wsgi" },
    Application { package: "gevent", image: "wsgi" },
    Application { package: "authlib", image: "wsgi" },
    Application { package: "celery", image: "wsgi" },
    Application { package: "kombu", image: "wsgi" },
    Application { package: "flask-cors", image: "wsgi" },
    Application { package: "djangorestframework", image: "django" },
    Application { package: "flask-sqlalchemy", image: "wsgi" },
    Application { package: "apispec", image: "wsgi" },
    Application { package: "flask-login", image: "wsgi" },
    Application { package: "flask-wtf", image: "wsgi" },
    Application { package: "django-cors-headers", image: "django" },
    Application { package: "flask-babel", image: "wsgi" },
    Application { package: "django-filter", image: "django" },
    Application { package: "djangorestframework-simplejwt", image: "django" },
    Application { package: "whitenoise", image: "django" },
    Application { package: "falcon", image: "wsgi" },
    Application { package: "graphene", image: "wsgi" },
    Application { package: "peewee", image: "wsgi" },
    Application { package: "flask-limiter", image: "wsgi" },
    Application { package: "flask-jwt-extended", image: "wsgi" },
    Application { package: "flask-appbuilder", image: "older" },
    Application { package: "connexion", image: "older" },
    Application { package: "dash", image: "wsgi" },
    Application { package: "bottle", image: "wsgi" },
    Application { package: "opentelemetry-instrumentation-flask", image: "wsgi" },
    Application { package: "drf-spectacular", image: "django" },
    Application { package: "django-debug-toolbar", image: "django" },
    Application { package: "django-allauth", image: "django" },
    Application { package: "webob", image: "wsgi" },
    Application { package: "strawberry-graphql", image: "wsgi" },
    Application { package: "social-auth-app-django", image: "django" },
    Application { package: "django-environ", image: "django" },
    Application { package: "dynaconf", image: "wsgi" },
    Application { package: "flask-restx", image: "wsgi" },
    Application { package: "cherrypy", image: "wsgi" },
    Application { package: "django-import-export", image: "django" },
    Application { package: "pyramid", image: "wsgi" },
    Application { package: "flask-admin", image: "wsgi" },
    Application { package: "chameleon", image: "wsgi" },
    Application { package: "mongoengine", image: "wsgi" },
    Application { package: "flask-smorest", image: "wsgi" },
    Application { package: "zope.component", image: "wsgi" },
    Application { package: "django-ninja", image: "django" },
    Application { package: "web.py", image: "wsgi" },
    Application { package: "wagtail", image: "django" },
    Application { package: "genshi", image: "wsgi" },
    Application { package: "pony", image: "wsgi" },
    Application { package: "django-cms", image: "django" },
    Application { package: "zope", image: "wsgi" },
];

pub fn named(package: &str) -> Option<&'static Application> {
    ALL.iter().find(|application| application.package == package)
}

/// A copy of the application to work in.
pub fn lay_out(Application { package, image }: &Application) -> Result<Workplace> {
    let work = Workplace::empty(package)?;
    // Django's sites are alike but for what they use of a package.
    if *image == "django" {
        work.add(&format!("{DIRECTORY}/{image}/base"))?;
    }
    work.add(&format!("{DIRECTORY}/{image}/{package}"))?;
    work.add(&format!("{DIRECTORY}/{image}/requirements.txt"))?;
    work.add(&format!("{DIRECTORY}/entry.py"))?;
    let config = std::fs::read_to_string(work.root.join("parity.yaml")).unwrap_or_default();
    work.write("parity.yaml", &format!("app: entry:application\n{config}"))?;
    Ok(work)
}
