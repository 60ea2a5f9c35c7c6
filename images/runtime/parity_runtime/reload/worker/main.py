"""What a process of a slot does when Apache starts it (WSGIImportScript), before the first request.

A process of the active slot imports the application at once, as production does. Any other one stands by: it does ahead of time what
can be done (`ahead.py`), and waits on a socket of its own for the order to import the application.

An import that fails in a process that stood by may have failed because of that. The process says so (`doubt`); the agent
has the application imported by a process that did not, and requests that wait here are passed on to it.
"""

import _thread
import os
import socket
import sys
import time

import mod_wsgi
from parity_runtime import disk, layout
from parity_runtime.protocol import worker as protocol
from parity_runtime.reload import deaths
from parity_runtime.reload.nudge import nudge
from parity_runtime.reload.routing import active
from parity_runtime.reload.worker import audit, bytecode, context, imports, modules, planning, touched, underway
from parity_runtime.reload.worker.application import attach, load
from parity_runtime.reload.worker.importing import Handler
from parity_runtime.reload.worker.state import State
from parity_runtime.reload.worker.telling import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from parity_runtime.instruments import Runtime
    from parity_runtime.protocol.message import Message

# Seconds until it listens for orders again where its socket was closed.
LISTEN_AGAIN = 0.05


def install(runtime: "Runtime") -> None:
    context.begin(mod_wsgi.process_group)
    runtime.generation = loaded_generation
    # It gives HOME back.
    deaths.startup()
    audit.begin()
    touched.begin()
    Handler.begin()
    planning.begin()
    modules.begin([bytecode.finder])
    os.makedirs(layout.slot(context.SLOT), mode=0o700, exist_ok=True)
    bury_the_dead()
    orders = listen()
    audit.listen(imports.hear, *imports.EVENTS)
    if is_to_load():
        fresh = disk.words_of(layout.fresh(context.SLOT))
        load(int(fresh[0]) if fresh else None)
    else:
        # Imported where they are needed: the first process is waited for, and needs none of this.
        from parity_runtime.reload.worker import ahead

        State.stood_by = True
        State.preloaded = ahead.stand_by()
        describe()
    attach(runtime)
    # Imports in other threads than the main one wait for the end of this script: mod_wsgi holds no lock of Python's here.
    # No thread of `threading`: the application counts those.
    _thread.start_new_thread(take_orders, (orders,))


def loaded_generation() -> int:
    return State.generation if State.doing == "loaded" else 0


def bury_the_dead() -> None:
    """What this slot's processes were to serve that did not survive its import is not imported again."""
    startup = deaths.startup()
    for pid, mark in startup.left_behind(layout.slot(context.SLOT), ".loading"):
        ordered, dump = deaths.bury(pid, mark) or (True, "")
        if not ordered:
            startup.tell(pid, dump)
    startup.tell_of_memory()


def is_to_load() -> bool:
    """Is this process to import the application when it starts, as production's do? Also where no other process is to have
    been prepared for it."""
    return active()[0] == context.SLOT or os.path.exists(layout.fresh(context.SLOT))


def listen() -> socket.socket:
    path = layout.orders(context.SLOT, context.PID)
    disk.remove(path)
    orders = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    orders.bind(path)
    return orders


def take_orders(orders: socket.socket) -> None:
    """For as long as the process lives. What goes wrong with an order is said, and is the end of that one alone."""
    generation = None
    while True:
        try:
            order = protocol.ORDERS.read(orders.recv(65536))
            # The agent repeats itself to a process that says nothing for a while.
            if isinstance(order, protocol.Load):
                if order.generation != generation:
                    generation = order.generation
                    load(generation)
            else:
                obey(order)
        except BaseException as error:
            sys.stderr.write("parity: an order of the agent failed: %s: %s\n" % (type(error).__name__, error))
            if is_lost(orders):
                # The application has closed what it does not know, and may use the number by now.
                orders.detach()
                orders = listen_again()


def obey(order: "Message") -> None:
    if isinstance(order, protocol.TellModules):
        answer(layout.modules(context.PID), planning.plan())
    elif isinstance(order, protocol.TellRequests):
        answer(layout.requests(context.PID), protocol.Requests(asked=order.number, requests=underway.requests()))
        nudge()


def is_lost(orders: socket.socket) -> bool:
    try:
        return bool(orders.getsockname() != layout.orders(context.SLOT, context.PID))
    except OSError:
        return True


def listen_again() -> socket.socket:
    while True:
        time.sleep(LISTEN_AGAIN)
        try:
            return listen()
        except OSError:
            # There may be no descriptor left at the moment.
            pass


def answer(path: str, message: "protocol.Plan | protocol.Requests") -> None:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    disk.replace(path, message.to_text())
