"""Runs a program of parity's in a container: `python -I -S run.py PROGRAM ARGUMENT...`

agent [memory|files|restart]     carries out reloads; with a word it does one thing and ends
console SETTINGS                 the terminal's half of the debugger
takeover keep|take|ask ADDRESS   which of two servers gets new connections
load SETTINGS                    loads the application, without -I and -S: as the server does and as a development server does
"""

import os
import sys


def main() -> int:
    # Python is started without directories of its own, and nothing is written beside the configuration.
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.dont_write_bytecode = True
    program, *arguments = sys.argv[1:]
    if program == "agent":
        from parity_runtime.reload.agent import main as agent

        return agent.main(arguments)
    if program == "console":
        from parity_runtime.debug import console

        return console.main(arguments)
    if program == "takeover":
        from parity_runtime.reload import takeover

        return takeover.main(arguments)
    if program == "load":
        from parity_runtime.smoke.loading import main as loading

        return loading.main(arguments)
    sys.stderr.write("parity: there is no program %s\n" % program)
    return 2


if __name__ == "__main__":
    sys.exit(main())
