"""A log that is a file, opened when the application is imported."""

import logging
import os

from served import serve

PATH = os.path.join(os.path.dirname(__file__), "log", "notes.log")
logger = logging.getLogger("notes")
logger.setLevel("INFO")
logger.addHandler(logging.FileHandler(PATH))


def read():
    with open(PATH) as file:
        return file.read().splitlines()


application = serve(logger.info, read)
