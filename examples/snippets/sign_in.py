"""A Flask app for browsers. Users sign in with Cognito's managed login, and no script can read their tokens."""

import os

from flask import Flask
from flask_cognito import CognitoAuth, CognitoSignIn, cognito_auth_required, current_cognito_jwt, current_session
from markupsafe import escape

app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]
app.config["COGNITO_REGION"] = os.environ["COGNITO_REGION"]
app.config["COGNITO_USERPOOL_ID"] = os.environ["COGNITO_USERPOOL_ID"]
app.config["COGNITO_APP_CLIENT_ID"] = os.environ["COGNITO_APP_CLIENT_ID"]
app.config["COGNITO_TOKEN_USE"] = "access"
app.config["COGNITO_CLIENT_SECRET"] = os.environ.get("COGNITO_CLIENT_SECRET")
app.config["COGNITO_DOMAIN"] = os.environ["COGNITO_DOMAIN"]
app.config["COGNITO_REDIRECT_URI"] = os.environ["COGNITO_REDIRECT_URI"]
app.config["COGNITO_LOGOUT_URI"] = os.environ["COGNITO_LOGOUT_URI"]
app.config["COGNITO_ISSUER"] = os.environ.get("COGNITO_ISSUER")
CognitoAuth(app)
CognitoSignIn(app)


@app.get("/")
def home() -> str:
    return '<a href="/profile">Your profile</a>'


@app.get("/profile")
@cognito_auth_required
def profile() -> str:
    name = escape(current_session.id_claims["email"] if current_session else current_cognito_jwt.username)
    return f'<p>{name}</p><form method="post" action="/auth/logout"><button>Sign out</button></form>'
