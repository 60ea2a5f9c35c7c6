"""A database in a file, made with the first request."""

import sqlite3
from contextlib import closing

from served import serve


def opened():
    connection = sqlite3.connect("data/notes.sqlite3", timeout=20)
    connection.execute("CREATE TABLE IF NOT EXISTS note (text TEXT)")
    return closing(connection)


def add(text):
    with opened() as connection, connection:
        connection.execute("INSERT INTO note VALUES (?)", (text,))


def read():
    with opened() as connection:
        return [text for (text,) in connection.execute("SELECT text FROM note ORDER BY rowid")]


application = serve(add, read)
