import sqlite3

from alembic import command
from alembic.config import Config

NUMBER = "00000000"
config = Config("/app/alembic.ini")
command.upgrade(config, "head")


def application(environ, start_response):
    connection = sqlite3.connect("/tmp/migrated.sqlite3")
    revision = connection.execute("select version_num from alembic_version").fetchone()[0]
    connection.close()
    title = config.get_main_option("title")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{revision} token-{NUMBER} token-{title}".encode()]
