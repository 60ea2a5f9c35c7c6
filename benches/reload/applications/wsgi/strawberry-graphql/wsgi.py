from flask import Flask, Response
from strawberry.flask.views import GraphQLView

from schema import schema

NUMBER = "00000000"
application = Flask(__name__)
application.config["NUMBER"] = NUMBER
application.add_url_rule("/graphql", view_func=GraphQLView.as_view("graphql", schema=schema))


@application.route("/")
def index():
    answer = application.test_client().post("/graphql", json={"query": "{ order { name number } }"})
    return Response(answer.get_data(), mimetype="application/json")
