# The application, where the debugger can get at it.
import sys

with open("/etc/parity/handler.wsgi", "rb") as handler:
    exec(compile(handler.read(), handler.name, "exec", dont_inherit=True))
sys.modules["parity_hook"].serve(globals(), application)
