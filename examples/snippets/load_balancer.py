"""A Flask app behind an Application Load Balancer that signs users in and sends their claims as a signed header."""

import os

from flask import Flask
from flask_cognito import CognitoAuth, cognito_public, current_cognito_jwt

app = Flask(__name__)
app.config["COGNITO_REGION"] = os.environ["COGNITO_REGION"]
app.config["COGNITO_USERPOOL_ID"] = os.environ["COGNITO_USERPOOL_ID"]
app.config["COGNITO_APP_CLIENT_ID"] = os.environ["COGNITO_APP_CLIENT_ID"]
app.config["COGNITO_TOKEN_USE"] = "access"
app.config["COGNITO_TOKEN_LOCATIONS"] = ["alb"]
app.config["COGNITO_ALB_ARN"] = os.environ["COGNITO_ALB_ARN"]
app.config["COGNITO_ALB_KEYS_URL"] = os.environ.get("COGNITO_ALB_KEYS_URL")
cogauth = CognitoAuth(app)
cogauth.protect(app)


@app.get("/health")
@cognito_public
def health() -> dict[str, bool]:
    return {"ok": True}


@app.get("/me")
def me() -> dict[str, object]:
    return {"sub": current_cognito_jwt["sub"], "email": current_cognito_jwt["email"]}
