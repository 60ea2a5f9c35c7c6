"""What mod_wsgi has inside a server, as far as parity uses it: `agreement.py` asks both this and the real one the same."""

process_group = "g0"
application_group = ""

# By their ids, the data of the requests under way.
active_requests = {}
event_callbacks = []
shutdown_callbacks = []

_current = {}


def request_data():
    """The data of this thread's request; it fails where there is none."""
    if not _current:
        raise RuntimeError("no active request for thread")
    return _current["data"]


def subscribe_events(callback):
    event_callbacks.append(callback)


def subscribe_shutdown(callback):
    shutdown_callbacks.append(callback)


# --- for tests ------------------------------------------------------------------------------------------------------


def serve(application, environ=None, number="1"):
    """One request, with its events. Returns status, headers and body."""
    environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/", **(environ or {})}
    data = _current["data"] = active_requests[number] = {}
    answer = {}

    def start_response(status, headers, exc_info=None):
        answer.update(status=status, headers=headers)
        return lambda part: None

    try:
        _tell(
            "request_started", request_id=number, request_data=data, request_environ=environ, application_object=application, answer=answer
        )
        body = answer.pop("application_object", application)(environ, start_response)
        try:
            text = b"".join(body)
            return answer["status"], answer["headers"], text
        finally:
            if hasattr(body, "close"):
                body.close()
    finally:
        _tell("request_finished", request_id=number, request_data=data, answer={})
        del active_requests[number]
        _current.clear()


def _tell(name, answer, **event):
    for callback in list(event_callbacks):
        told = callback(name, **event) or {}
        event.update(told)
        answer.update(told)
