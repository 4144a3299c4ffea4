"""A Flask API. Every route requires an access token of your app client, except those marked public."""

import os

from flask import Flask
from flask_cognito import CognitoAuth, cognito_group_permissions, cognito_public, current_cognito_jwt

app = Flask(__name__)
app.config["COGNITO_REGION"] = os.environ["COGNITO_REGION"]
app.config["COGNITO_USERPOOL_ID"] = os.environ["COGNITO_USERPOOL_ID"]
app.config["COGNITO_APP_CLIENT_ID"] = os.environ["COGNITO_APP_CLIENT_ID"]
app.config["COGNITO_TOKEN_USE"] = "access"
app.config["COGNITO_JWKS_URI"] = os.environ.get("COGNITO_JWKS_URI")
cogauth = CognitoAuth(app)
cogauth.protect(app)


@app.get("/health")
@cognito_public
def health() -> dict[str, bool]:
    return {"ok": True}


@app.get("/me")
def me() -> dict[str, object]:
    return {"sub": current_cognito_jwt["sub"]}


@app.get("/reports")
@cognito_group_permissions(["admin", "analyst"])
def reports() -> dict[str, list[str]]:
    return {"reports": []}
