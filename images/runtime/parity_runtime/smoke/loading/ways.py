"""The ways in which the application is loaded."""

import os
import sys

from parity_runtime.protocol.smoke import LoadSettings


def as_server(settings: LoadSettings) -> None:
    """The handler's own code, in a module as mod_wsgi makes it."""
    sys.argv = ["mod_wsgi"]
    module = type(sys)("_mod_wsgi_parity")
    module.__file__ = settings.handler
    sys.modules[module.__name__] = module
    with open(module.__file__, "rb") as handler:
        exec(compile(handler.read(), module.__file__, "exec", dont_inherit=True), module.__dict__)
    load_urls()


def load_urls() -> None:
    """Django reads its URLs with the first request."""
    if "django.urls" in sys.modules or "django.core.wsgi" in sys.modules:
        from django.urls import get_resolver

        get_resolver().url_patterns  # noqa: B018


def load_what_checks_do() -> None:
    """`manage.py check` looks at what a server loads when it is first needed: template tags, database routers, storages, backends.
    That a server has not needed them yet is no difference."""
    if "django.core.wsgi" in sys.modules:
        try:
            from django.core.checks import run_checks

            run_checks()
        except BaseException:
            # What is wrong there is told of the other way, which runs them as a user does.
            pass


def as_development(settings: LoadSettings) -> None:
    if settings.framework == "django":
        as_manage(settings)
    else:
        as_flask(settings)


def as_manage(settings: LoadSettings) -> None:
    """`python manage.py check`, and what runserver has of the application."""
    import runpy

    path = settings.manage_py or ""
    os.chdir(os.path.dirname(path))
    sys.path.insert(0, os.path.dirname(path))
    sys.argv = [path, "check"]
    if settings.django_settings:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings.django_settings)
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as end:
        if end.code not in (None, 0):
            raise RuntimeError("manage.py check ended with %r" % (end.code,)) from None
    from django.core.servers.basehttp import get_internal_wsgi_application

    get_internal_wsgi_application()
    load_urls()


def as_flask(settings: LoadSettings) -> None:
    """`flask run`: what it finds, with the directory it is run in on the path."""
    from flask.cli import ScriptInfo, load_dotenv

    load_dotenv()
    sys.path.insert(0, os.getcwd())
    sys.argv = ["flask", "run"]
    ScriptInfo(app_import_path=settings.app).load_app()
