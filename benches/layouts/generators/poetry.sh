# poetry new, a Flask factory in src/, and the lock.
tool poetry
poetry new -q --python '>=3.11,<4' --src . 2>/dev/null || poetry new -q --src .
name=$(ls src)
printf 'from flask import Flask\n\n\ndef create_app():\n    app = Flask(__name__)\n\n    @app.get("/")\n    def index():\n        return "number-1"\n\n    return app\n' >"src/$name/__init__.py"
poetry add -q --lock flask
page / "src/$name/__init__.py"
