from flask import Blueprint, g, redirect, render_template, request, url_for

from flaskr.auth import login_required
from flaskr.db import get_db

bp = Blueprint("blog", __name__)


@bp.route("/")
def index():
    posts = get_db().execute(
        "SELECT p.id, title, body, created, username FROM post p JOIN user u ON p.author_id = u.id ORDER BY created DESC"
    )
    return render_template("blog/index.html", posts=posts.fetchall())


@bp.route("/create", methods=("GET", "POST"))
@login_required
def create():
    if request.method == "POST":
        db = get_db()
        db.execute(
            "INSERT INTO post (title, body, author_id) VALUES (?, ?, ?)", (request.form["title"], request.form["body"], g.user["id"])
        )
        db.commit()
        return redirect(url_for("blog.index"))
    return render_template("blog/create.html")
