# A workspace of uv: the application and a library of its own beside it.
tool uv
uv init -q --bare --name shop .
uv init -q --lib --no-workspace libs/shared
printf '\n[tool.uv.workspace]\nmembers = ["libs/*"]\n' >>pyproject.toml
uv add -q flask ./libs/shared --python "$(command -v python3)"
rm -rf .venv
sed -i '/requires-python/d' libs/shared/pyproject.toml
printf 'def hello():\n    return "number-1"\n' >libs/shared/src/shared/__init__.py
printf 'from flask import Flask\nfrom shared import hello\n\napp = Flask(__name__)\n\n\n@app.route("/")\ndef index():\n    return hello()\n' >app.py
page / libs/shared/src/shared/__init__.py
