"""What frameworks say of a request by their own signals. They are asked only where the application has imported them."""

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


def flask_signals():
    from flask import got_request_exception, template_rendered

    got_request_exception.connect(note_flask_exception)
    template_rendered.connect(note_template)


def note_flask_exception(_, exception=None, **__):
    record = record_of_thread()
    if record is not None:
        record.raised(exception if exception is not None else sys.exc_info()[1])


def note_template(_, template=None, **__):
    record = record_of_thread()
    if record is not None:
        record.template(getattr(template, "name", None))


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
    ("flask", "flask.app", flask_signals),
    ("sqlalchemy", "sqlalchemy.engine", sqlalchemy_statements),
]
