# Bottle, with its default application.
printf 'bottle\n' >requirements.txt
cat >app.wsgi <<'END'
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bottle
import shop  # noqa: F401

application = bottle.default_app()
END
printf 'from bottle import route\n\n\n@route("/")\ndef index():\n    return "number-1"\n' >shop.py
page / shop.py
