use super::*;
use crate::project::testing::project;
use crate::units::Secret;

const MANAGE: &str = "#!/usr/bin/env python\nimport os\nimport sys\n\n\ndef main():\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\n    from django.core.management import execute_from_command_line\n    execute_from_command_line(sys.argv)\n\n\nif __name__ == '__main__':\n    main()\n";
const SETTINGS: &str = "from pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\nDEBUG = True\nALLOWED_HOSTS = []\nINSTALLED_APPS = [\n    'django.contrib.admin',\n    'django.contrib.staticfiles',\n]\nWSGI_APPLICATION = 'mysite.wsgi.application'\nSTATIC_URL = 'static/'\n";
const WSGI: &str = "import os\nfrom django.core.wsgi import get_wsgi_application\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\napplication = get_wsgi_application()\n";

fn find(files: &[(&str, &str)]) -> Vec<Site> {
    let dir = project(files);
    sites(&Tree::scan(dir.path()).unwrap(), &Environment::new(), &[])
}

fn one(files: &[(&str, &str)]) -> Site {
    let mut sites = find(files);
    assert_eq!(sites.len(), 1, "{sites:?}");
    sites.remove(0)
}

/// A started project with other settings added.
fn with_settings(more: &str) -> Site {
    one(&[("manage.py", MANAGE), ("mysite/settings.py", &format!("{SETTINGS}{more}")), ("mysite/wsgi.py", WSGI)])
}

#[test]
fn a_project_as_startproject_makes_it() {
    let site = with_settings("");
    let facts = Django {
        manage_py: "manage.py".into(),
        settings_module: Some("mysite.settings".into()),
        static_url: Some("static/".into()),
        static_root: StaticRoot::Unset,
        allowed_host: None,
        static_dirs: Vec::new(),
        staticfiles: true,
        kept_static: None,
    };
    assert_eq!(site.facts, Sourced::detected(facts, "manage.py:7"));
    let entry = site.entry.unwrap();
    assert_eq!(
        (entry.value.to_string(), entry.origin.to_string()),
        ("mysite.wsgi:application".into(), "detected from WSGI_APPLICATION at mysite/settings.py:9".into())
    );
    assert_eq!(site.remarks, [""; 0]);
}

#[test]
fn an_address_of_static_files_that_nobody_can_read_is_told() {
    let site = with_settings("from urllib.parse import urlparse\nSTATIC_URL = urlparse('https://a.example/b').path + '/assets/'\n");
    let [remark] = &site.remarks[..] else { panic!("{:?}", site.remarks) };
    assert!(
        remark.starts_with("STATIC_URL (mysite/settings.py:12) cannot be read") && remark.contains("`url-alias: {/static/: DIRECTORY}`"),
        "{remark}"
    );
    // Whoever has no static files misses none.
    assert_eq!(with_settings("STATIC_URL = name('x')\nINSTALLED_APPS = []\n").remarks, [""; 0]);
    assert_eq!(with_settings("import os\nSTATIC_URL = os.environ.get('STATIC_URL', '/s/')\n").remarks, [""; 0]);
}

#[test]
fn what_the_package_of_the_wsgi_module_imports_has_chosen_the_settings() {
    let manage = MANAGE.replace("mysite.settings", "shop.settings.dev");
    let wsgi = WSGI.replace("mysite.settings", "shop.settings.live");
    let queue = "import os\nfrom celery import Celery\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings.dev')\napp = Celery('shop')\n";
    let settings = "ALLOWED_HOSTS = ['127.0.0.1']\nWSGI_APPLICATION = 'shop.wsgi.application'\n";
    let site = |init: &str, wsgi: &str, queue: &str| {
        one(&[
            ("manage.py", &manage),
            ("shop/__init__.py", init),
            ("shop/queue.py", queue),
            ("shop/wsgi.py", wsgi),
            ("shop/settings/__init__.py", ""),
            ("shop/settings/dev.py", settings),
            ("shop/settings/live.py", "ALLOWED_HOSTS = ['shop.example']\nWSGI_APPLICATION = 'shop.wsgi.application'\n"),
        ])
    };
    for init in ["from .queue import app\n", "from shop.queue import app\n", "from . import queue\n", "import shop.queue\n"] {
        let site = site(init, &wsgi, queue);
        assert_eq!(
            site.remarks,
            [
                "shop/wsgi.py:3 names shop.settings.live, but shop/queue.py:3 is imported before it and sets shop.settings.dev, which is what is served: set DJANGO_SETTINGS_MODULE under `env:` in parity.yaml, and in production"
            ],
            "{init}"
        );
        assert_eq!(site.facts.value.allowed_host, None);
    }
    let live = |site: Site| site.facts.value.allowed_host.as_deref() == Some("shop.example");
    // A function that nobody calls, a program's part, and a module that nobody imports.
    assert!(live(site(
        "from .queue import app\n",
        &wsgi,
        "def main():\n    import os\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings.dev')\n"
    )));
    assert!(live(site("", &wsgi, queue)));
    // What the WSGI module sets in any case stands.
    let forced = "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings.live'\nfrom django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n";
    assert!(live(site("from .queue import app\n", forced, queue)));
}

#[test]
fn split_settings_as_cookiecutter_makes_them() {
    let manage = MANAGE.replace("'mysite.settings'", "\"config.settings.local\"");
    let base = "from pathlib import Path\nimport environ\nBASE_DIR = Path(__file__).resolve(strict=True).parent.parent.parent\nenv = environ.Env()\nDEBUG = env.bool(\"DJANGO_DEBUG\", False)\nWSGI_APPLICATION = \"config.wsgi.application\"\nDJANGO_APPS = [\"django.contrib.staticfiles\"]\nLOCAL_APPS = []\nINSTALLED_APPS = DJANGO_APPS + LOCAL_APPS\nSTATIC_ROOT = str(BASE_DIR / \"staticfiles\")\nSTATIC_URL = \"/static/\"\n";
    let local = "from .base import *  # noqa\nfrom .base import INSTALLED_APPS, env\nDEBUG = True\nALLOWED_HOSTS = [\"localhost\", \"0.0.0.0\", \"127.0.0.1\"]\nINSTALLED_APPS = [\"whitenoise.runserver_nostatic\", *INSTALLED_APPS]\nINSTALLED_APPS += [\"django_extensions\"]\n";
    let production = "from .base import *\nALLOWED_HOSTS = env.list(\"DJANGO_ALLOWED_HOSTS\", default=[\"example.com\"])\n";
    let wsgi = WSGI.replace("mysite.settings", "config.settings.production");
    let site = one(&[
        ("manage.py", &manage),
        ("config/__init__.py", ""),
        ("config/settings/__init__.py", ""),
        ("config/settings/base.py", base),
        ("config/settings/local.py", local),
        ("config/settings/production.py", production),
        ("config/wsgi.py", &wsgi),
    ]);
    assert_eq!(site.entry.unwrap().value.to_string(), "config.wsgi:application");
    assert_eq!(site.facts.settings_module.as_deref(), Some("config.settings.local"));
    assert_eq!(site.facts.static_root, StaticRoot::Inside("staticfiles".into()));
    assert_eq!(site.facts.static_url.as_deref(), Some("/static/"));
    assert!(site.facts.staticfiles, "from base.py through `*INSTALLED_APPS`");
    assert_eq!(
        site.remarks,
        [
            "manage.py uses config.settings.local, but config/wsgi.py:3 serves config.settings.production: set DJANGO_SETTINGS_MODULE under `env:` in parity.yaml to use one for both",
            "ALLOWED_HOSTS (config/settings/production.py:2) has neither localhost nor 127.0.0.1, so Django would answer 400 Bad Request here: it depends on the environment, so set its variable under `env:` in parity.yaml",
        ]
    );
}

#[test]
fn settings_modules_in_every_notation() {
    for line in [
        "os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"mysite.settings\")",
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.settings'",
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', os.environ.get('X', 'mysite.settings'))",
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.' + 'settings')",
        "name = os.getenv('X', 'settings')\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', f'mysite.{name}')",
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', os.getenv('DJANGO_SETTINGS_MODULE', 'mysite.settings'))",
        "module = os.getenv('DJANGO_SETTINGS_MODULE') or 'mysite.settings'\nos.environ['DJANGO_SETTINGS_MODULE'] = module",
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.{}'.format(os.environ.get('MODE', 'settings'))",
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.%s' % os.getenv('MODE', 'settings')",
        "os.environ['DJANGO_SETTINGS_MODULE'] = '.'.join(['mysite', 'settings'])",
        "MODES = {'a': 'mysite.settings', 'b': 'x'}\nos.environ['DJANGO_SETTINGS_MODULE'] = MODES.get(os.getenv('MODE', 'a'))",
        "if len(sys.argv) > 1 and sys.argv[1] == 'runserver':\n    os.environ['DJANGO_SETTINGS_MODULE'] = 'x'\nelse:\n    os.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.settings'",
        "if len(sys.argv) > 1 and sys.argv[1] in ('collectstatic', 'migrate'):\n    os.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.settings'\nelse:\n    os.environ['DJANGO_SETTINGS_MODULE'] = 'x'",
        "from sys import argv\nos.environ['DJANGO_SETTINGS_MODULE'] = 'x' if argv[1].startswith('test') else 'mysite.settings'",
        "if 'test' in sys.argv:\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'x')\nelse:\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')",
        "if __name__ == '__main__':\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')",
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\nif 'test' in sys.argv:\n    os.environ['DJANGO_SETTINGS_MODULE'] = 'x'",
        "if 'test' in sys.argv:\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'x')\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')",
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.settings'\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'x')",
        "if not os.environ.get('DJANGO_SETTINGS_MODULE'):\n    os.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.settings'",
        "from os import environ as env\nenv.setdefault('DJANGO_SETTINGS_MODULE', value='mysite.settings')",
        "env = os.environ\nenv.update({'A': '1', 'DJANGO_SETTINGS_MODULE': 'mysite.settings'})",
        "os.environ.update(DJANGO_SETTINGS_MODULE='mysite.settings')",
        "from django.conf import ENVIRONMENT_VARIABLE\nos.environ.setdefault(ENVIRONMENT_VARIABLE, 'mysite.settings')",
        "NAME = 'DJANGO_SETTINGS_MODULE'\nos.environ.setdefault(NAME, 'mysite.settings')",
        "pass",
    ] {
        let manage = format!("import os, sys\nimport django\n{line}\n");
        let site = one(&[("manage.py", &manage), ("mysite/settings.py", SETTINGS), ("mysite/wsgi.py", WSGI)]);
        assert_eq!(site.facts.settings_module.as_deref(), Some("mysite.settings"), "{line}");
    }
}

#[test]
fn static_dirs() {
    for (source, expected) in [
        ("STATICFILES_DIRS = [BASE_DIR / 'assets', ('libs', BASE_DIR / 'vendor' / 'js')]", &["assets", "vendor/js"][..]),
        ("import os\nSTATICFILES_DIRS = (os.path.join(BASE_DIR, 'assets'), 'more', '/srv/other', unknown())", &["assets", "more"]),
        ("STATICFILES_DIRS = [BASE_DIR]", &[]),
        ("STATICFILES_DIRS = unknown()", &[]),
    ] {
        assert_eq!(with_settings(source).facts.static_dirs, expected, "{source}");
    }
}

#[test]
fn files_of_the_projects_own_in_static_root() {
    let settings = format!("{SETTINGS}STATIC_ROOT = 'collected'\n");
    let kept = |more: &[(&str, &str)]| {
        let mut files = vec![("manage.py", MANAGE), ("mysite/settings.py", settings.as_str()), ("collected/a/x.css", "")];
        files.extend(more);
        one(&files).facts.value.kept_static
    };
    assert!(kept(&[]).is_some_and(|place| place.starts_with("mysite/settings.py:")));
    assert_eq!(kept(&[(".gitignore", "/collected/\n")]), None);
}

#[test]
fn static_roots() {
    for (source, expected) in [
        ("STATIC_ROOT = BASE_DIR / 'static'", StaticRoot::Inside("static".into())),
        ("import os\nSTATIC_ROOT = os.path.join(BASE_DIR, 'a/', 'b/')", StaticRoot::Inside("a/b".into())),
        ("STATIC_ROOT = 'static'", StaticRoot::Inside("static".into())),
        ("STATIC_ROOT = '../static'", StaticRoot::Unknown),
        ("STATIC_ROOT = '/srv/www/static/'", StaticRoot::Outside("/srv/www/static".into())),
        ("STATIC_ROOT = BASE_DIR.parent / 'static'", StaticRoot::Outside("/static".into())),
        ("STATIC_ROOT = BASE_DIR", StaticRoot::Unknown),
        ("STATIC_ROOT = None", StaticRoot::Unset),
        ("STATIC_ROOT = ''", StaticRoot::Unset),
        ("STATIC_ROOT = make()", StaticRoot::Unknown),
        ("import os\nSTATIC_ROOT = os.environ['X']", StaticRoot::Unknown),
        ("import os\nSTATIC_ROOT = os.getenv('X', '/srv')", StaticRoot::Outside("/srv".into())),
        ("if not DEBUG:\n    STATIC_ROOT = '/srv'", StaticRoot::Unset),
        ("if DEBUG:\n    STATIC_ROOT = '/srv'", StaticRoot::Outside("/srv".into())),
        ("import os\nif 'X' in os.environ:\n    STATIC_ROOT = '/srv'", StaticRoot::Unknown),
        ("import os\nDEBUG = 'X' not in os.environ\nif not DEBUG:\n    STATIC_ROOT = '/srv'", StaticRoot::Unknown),
        ("if unknown():\n    STATIC_ROOT = '/srv'", StaticRoot::Unknown),
        ("try:\n    from .local import *\nexcept ImportError:\n    STATIC_ROOT = '/srv'", StaticRoot::Unknown),
    ] {
        assert_eq!(with_settings(source).facts.static_root, expected, "{source}");
    }
}

#[test]
fn hosts_that_are_not_allowed_are_told() {
    let at = "ALLOWED_HOSTS (mysite/settings.py:11)";
    for (source, expected) in [
        (
            "ALLOWED_HOSTS = ['example.com']",
            Some(
                "has neither localhost nor 127.0.0.1, so Django would answer 400 Bad Request here: add \"localhost\" and \"127.0.0.1\" to it",
            ),
        ),
        ("ALLOWED_HOSTS = ['example.com', 'localhost']", None),
        ("ALLOWED_HOSTS = ['*']", None),
        ("ALLOWED_HOSTS = f()", None),
        ("ALLOWED_HOSTS = ['example.com'] + f()", None),
        (
            "ALLOWED_HOSTS = []\nDEBUG = False",
            Some("is empty and DEBUG is off, so Django would answer 400 Bad Request here: add \"localhost\" and \"127.0.0.1\" to it"),
        ),
    ] {
        let expected: Vec<String> = expected.into_iter().map(|words| format!("{at} {words}")).collect();
        assert_eq!(with_settings(source).remarks, expected, "{source}");
    }
}

#[test]
fn without_wsgi_application_the_file_beside_the_settings() {
    let settings = SETTINGS.replace("WSGI_APPLICATION", "OTHER");
    let site = one(&[("manage.py", MANAGE), ("mysite/settings.py", &settings), ("mysite/wsgi.py", WSGI)]);
    assert_eq!(site.entry.unwrap().origin.to_string(), "detected from mysite/wsgi.py, beside mysite.settings");
    let site = one(&[("manage.py", MANAGE), ("mysite/settings.py", SETTINGS)]);
    assert_eq!(site.entry, None);
}

#[test]
fn sites_one_directory_down() {
    let site = one(&[("backend/manage.py", MANAGE), ("backend/mysite/settings.py", SETTINGS), ("backend/mysite/wsgi.py", WSGI)]);
    assert_eq!((site.home.as_str(), site.entry.unwrap().value.to_string().as_str()), ("backend", "mysite.wsgi:application"));
    assert_eq!(find(&[("a/manage.py", MANAGE), ("b/manage.py", MANAGE)]).len(), 2);
    assert_eq!(find(&[("manage.py", MANAGE), ("b/manage.py", MANAGE)]).len(), 1);
    assert_eq!(find(&[("a/b/manage.py", MANAGE)]).len(), 0);
    assert_eq!(find(&[("manage.py", "from flask_script import Manager")]).len(), 0);
}

#[test]
fn split_settings_include_and_circles() {
    let settings = "from split_settings.tools import include, optional\ninclude('parts/base.py', optional('gone.py'))\n";
    let site =
        one(&[("manage.py", MANAGE), ("mysite/settings.py", settings), ("mysite/parts/base.py", SETTINGS), ("mysite/wsgi.py", WSGI)]);
    assert_eq!(site.facts.static_url.as_deref(), Some("static/"));
    let circle = one(&[
        ("manage.py", MANAGE),
        ("mysite/settings.py", "from .other import *"),
        ("mysite/other.py", "from .settings import *\nSTATIC_URL = '/s/'"),
    ]);
    assert_eq!(circle.facts.static_url.as_deref(), Some("/s/"));
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    let of =
        |(name, value): &(&str, &str)| ((*name).to_owned(), Sourced::new(Secret::new(*value), crate::units::Origin::Env((*name).into())));
    variables.iter().map(of).collect()
}

fn site_in(variables: &[(&str, &str)], files: &[(&str, &str)]) -> Site {
    sites(&Tree::scan(project(files).path()).unwrap(), &environment(variables), &[]).remove(0)
}

/// `manage.py` names none: commands do, hooks before servers before the rest, and the environment before all.
#[test]
fn settings_that_commands_name() {
    let manage = "import sys\nfrom django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n";
    let wsgi = "import os\nfrom django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n";
    let files = |more: &[(&'static str, &'static str)]| {
        let settings = ["base", "dev", "prod"].map(|name| (format!("shop/settings/{name}.py"), SETTINGS));
        let mut all: Vec<(String, &str)> = settings.into();
        all.extend([("manage.py".into(), manage), ("shop/settings/__init__.py".into(), ""), ("shop/wsgi.py".into(), wsgi)]);
        all.extend(more.iter().map(|(name, text)| ((*name).to_owned(), *text)));
        all
    };
    let found = |more: &[(&'static str, &'static str)], hooks: &[&str], variables: &[(&str, &str)]| {
        let files = files(more);
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        let hooks: Vec<_> = hooks.iter().map(|hook| Sourced::detected((*hook).to_owned(), "parity.yaml:2")).collect();
        let site = sites(&Tree::scan(project(&files).path()).unwrap(), &environment(variables), &hooks).remove(0);
        (site.facts.value.settings_module.unwrap_or_default(), site.facts.origin.to_string(), site.remarks)
    };
    let make = (
        "Makefile",
        "test:\n\t./manage.py test --settings=shop.settings.base\nrun:\n\t./manage.py runserver --settings=shop.settings.dev\n",
    );
    let procfile = ("Procfile", "release: python manage.py migrate --settings shop.settings.prod\n");
    let (module, place, remarks) = found(&[make, procfile], &[], &[]);
    assert_eq!((module.as_str(), place.as_str(), remarks.len()), ("shop.settings.dev", "detected from Makefile:4", 0));
    let (module, place, _) = found(&[make], &["python manage.py migrate --settings=shop.settings.prod"], &[]);
    assert_eq!((module.as_str(), place.as_str()), ("shop.settings.prod", "detected from detected from parity.yaml:2"));
    let (module, _, remarks) =
        found(&[make], &["python manage.py migrate --settings=shop.settings.prod"], &[("DJANGO_SETTINGS_MODULE", "shop.settings.base")]);
    assert_eq!((module.as_str(), remarks.len()), ("shop.settings.base", 0));
    // Another that is as good is told.
    let (module, _, remarks) =
        found(&[make, ("Procfile", "web: DJANGO_SETTINGS_MODULE=shop.settings.prod gunicorn shop.wsgi\n")], &[], &[]);
    assert_eq!(module, "shop.settings.prod");
    assert!(
        remarks[0].starts_with("manage.py names no settings, Procfile:1 uses shop.settings.prod and Makefile:4 uses shop.settings.dev"),
        "{remarks:?}"
    );
    // A name that the project has no module for is not taken.
    assert_eq!(found(&[("Makefile", "run:\n\t./manage.py runserver --settings=other.settings\n")], &[], &[]).0, "");
}

#[test]
fn settings_that_are_named_in_a_module_of_manage_pys_own_or_only_in_wsgi_py() {
    let manage = "from shop.start import main\nif __name__ == '__main__':\n    main()  # of Django\n";
    let start = "import os\ndef main():\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings.dev')\n";
    let files = [("manage.py", manage), ("shop/settings/__init__.py", ""), ("shop/settings/dev.py", SETTINGS)];
    let named = |more: (&'static str, &str)| one(&[files[0], files[1], files[2], more]).facts.value.settings_module;
    assert_eq!(named(("shop/start.py", start)).as_deref(), Some("shop.settings.dev"));
    assert_eq!(named(("shop/wsgi.py", &WSGI.replace("mysite.settings", "shop.settings.dev"))).as_deref(), Some("shop.settings.dev"));
}

#[test]
fn settings_that_nothing_names() {
    let settings = "INSTALLED_APPS = ['django.contrib.auth']\n";
    let wsgi = "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n";
    let files = [
        ("manage.py", "from django.core.management import execute_from_command_line\n"),
        ("shop/settings/__init__.py", ""),
        ("shop/settings/base.py", settings),
        ("shop/settings/dev.py", "from .base import *\nDEBUG = True\n"),
        ("shop/settings/logs.py", "LEVEL = 'INFO'\n"),
        ("shop/wsgi.py", wsgi),
    ];
    let site = one(&files);
    assert_eq!(site.facts.settings_module, None);
    assert_eq!(
        site.remarks,
        [
            "manage.py names no settings, so Django would start with none: write `env: {DJANGO_SETTINGS_MODULE: NAME}` to parity.yaml, where NAME is \
          `shop.settings.base` or `shop.settings.dev`"
        ]
    );
    let named = site_in(&[("DJANGO_SETTINGS_MODULE", "shop.settings.dev")], &files);
    assert_eq!((named.facts.settings_module.as_deref(), named.remarks.len()), (Some("shop.settings.dev"), 0));
}

/// Nothing but `manage.py` says which of several is meant.
#[test]
fn settings_that_are_named_where_the_file_is_run_as_a_program() {
    let manage = "import os, sys\nif __name__ == '__main__':\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings.dev')\n    from django.core.management import execute_from_command_line\n";
    let wsgi = WSGI.replace("mysite.settings", "shop.settings.dev");
    let files = [
        ("manage.py", manage),
        ("shop/settings/__init__.py", ""),
        ("shop/settings/base.py", SETTINGS),
        ("shop/settings/dev.py", "from .base import *\nSTATIC_URL = '/s/'\n"),
        ("shop/wsgi.py", &wsgi),
    ];
    let site = one(&files);
    assert_eq!(site.facts.settings_module.as_deref(), Some("shop.settings.dev"));
    assert_eq!((site.facts.static_url.as_deref(), site.facts.staticfiles), (Some("/s/"), true));
    assert_eq!(site.remarks, [""; 0]);
}

#[test]
fn the_environment_decides_unless_a_file_insists() {
    let manage = MANAGE.replace("mysite.settings", "mysite.dev");
    let files = |wsgi| {
        [
            ("manage.py", manage.as_str()),
            ("mysite/dev.py", SETTINGS),
            ("mysite/prod.py", "from .dev import *\nALLOWED_HOSTS = ['x.test']\n"),
            ("mysite/wsgi.py", wsgi),
        ]
    };
    let wsgi = WSGI.replace("mysite.settings", "mysite.prod");
    assert_eq!(site_in(&[], &files(&wsgi)).remarks.len(), 2);
    let site = site_in(&[("DJANGO_SETTINGS_MODULE", "mysite.dev")], &files(&wsgi));
    assert_eq!((site.remarks.as_slice(), site.facts.settings_module.as_deref()), (&[][..], Some("mysite.dev")));
    // Only modules of the project are named: another value may be a secret.
    let site = site_in(&[("DJANGO_SETTINGS_MODULE", "hush")], &files(&wsgi));
    assert!(!format!("{site:?}").contains("hush"));
    let forced = wsgi
        .replace("os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.prod')", "os.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.prod'");
    let site = site_in(&[("DJANGO_SETTINGS_MODULE", "mysite.dev")], &files(&forced));
    assert!(
        site.remarks[0].ends_with("let it use os.environ.setdefault, and set DJANGO_SETTINGS_MODULE under `env:` in parity.yaml"),
        "{:?}",
        site.remarks
    );
    let by_part = "import os\nfrom django.core.wsgi import x\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', f\"mysite.{os.environ.get('STAGE', 'prod')}\")\napplication = x()\n";
    assert_eq!(site_in(&[("STAGE", "dev")], &files(by_part)).remarks, [""; 0]);
}

#[test]
fn what_the_environment_sets_is_neither_warned_of_nor_shown() {
    let settings = format!(
        "import os\n{SETTINGS}ALLOWED_HOSTS = os.environ.get('HOSTS', 'x.test').split(',')\nSTATIC_ROOT = os.environ.get('ROOT', '/srv/static')\n"
    );
    let files = [("manage.py", MANAGE), ("mysite/settings.py", settings.as_str()), ("mysite/wsgi.py", WSGI)];
    let site = site_in(&[], &files);
    assert!(site.remarks[0].contains("it depends on the environment"), "{:?}", site.remarks);
    let site = site_in(&[("HOSTS", "localhost"), ("ROOT", "/hush")], &files);
    assert_eq!((site.remarks.as_slice(), &site.facts.static_root), (&[][..], &StaticRoot::Unknown));
}

#[test]
fn settings_in_classes() {
    let settings = "from pathlib import Path\nfrom configurations import Configuration, values\n\nclass Base(Configuration):\n    BASE_DIR = Path(__file__).resolve().parent.parent\n    INSTALLED_APPS = ['django.contrib.staticfiles']\n    STATIC_URL = '/static/'\n    ALLOWED_HOSTS = values.ListValue(['x.test'])\n    @property\n    def STATIC_ROOT(self):\n        return '/x'\n\nclass Dev(Base):\n    STATIC_URL = '/dev/'\n    INSTALLED_APPS = Base.INSTALLED_APPS + ['debug_toolbar']\n    STATIC_ROOT = Base.BASE_DIR / 'collected'\n";
    let manage = MANAGE.replace("    from django", "    os.environ.setdefault('DJANGO_CONFIGURATION', 'Dev')\n    from django");
    let files = |manage| [("manage.py", manage), ("mysite/settings.py", settings), ("mysite/wsgi.py", WSGI)];
    let dev = site_in(&[], &files(&manage));
    assert_eq!(dev.facts.static_url.as_deref(), Some("/dev/"));
    assert!(dev.facts.staticfiles);
    assert_eq!(dev.facts.static_root, StaticRoot::Inside("collected".into()));
    let base = site_in(&[("DJANGO_CONFIGURATION", "Base")], &files(&manage));
    assert_eq!((base.facts.static_url.as_deref(), base.facts.static_root.clone()), (Some("/static/"), StaticRoot::Unknown));
    assert_eq!(base.remarks, [""; 0]);
    let nameless = site_in(&[], &files(MANAGE));
    assert!(
        nameless.remarks[0].contains("DJANGO_CONFIGURATION is set nowhere, so that static files are not served"),
        "{:?}",
        nameless.remarks
    );
    let wrong = site_in(&[("DJANGO_CONFIGURATION", "Prod")], &files(MANAGE));
    assert!(wrong.remarks[0].starts_with("$DJANGO_CONFIGURATION names a class that mysite.settings"), "{:?}", wrong.remarks);
}
