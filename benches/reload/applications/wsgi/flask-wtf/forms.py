from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import DataRequired


class OrderForm(FlaskForm):
    name = StringField("token-00000000", validators=[DataRequired()])
