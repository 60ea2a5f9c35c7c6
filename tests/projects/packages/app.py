from importlib.metadata import entry_points, version

import shared


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    commands = sorted(point.name for point in entry_points(group="console_scripts") if point.value.startswith("shared"))
    return [f"{shared.greeting()} {version('shared')} {','.join(commands)}\n".encode()]
