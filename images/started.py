# The application has been imported, or cannot be. `startup.py` has run before.
import os
import sys

startup = sys.modules["parity_startup"]
startup.done()
try:
    os.unlink("%s/%d" % (startup.IMPORTING, os.getpid()))
except OSError:
    pass
