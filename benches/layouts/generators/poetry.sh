# poetry new, a Flask factory in src/, and the lock.
tool poetry
poetry new -q --src --name shop .
printf 'from flask import Flask\n\n\ndef create_app():\n    app = Flask(__name__)\n\n    @app.get("/")\n    def index():\n        return "number-1"\n\n    return app\n' >src/shop/__init__.py
sed -i 's/^requires-python.*/requires-python = ">=3.11,<4"/' pyproject.toml
poetry add -q --lock flask
page / src/shop/__init__.py
