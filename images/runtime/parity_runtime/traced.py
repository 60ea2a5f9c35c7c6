"""Threads that are traced by `sys.settrace`, on Pythons before 3.12."""

import _thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Unblocked(BaseException):
    """Never leaves `unblocking`."""


def unblocking() -> "Callable[[], None]":
    """A function that lets traced threads of Python 3.11 go on.

    mod_wsgi withdraws what may have interrupted a thread by setting its asynchronous exception to none. That Python takes it for one
    that is still to come, for ever, and a traced thread waits for it without end when it enters a function. One that really comes,
    to whichever thread, ends that.
    """
    import ctypes

    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    exception = ctypes.py_object(Unblocked)
    thread = ctypes.c_ulong

    def unblock() -> None:
        try:
            raise_in(thread(_thread.get_ident()), exception)
            while True:
                pass
        except Unblocked:
            pass

    return unblock
