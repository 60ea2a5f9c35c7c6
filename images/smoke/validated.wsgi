# The application, with a validator around it.
import sys

with open("/etc/parity/handler.wsgi", "rb") as handler:
    exec(compile(handler.read(), handler.name, "exec", dont_inherit=True))
with open("/etc/parity/validator.py", "rb") as validator:
    module = type(sys)("parity_validator")
    sys.modules[module.__name__] = module
    exec(compile(validator.read(), validator.name, "exec", dont_inherit=True), module.__dict__)
application = sys.modules["parity_validator"].wrap(application)
