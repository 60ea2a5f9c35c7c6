"""What frameworks say of a request by their own signals, and what templates are rendered. They are asked only where the application has
imported them.
"""

import sys
import time
from _thread import get_ident

from .wrapper import complain, current


def record_of_thread():
    return current.get(get_ident())


# By name: connected already in this process.
connected = set()
# How many modules there were the last time: nothing is imported without that it changes.
modules = 0
# SQLAlchemy's statement, by thread.
statement_began = {}


def connect():
    """Connects to those that have been imported since the last time. Cheap where there is nothing new."""
    global modules
    if len(sys.modules) == modules:
        return
    modules = len(sys.modules)
    for name, module, function in WAYS:
        if name not in connected and module in sys.modules:
            connected.add(name)
            try:
                function()
            except Exception as error:
                complain(error)


def django_errors():
    from django.core.signals import got_request_exception

    got_request_exception.connect(note_exception, weak=False, dispatch_uid="parity_record")


def note_exception(**_):
    record = record_of_thread()
    if record is not None:
        record.raised(sys.exc_info()[1])


def django_statements():
    from django.db.backends.signals import connection_created

    connection_created.connect(note_connection, weak=False, dispatch_uid="parity_record")


def note_connection(connection=None, **_):
    """Connections are a thread's own, and keep what is wrapped around their statements."""
    if connection is not None and time_statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(time_statement)


def time_statement(execute, sql, params, many, context):
    began = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        record = record_of_thread()
        if record is not None:
            record.statement(sql, time.perf_counter() - began, context["connection"].vendor)


def django_templates():
    from django.template.base import Template

    # Those that a template includes or extends as well.
    note_names(Template, "_render", lambda args, kwargs: True)


def jinja2_templates():
    from jinja2.environment import Environment, Template

    note_names(Template, "render", lambda args, kwargs: True)
    note_names(Template, "generate", lambda args, kwargs: True)
    # A template asks for those that it includes or extends, and says its own name.
    note_names(Environment, "get_template", lambda args, kwargs: kwargs.get("parent", args[1] if len(args) > 1 else None) is not None)


def note_names(owner, method, is_rendering):
    """Notes the name of the template that a method renders, or of that which it finds for another one."""
    original = getattr(owner, method)

    def noted(self, *args, **kwargs):
        record = current.get(get_ident())
        if record is not None and is_rendering(args, kwargs):
            record.template(args[0] if method == "get_template" and args else getattr(self, "name", None))
        return original(self, *args, **kwargs)

    noted.__name__, noted.__qualname__, noted.__doc__ = original.__name__, original.__qualname__, original.__doc__
    noted.__wrapped__ = original
    setattr(owner, method, noted)


def flask_signals():
    from flask import got_request_exception

    got_request_exception.connect(note_flask_exception)


def note_flask_exception(_, exception=None, **__):
    record = record_of_thread()
    if record is not None:
        record.raised(exception if exception is not None else sys.exc_info()[1])


def sqlalchemy_statements():
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    event.listen(Engine, "before_cursor_execute", before_statement)
    event.listen(Engine, "after_cursor_execute", after_statement)


def before_statement(connection, cursor, statement, parameters, context, many):
    statement_began[get_ident()] = time.perf_counter()


def after_statement(connection, cursor, statement, parameters, context, many):
    record = record_of_thread()
    if record is not None:
        now = time.perf_counter()
        record.statement(statement, now - statement_began.get(get_ident(), now), connection.dialect.name)


# The name, the module whose presence says that it is used, what connects.
WAYS = [
    ("django errors", "django.core.signals", django_errors),
    ("django statements", "django.db.backends.signals", django_statements),
    ("django templates", "django.template.base", django_templates),
    ("flask", "flask.app", flask_signals),
    ("jinja2", "jinja2.environment", jinja2_templates),
    ("sqlalchemy", "sqlalchemy.engine", sqlalchemy_statements),
]
