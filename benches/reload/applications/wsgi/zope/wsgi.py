import os

os.makedirs("/tmp/zope/var", exist_ok=True)

from Zope2.Startup.run import make_wsgi_app  # noqa: E402

from content import number_of  # noqa: E402

NUMBER = "00000000"
site = make_wsgi_app({}, "/app/zope.conf")


def application(environ, start_response):
    import Zope2

    root = Zope2.app()
    try:
        text = f"{root.getId()} {root.title_or_id()} token-{NUMBER} token-{number_of(root)}"
    finally:
        root._p_jar.close()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]
