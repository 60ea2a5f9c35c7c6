# A REST interface with Flask-RESTX and Flask-SQLAlchemy, whose tables are made by the first import.
printf 'flask-restx\nflask-sqlalchemy\n' >requirements.txt
cat >app.py <<'END'
from flask import Flask
from flask_restx import Api, Resource
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:////tmp/shop.db"
db = SQLAlchemy(app)
api = Api(app)


class Thing(db.Model):
    id = db.Column(db.Integer, primary_key=True)


with app.app_context():
    db.create_all()


@api.route("/things")
class Things(Resource):
    def get(self):
        return {"things": Thing.query.count(), "say": "number-1"}
END
page /things app.py
