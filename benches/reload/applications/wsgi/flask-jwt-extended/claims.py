from flask_jwt_extended import JWTManager

manager = JWTManager()


@manager.additional_claims_loader
def claims(identity):
    return {"number": "token-00000000"}
