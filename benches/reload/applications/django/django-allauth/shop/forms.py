from allauth.account.forms import LoginForm as Base


class LoginForm(Base):
    number = "token-00000000"
