# poetry new with a Flask factory in src/, before anybody has typed `poetry lock`.
tool poetry
poetry new -q --src --name shop .
sed -i 's/^requires-python.*/requires-python = ">=3.11,<4"/; s/^dependencies = \[/dependencies = ["flask>=3,<4"/' pyproject.toml
printf 'from flask import Flask\n\n\ndef create_app():\n    app = Flask(__name__)\n\n    @app.get("/")\n    def index():\n        return "number-1"\n\n    return app\n' >src/shop/__init__.py
page / src/shop/__init__.py
