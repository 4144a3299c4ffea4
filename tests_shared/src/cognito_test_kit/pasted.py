"""Texts that people paste instead of an access token of their pool: other issuers' tokens, documents and so on.

Headers and claims are as in each issuer's documentation. The keys are made up.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from urllib.parse import quote

from cognito_jwt_core.testing import ABSENT, LocalUserPool

UUID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
OTHER_KEY = LocalUserPool("eu-central-1_elsewhere")


def encoded(value: object) -> str:
    """Return bytes, or any other value as JSON, in unpadded base64url."""
    data = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def padded(value: object) -> str:
    """Return a value as JSON in padded base64url."""
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def rs256(header: dict[str, object], claims: dict[str, object]) -> str:
    """Return a token that another RSA key has signed. It is valid for an hour unless the claims say otherwise."""
    now = int(time.time())
    return OTHER_KEY.sign({"alg": "RS256", "kid": "made-up", **header}, {"iat": now, "exp": now + 3600, **claims})


def other(alg: str, claims: dict[str, object], signature: bytes = b"0" * 32, **header: object) -> str:
    """Return a token with any algorithm and an invalid signature. It expires in an hour unless the claims differ."""
    now = int(time.time())
    claims = {"iat": now, "exp": now + 3600, **claims}
    return f"{encoded({'alg': alg, **header})}.{encoded(claims)}.{encoded(signature)}"


def jwe(header: dict[str, object]) -> str:
    """Return a text with the form of an encrypted token (RFC 7516), about as long as a refresh token of Cognito."""
    return ".".join([encoded(header), *(encoded(bytes(size)) for size in (256, 12, 1100, 16))])


def load_balancer(pool: LocalUserPool) -> str:
    """Return a load balancer's token for a user of the pool, with an invalid signature."""
    header = {
        "typ": "JWT",
        "kid": UUID,
        "alg": "ES256",
        "iss": pool.issuer,
        "client": pool.client_id,
        "signer": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/my/50dc6c495c0c9188",
        "exp": int(time.time()) + 120,
    }
    claims = {"sub": UUID, "email": "alice@example.com", "username": "alice", "exp": header["exp"], "iss": pool.issuer}
    return f"{padded(header)}.{padded(claims)}.{base64.urlsafe_b64encode(bytes(64)).decode()}"


def other_issuers(pool: LocalUserPool) -> Iterator[tuple[str, str]]:
    """Yield tokens of other issuers, each with its name."""
    yield "another pool", LocalUserPool("ap-southeast-2_AbCdEf123").access_token()
    yield "another Region", rs256({}, {"iss": f"https://cognito-idp.us-west-2.amazonaws.com/{pool.id}", "sub": UUID})
    yield (
        "a sign-in domain as issuer",
        rs256({}, {"iss": "https://shop.auth.eu-central-1.amazoncognito.com", "sub": UUID}),
    )
    yield (
        "an identity pool",
        other(
            "RS512",
            {"iss": "https://cognito-identity.amazonaws.com", "aud": f"eu-central-1:{UUID}", "sub": UUID},
            bytes(256),
        ),
    )
    yield "a load balancer", load_balancer(pool)
    yield "Google", rs256({"typ": "JWT"}, {"iss": "https://accounts.google.com", "aud": "1.apps.googleusercontent.com"})
    yield "Google without https", rs256({}, {"iss": "accounts.google.com", "sub": "110169484474386276334"})
    yield "Firebase", rs256({}, {"iss": "https://securetoken.google.com/shop", "aud": "shop", "sub": "u1"})
    yield "Entra v2", rs256({"typ": "JWT"}, {"iss": f"https://login.microsoftonline.com/{UUID}/v2.0", "ver": "2.0"})
    yield "Entra v1", rs256({"nonce": "x"}, {"iss": f"https://sts.windows.net/{UUID}/", "ver": "1.0"})
    yield "Entra External ID", rs256({}, {"iss": f"https://shop.ciamlogin.com/{UUID}/v2.0"})
    yield (
        "Auth0",
        rs256({}, {"iss": "https://shop.eu.auth0.com/", "aud": ["https://api"], "azp": "x", "scope": "openid"}),
    )
    yield "Auth0 without audience", jwe({"alg": "dir", "enc": "A256GCM", "iss": "https://shop.eu.auth0.com/"})
    yield "Okta", rs256({}, {"iss": "https://dev-1.okta.com/oauth2/default", "cid": "x", "scp": ["openid"]})
    yield "Apple", rs256({}, {"iss": "https://appleid.apple.com", "aud": "com.example", "sub": "0.1.2"})
    yield "Facebook", rs256({}, {"iss": "https://www.facebook.com", "aud": "1", "sub": "2"})
    yield "Firebase's custom token", rs256({}, {"iss": "firebase-adminsdk@shop.iam.gserviceaccount.com", "uid": "u1"})
    yield "Google's proxy", other("ES256", {"iss": "https://cloud.google.com/iap", "aud": "/projects/1"}, bytes(64))
    yield "Cloudflare Access", rs256({}, {"iss": "https://shop.cloudflareaccess.com", "aud": ["x"], "type": "app"})
    yield "Keycloak's old path", rs256({}, {"iss": "https://id.example.com/auth/realms/shop", "typ": "Bearer"})
    yield "Keycloak", rs256({"typ": "JWT"}, {"iss": "https://id.example.com/realms/shop", "typ": "Bearer", "azp": "x"})
    yield "Clerk", rs256({}, {"iss": "https://happy-cat-1.clerk.accounts.dev", "sid": "sess_1", "sub": "user_1"})
    yield "Supabase", other("HS256", {"iss": "supabase", "ref": "abc", "role": "anon"}, typ="JWT")
    yield "IAM Identity Center", rs256({}, {"iss": "https://identitycenter.amazonaws.com/ssoins-1", "sub": UUID})
    yield "GitHub Actions", rs256({}, {"iss": "https://token.actions.githubusercontent.com", "sub": "repo:a/b:ref:x"})
    yield (
        "Kubernetes",
        rs256({}, {"iss": "https://kubernetes.default.svc.cluster.local", "sub": "system:serviceaccount"}),
    )
    yield (
        "EKS",
        rs256({}, {"iss": "https://oidc.eks.eu-central-1.amazonaws.com/id/ABC123", "aud": ["sts.amazonaws.com"]}),
    )
    yield "an emulator", rs256({}, {"iss": f"http://0.0.0.0:9229/{pool.id}", "token_use": "access", "sub": UUID})
    yield "LocalStack", rs256({}, {"iss": f"http://localhost.localstack.cloud:4566/{pool.id}", "token_use": "access"})
    yield "an emulator in a container", rs256({}, {"iss": "http://cognito:9229/local_a1b2c3", "token_use": "access"})
    yield "an unknown issuer", rs256({}, {"iss": "https://id.example.com", "sub": UUID})
    yield "the example of jwt.io", other("HS256", {"sub": "1234567890", "name": "John Doe"}, typ="JWT")
    yield "an app's own session", other("HS256", {"fresh": False, "type": "access", "jti": UUID, "sub": "alice"})
    yield "RS256 without issuer", rs256({}, {"user_id": 1})
    yield "a DPoP proof", other("ES256", {"jti": UUID, "htm": "GET", "htu": "https://api/x"}, bytes(64), typ="dpop+jwt")
    yield "a refresh token", jwe({"cty": "JWT", "enc": "A256GCM", "alg": "RSA-OAEP"})
    yield "a session cookie of Flask", f"{encoded({'user': 'alice'})}.ZabcDQ.{encoded(bytes(20))}"
    yield "a session cookie of Flask, cut off", f"{encoded({'user': 'alice'})}.ZabcDQ.k1x2y"
    yield "a web framework's session", jwe({"alg": "dir", "enc": "A256CBC-HS512", "kid": "x"})


def own_tokens(pool: LocalUserPool) -> Iterator[tuple[str, str]]:
    """Yield tokens of the pool that are of another kind, expired, changed or incomplete, each with its name."""
    good = pool.access_token("alice")
    claims = pool.access_claims("alice")
    yield "an ID token", pool.id_token("alice")
    yield "an expired token", pool.expired_token("alice")
    yield "a token that begins later", pool.not_yet_valid_token("alice")
    yield "another app client", pool.access_token("alice", client_id="anotherclient")
    yield "another API", pool.access_token("alice", aud="https://billing.example.com")
    yield "a claim is missing", pool.access_token("alice", sub=ABSENT)
    yield "another key", pool.sign({**pool.header, "kid": "last-year"}, claims)
    yield "changed after it was signed", pool.badly_signed_token("alice")
    yield "alg none", f"{encoded({'alg': 'none', 'kid': 'x'})}.{encoded(claims)}."
    yield "HS256", pool.sign({**pool.header, "alg": "HS256"}, claims)
    yield "crit", pool.sign({**pool.header, "crit": ["exp"]}, claims)
    yield "no signature", good.rpartition(".")[0] + "."
    yield "cut off in the signature", good[:-62] + "A"
    yield "cut off in the signature, decodable", good.rpartition(".")[0] + "." + good.rpartition(".")[2][:200]
    yield "cut off in the payload", good[:200]
    yield "only the header", good.partition(".")[0]
    yield "a character too many", good + "A" * 3
    yield "only the payload", good.split(".")[1]
    yield "without its header", good.partition(".")[2]
    yield "an ID token in quotes", f'"{pool.id_token("alice")}"\n'
    yield "with a dot", f"{good}."
    yield "hidden in part", f"{good[:10]}{'*' * 20}{good[-5:]}"
    yield "twice in a row", good + good
    yield "without its first character", good[1:]
    yield "with a dash for a hyphen", f"{good[:-99]}\N{EN DASH}{good[-98:]}"
    yield "another character in it", good[:100] + "\N{BULLET}" + good[100:]


def spoilt_tokens(pool: LocalUserPool) -> Iterator[tuple[str, str]]:
    """Yield valid tokens with other text around or in them, each with its name."""
    good, id_token = pool.access_token("alice"), pool.id_token("alice")
    yield "with its scheme", f"Bearer {good}"
    yield "with its scheme twice", f"Bearer Bearer {good}"
    yield "with another scheme", f"JWT {good}"
    yield "a header line", f"Authorization: Bearer {good}"
    yield "a header line without scheme", f"authorization: {good}"
    yield "an option of curl", f'-H "Authorization: Bearer {good}"'
    yield "a command of curl", f'curl -H "Authorization: Bearer {good}" https://api.example.com/me'
    yield "a header line with a quoted token", f'Authorization: Bearer "{good}"'
    yield "a header of its own", f"X-MyApp-Authorization: Bearer {good}"
    yield "a header line twice", f"Authorization: Bearer Authorization: Bearer {good}"
    yield "two header lines", f"Authorization: Bearer {good}\nAuthorization: Bearer {good}"
    yield "its scheme without a space", f"Bearer{good}"
    yield "a command of curl on several lines", f"curl 'https://x/me' \\\n  -H 'authorization: Bearer {good}'"
    yield "a command of curl with another header", f"curl -H 'X-Auth-Token: {good}' https://x/me"
    yield "a cookie that is set", f"Set-Cookie: session_token={good}; HttpOnly; Path=/"
    yield "in the colours of a terminal", f"\x1b[32m{good}\x1b[0m"
    yield "quoted with a line break", f'"{good}"\n'
    yield "quoted", f'"{good}"'
    yield "quoted twice", f"'\"{good}\"'"
    yield "Python's bytes", f"b'{good}'"
    yield "white space around it", f"  {good}\n"
    yield "a byte order mark", f"\ufeff{good}"
    yield "broken into lines", "\n".join(good[start : start + 76] for start in range(0, len(good), 76))
    yield "URL-encoded", quote(f"Bearer {good}").replace(".", "%2E")
    yield "URL-encoded twice", quote(quote(f"Bearer {good}"))
    yield "encoded once more, with its scheme", base64.b64encode(f"Bearer {good}".encode()).decode()
    yield "encoded once more", base64.b64encode(good.encode()).decode()
    yield "with a comma", f"{good},"
    yield "a cookie", f"Cookie: session={good}; theme=dark"
    yield "a variable", f"export TOKEN={good}"
    yield "standard base64", f"{padded(pool.header)}.{padded(pool.access_claims('alice'))}.{'A' * 342}=="
    yield "shortened with dots", f"{good[:20]}...{good[-8:]}"
    yield "shortened with an ellipsis", f"{good[:20]}\u2026"
    yield "two tokens", f"{good}\n{id_token}"
    yield "a header and two dots", f"{good.partition('.')[0][:-1]}.."
    yield "three tokens in one", f"{good}.{good}"


def load_balancers(pool: LocalUserPool) -> Iterator[tuple[str, str]]:
    """Yield texts with the headers that a load balancer adds, each with its name."""
    good = pool.access_token("alice")
    yield "a load balancer, with its scheme", f"Bearer {load_balancer(pool)}"
    yield "a load balancer's header line", f"x-amzn-oidc-data: {load_balancer(pool)}"
    yield "a load balancer's headers in JSON", json.dumps({"x-amzn-oidc-data": load_balancer(pool), "host": "x"})
    yield "a load balancer's header of WSGI", f"HTTP_X_AMZN_OIDC_DATA={load_balancer(pool)}"
    yield "a load balancer, URL-encoded", quote(load_balancer(pool))
    yield (
        "a load balancer's three headers",
        f"x-amzn-oidc-data: {load_balancer(pool)}\nx-amzn-oidc-identity: {UUID}\nx-amzn-oidc-accesstoken: {good}",
    )
    yield "a load balancer, without padding", load_balancer(pool).replace("=", "")
    yield "a load balancer's access token", f"x-amzn-oidc-accesstoken: {good}"


def documents(pool: LocalUserPool) -> Iterator[tuple[str, str]]:
    """Yield documents that contain a valid token, such as responses, scripts and URLs, each with its name."""
    good, id_token = pool.access_token("alice"), pool.id_token("alice")
    refresh = jwe({"cty": "JWT", "enc": "A256GCM", "alg": "RSA-OAEP"})
    google = rs256({}, {"iss": "https://accounts.google.com", "aud": "1.apps.googleusercontent.com"})
    yield (
        "the answer of InitiateAuth",
        json.dumps(
            {
                "AuthenticationResult": {
                    "AccessToken": good,
                    "IdToken": id_token,
                    "RefreshToken": refresh,
                    "ExpiresIn": 3600,
                }
            }
        ),
    )
    yield (
        "the answer of the token endpoint",
        json.dumps({"access_token": good, "id_token": id_token, "expires_in": 3600}),
    )
    yield "an answer without an access token", json.dumps({"id_token": id_token})
    yield "Google's answer to a sign-in", json.dumps({"access_token": "ya29.a0AfH6SMB", "id_token": google})
    yield "an answer with unreadable tokens", json.dumps({"access_token": 5, "id_token": ["x"]})
    yield "a quoted Google token", f"'{google}'"
    yield "headers in a script", json.dumps({"Authorization": f"Bearer {good}"})
    yield "headers in Python", repr({"Authorization": f"Bearer {good}"})
    yield "a dictionary of Python", repr({"AuthenticationResult": {"AccessToken": good, "IdToken": id_token}})
    yield "an entry of an archive of requests", json.dumps({"name": "Authorization", "value": f"Bearer {good}"})
    yield "a session of Amplify", json.dumps({"tokens": {"accessToken": good, "idToken": id_token}})
    yield (
        "an old session of Amplify",
        json.dumps({"idToken": {"jwtToken": id_token}, "accessToken": {"jwtToken": good}, "clockDrift": 0}),
    )
    name = f"CognitoIdentityServiceProvider.{pool.client_id}.alice"
    kept = {f"{name}.idToken": id_token, f"{name}.accessToken": good, f"{name}.clockDrift": "0"}
    yield "a browser's storage", json.dumps(kept)
    yield "a browser's storage as text", "\n".join(f"{key}\t{value}" for key, value in kept.items())
    yield "JSON without an access token", json.dumps({"idToken": id_token, "other": google})
    yield "JSON in JSON", json.dumps(json.dumps({"access_token": good, "id_token": id_token}))
    yield "an answer of the AWS CLI as text", f"AUTHENTICATIONRESULT\t{good}\t3600\t{id_token}\t{refresh}\tBearer"
    yield "JSON with a refresh token", json.dumps({"refresh_token": refresh})
    yield "a line with a refresh token", f"refresh_token={refresh}"
    yield "a refresh token in JSON", json.dumps({"RefreshToken": refresh})
    yield "a refresh token, cut off", refresh[:300]
    yield "a refresh token, cut off later", refresh.rsplit(".", 2)[0]
    yield "variables of a script", f'ACCESS_TOKEN="{good}"\nID_TOKEN="{id_token}"'
    yield "a decoded object of Amplify", json.dumps({"payload": {"sub": UUID, "token_use": "access"}})
    yield "decoded parts of a debugger", json.dumps(pool.header) + "\n" + json.dumps(pool.access_claims("alice"))
    yield "a quoted refresh token", f'"{refresh}"\n'
    yield "an answer, cut off", json.dumps({"access_token": good, "id_token": id_token})[:-30]
    yield "a URL with both tokens", f"https://app.example.com/cb#id_token={id_token}&access_token={good}&expires_in=1"
    yield "a URL with an ID token", f"https://app.example.com/cb#id_token={id_token}"
    yield "a form with tokens", f"access_token={good}&id_token={id_token}&token_type=Bearer"
    yield "a URL of a debugger", f"https://jwt.io/#token={good}"
    yield "a URL with tokens", f"https://app.example.com/cb#access_token={good}&token_type=Bearer"


# Texts without any token.
OTHER_TEXTS = {
    "nothing": "",
    "only white space": " \n",
    "undefined": "undefined",
    "null with its scheme": "Bearer null",
    "None": "None",
    "an object": "[object Object]",
    "a promise with its scheme": "Bearer [object Promise]",
    "a response of Python": "<Response [200]>",
    "a coroutine of Python": "Bearer <coroutine object get_token at 0x7f2c>",
    "a function of JavaScript": "Bearer () => session.tokens.accessToken",
    "only a scheme": "Authorization: Bearer ",
    "a shell variable": "$ACCESS_TOKEN",
    "a variable of Postman": "{{access_token}}",
    "a placeholder": "<your token>",
    "Basic": "Authorization: Basic YWxpY2U6c2VjcmV0",
    "SigV4": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/eu-central-1/execute-api/aws4_request",
    "an authorization code": UUID,
    "a URL with a code": f"https://app.example.com/cb?code={UUID}&state=x",
    "a URL": "https://app.example.com/",
    "a query with a code": f"?code={UUID}&state=x",
    "a form with a code": f"code={UUID}&state=x",
    "a path with a code": f"/auth/callback?code={UUID}&state=x",
    "a host with a code": f"localhost:5000/auth/callback?code={UUID}&state=x",
    "an app's URL with a code": f"myapp://callback?code={UUID}",
    "a URL with an error": "https://app.example.com/cb?error=invalid_request&error_description=redirect_mismatch",
    "a form with an error": "error=access_denied&state=x",
    "a URL that is signed for AWS": "https://x.s3.amazonaws.com/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=ab",
    "an authorization code of Google": "4/0AX4XfWh-abcdefghijklmnopqrstuvwxyz",
    "the name of a browser's storage": "CognitoIdentityServiceProvider.abcdef123456.alice.accessToken",
    "SigV4 in its header line": "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/x, Signature=a",
    "Digest": 'Authorization: Digest username="alice", realm="x"',
    "Negotiate": "Negotiate YIIJvwYGKwYBBQUCoIIJszCCCa8=",
    "a challenge of this library": 'WWW-Authenticate: Bearer realm="Cognito", error="invalid_token"',
    "the value of a challenge": 'Bearer realm="Cognito", error="invalid_token"',
    "an answer of this library": '{"error": "Not Authorized", "description": "The token has expired.", "code": "x"}',
    "an answer of API Gateway": '{"message": "Unauthorized"}',
    "a variable of Node": "Bearer process.env.ACCESS_TOKEN",
    "a command that was not run": "Bearer $(cat token.txt)",
    "the name of a variable": "ACCESS_TOKEN",
    "a code of six digits": "123456",
    "a session of a challenge": "AYABe" + "Hx9-_" * 100,
    "a user of an identity pool": f"eu-central-1:{UUID}",
    "the key of a device": f"eu-central-1_{UUID}",
    "an answer of an identity pool": f'{{"IdentityId": "eu-central-1:{UUID}"}}',
    "credentials of AWS": '{"Credentials": {"AccessKeyId": "ASIA", "SecretKey": "x", "SessionToken": "y"}}',
    "a user in JSON": '{"Username": "alice", "UserAttributes": [{"Name": "sub", "Value": "x"}]}',
    "a PASETO": "v4.public.eyJzdWIiOiJ4In0abcdefghijk",
    "base64 of something": "ZXlKaGJHY2lPaUpTVXpJMU5pSjk",
    "base64 of nothing readable": "ZXlK" + "_" * 5,
    "an encoded SAML response": "PHNhbWxwOlJlc3BvbnNlIHhtbG5zOnNhbWxwPSJ1cm46b2FzaXMiPg==",
    "a form with a SAML response": "SAMLResponse=PHNhbWxwOlJlc3BvbnNlPg%3D%3D&RelayState=x",
    "an access key of AWS": "AKIAIOSFODNN7EXAMPLE",
    "a secret key of AWS": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "an API key of Google": "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "an API key of AppSync": "da2-abcdefghijklmnopqrstuvwxyz",
    "an API key of API Gateway": "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789abcd",
    "an access token of Google": "ya29.a0AfH6SMBx-1_2",
    "a user pool id": "eu-central-1_c3fea2",
    "an app client id": "1h57kf5cpq17m0eml12EXAMPLE".lower(),
    "an ARN": "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_c3fea2",
    "an e-mail address": "alice@example.com",
    "a path": "/home/alice/token.txt",
    "a path of Windows": "C:\\Users\\alice\\token.jwt",
    "a file's name": "token.jwt",
    "a file for curl": "@token.txt",
    "a certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "a SAML assertion": '<saml:Assertion ID="x"/>',
    "a page": "<!DOCTYPE html><title>Sign in</title>",
    "a challenge": '{"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "x"}',
    "an error answer": '{"error": "invalid_grant"}',
    "an error of Cognito": '{"__type": "NotAuthorizedException", "message": "Incorrect username or password."}',
    "a key set": '{"keys": []}',
    "decoded claims": '{"sub": "x", "iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_c3fea2"}',
    "a decoded header": '{"kid": "x", "alg": "RS256"}',
    "other JSON": '{"hello": "world"}',
    "a quoted word": '"hello there"',
    "a sentence": "please let me in",
    "three parts of nothing": "a.b.c",
    "very long": "x" * 70_000,
}


def everything(pool: LocalUserPool) -> dict[str, str]:
    """Return all texts of this module by their unique name."""
    tokens = [*other_issuers(pool), *own_tokens(pool), *spoilt_tokens(pool), *load_balancers(pool)]
    cases = [*tokens, *documents(pool), *OTHER_TEXTS.items()]
    texts = dict(cases)
    assert len(texts) == len(cases)
    return texts
