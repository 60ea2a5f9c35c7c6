"""What happens in this process, as Python's audit events tell it. One hook for all who listen: it cannot be taken away
again, and is asked about each event of the process.
"""

import sys

# What listens to an event: functions of its arguments.
listeners = {}


def listen(function, *events):
    """Calls `function(event, arguments)` with each of these events, in the thread where it happens, before it does."""
    for event in events:
        listeners[event] = (*listeners.get(event, ()), function)


def hook(event, arguments, listeners=listeners):
    # What a hook raises would keep the application from what it is about to do.
    for function in listeners.get(event, ()):
        try:
            function(event, arguments)
        except Exception:
            pass


sys.addaudithook(hook)
