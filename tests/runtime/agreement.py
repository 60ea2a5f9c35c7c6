"""What parity relies on of mod_wsgi, asked in a request: of the fake in these tests, and of the real one by `tests/e2e/instruments.rs`.

Each is a name and whether it is so. That a function takes these arguments shows where it is called: of functions in C Python does not know.
"""


def promises(mod_wsgi):
    """Inside a request."""
    heard = []

    def listener(name, **event):
        heard.append(name)

    data = mod_wsgi.request_data()
    data["parity.agreement"] = True
    before = list(mod_wsgi.event_callbacks)
    mod_wsgi.subscribe_events(listener)
    added = [one for one in mod_wsgi.event_callbacks if one not in before]
    mod_wsgi.event_callbacks.remove(listener)
    before = list(mod_wsgi.shutdown_callbacks)
    mod_wsgi.subscribe_shutdown(listener)
    ends = [one for one in mod_wsgi.shutdown_callbacks if one not in before]
    mod_wsgi.shutdown_callbacks.remove(listener)
    return {
        "subscribe_shutdown adds to shutdown_callbacks": ends == [listener],
        "process_group is a text": type(mod_wsgi.process_group) is str,
        "active_requests has the data of this request": any(one is data for one in mod_wsgi.active_requests.values()),
        "request_data is the same each time": mod_wsgi.request_data() is data,
        "subscribe_events adds to event_callbacks": added == [listener],
        "event_callbacks forgets": listener not in mod_wsgi.event_callbacks,
    }


class Events:
    """Listens to the events of requests, and says afterwards what they brought."""

    def __init__(self, mod_wsgi):
        self.seen = {}
        mod_wsgi.subscribe_events(self.hear)

    def hear(self, name, **event):
        self.seen.setdefault(name, sorted(event))
        if name == "request_started":
            application = event["application_object"]

            def wrapped(environ, start_response):
                environ["parity.wrapped"] = "yes"
                return application(environ, start_response)

            return {"application_object": wrapped}
        return None

    def promises(self):
        started = self.seen.get("request_started", [])
        return {
            "request_started is told": bool(started),
            "it has what parity uses": {"application_object", "request_data", "request_environ", "request_id"} <= set(started),
        }
