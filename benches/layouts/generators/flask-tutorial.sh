# Flask's tutorial, out of its own source distribution.
tool pip
pip download -q --no-deps --no-binary :all: --no-build-isolation -d . 'flask==3.1.*' 2>/dev/null || pip download -q --no-deps --no-binary flask -d . 'flask==3.1.*'
tar -xzf flask-*.tar.gz --strip-components=3 --wildcards 'flask-*/examples/tutorial'
rm flask-*.tar.gz
printf '\n\n@bp.route("/number")\ndef number():\n    return "number-1"\n' >>flaskr/blog.py
page /number flaskr/blog.py
