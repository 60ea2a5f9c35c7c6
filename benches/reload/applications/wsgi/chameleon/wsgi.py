import os

# As deployments set it: compiled templates are kept beside the application.
os.environ.setdefault("CHAMELEON_CACHE", "/app/var")
os.makedirs("/app/var", exist_ok=True)

from chameleon import PageTemplateLoader  # noqa: E402

from helpers import heading  # noqa: E402

NUMBER = "00000000"
templates = PageTemplateLoader("/app/templates", auto_reload=False)


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [templates["page.pt"](number=NUMBER, heading=heading, layout=templates["layout.pt"]).encode()]
