"""Puts the validator between mod_wsgi and the application, request by request.

Apache runs this in each process of the server that `parity smoke` checks, as an argument tells it to: no file of the image is
another for it, and the application is the object that production's handler script has.
"""

import os
import sys

import mod_wsgi

with open(os.path.join(os.path.dirname(__file__), "validator.py"), "rb") as source:
    validator = type(sys)("parity_validator")
    validator.__file__ = source.name
    sys.modules[validator.__name__] = validator
    exec(compile(source.read(), source.name, "exec", dont_inherit=True), validator.__dict__)

# The application that was wrapped last, and the wrapper: there is one application in a process.
last = (None, None)


def look_at(name, application_object=None, **_):
    global last
    if name != "request_started" or application_object is None:
        return None
    application, wrapper = last
    if application is not application_object:
        wrapper = validator.wrap(application_object)
        last = (application_object, wrapper)
    return {"application_object": wrapper}


mod_wsgi.subscribe_events(look_at)
