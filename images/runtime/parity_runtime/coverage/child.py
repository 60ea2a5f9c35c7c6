"""In a Python program that the application has started: has coverage.py measure it too. A `.pth` file in the image of `parity coverage`
runs this, where the environment names it.
"""

import os
import sys


def begin() -> None:
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    sys.path.insert(0, root)
    try:
        from parity_runtime.coverage import instrument
    finally:
        sys.path.remove(root)
    instrument.measure_program()


try:
    # Python goes through the files of a virtual environment twice.
    if "parity_runtime.coverage.instrument" not in sys.modules:
        begin()
except Exception as error:
    # The program runs all the same.
    sys.stderr.write("parity: this program is not measured: %s: %s\n" % (type(error).__name__, error))
