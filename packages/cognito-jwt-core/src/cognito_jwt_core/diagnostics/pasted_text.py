"""Recognise what people paste instead of a token: headers, JSON, codes, keys, paths. Never repeat the text."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote

from cognito_jwt_core.diagnostics.token_origin import SIGNED_COOKIE, encrypted_origin
from cognito_jwt_core.jose.compact import MAX_TOKEN_BYTES
from cognito_jwt_core.jose.strict_json import parse_object

_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
# In other text, a token may be padded, as a load balancer's is. Match only at the start of a word, so that a search
# stays linear in texts like "eyJeyJeyJ", and no token of five parts.
_TOKEN_IN = re.compile(r"(?<![\w-])eyJ[\w-]+={0,2}\.[\w-]+={0,2}\.[\w-]+={0,2}(?![\w=-]|\.[\w-])", re.ASCII)
_ENCRYPTED_IN = re.compile(r"(?<![\w-])eyJ[\w-]*(?:\.[\w-]*){4}(?![\w.-])", re.ASCII)
# As when a chat program turns hyphens into dashes.
_CHANGED_IN = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_.-]+[^\x00-\x7f\s]+[A-Za-z0-9_.-]")
_SCHEME = re.compile(
    r"(?:-H\s+)?[\"']?(?:(?:(?:proxy-)?authorization|x-[\w-]+)\s*[:=]\s*[\"']?"
    r"|(?:bearer|token|jwt)(?:\s*:\s*|\s+|$|(?=eyJ)))*",
    re.IGNORECASE,
)
# The access token next to others, as scripts and browsers store it.
_NAMED_ACCESS_TOKEN = re.compile(
    r"access_?token[\"']?\s{0,4}[:=\t]?\s{0,4}(?:\{\s{0,4}[\"']jwtToken[\"']\s{0,4}:\s{0,4})?[\"']?("
    + _TOKEN_IN.pattern
    + ")",
    re.ASCII | re.IGNORECASE,
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_URL = re.compile(
    r"[a-z][a-z0-9+.-]*://|[#?]\w+=|[\w./:-]*\?(?:code|error|state|access_token|id_token)="
    r"|(?:code|error|state|access_token|id_token)=[^\s&]*&",
    re.ASCII | re.IGNORECASE,
)
_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019", "\u00ab": "\u00bb"}
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
_ACCESS_TOKEN = "Send the access token of the sign-in."
_ONLY_TOKEN = "Give only the token."
_WHOLE_TOKEN = "Copy the whole token: three parts, separated by dots."
_RSA_2048_SIGNATURE_CHARACTERS = 342


@dataclass(frozen=True)
class Pasted:
    """A text that is not just a token.

    Attributes:
        name: Stable name, for programs.
        sentence: What the text is.
        cure: What to do.
        token: The token inside the text, if there is exactly one.
    """

    name: str
    sentence: str
    cure: str
    token: str | None = None

    @property
    def advice(self) -> str:
        return f"{self.sentence} {self.cure}"


_CHANGED = Pasted("damaged", "There are characters in this token that no token has.", _WHOLE_TOKEN)
_DECODED = Pasted("decoded", "These are the decoded parts of a token.", "Give the token as it was issued, encoded.")
_OBJECT_OF_AMPLIFY = Pasted(
    "decoded",
    "This is JSON of an object that holds a decoded token, as Amplify's do.",
    "Give the token's text, for example `session.tokens.accessToken.toString()`.",
)


def recognise(text: str) -> Pasted | None:
    """Return the kind of `text`; None if it has the form of a token."""
    if len(text) > MAX_TOKEN_BYTES:
        return Pasted(
            "too_long", "This text is longer than any Cognito token.", "Check what was copied, and how many times."
        )
    stripped = _COLOUR.sub("", text).strip().strip(_INVISIBLE).strip()
    inner = _recognise(stripped, _AROUND + _LOOKS)
    if inner is None and stripped != text:
        return Pasted(
            "white_space", "There is white space or an invisible character around the token.", _ONLY_TOKEN, stripped
        )
    return inner


def unverified_json(segment: str) -> Mapping[str, object]:
    """Return the JSON object in one part of a token, padded or not. Return an empty one if there is none."""
    text = segment.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return parse_object(binascii.a2b_base64(text.replace("-", "+").replace("_", "/") + "=="))
    except ValueError:
        return {}


def _recognise(text: str, looks: tuple[_Look, ...]) -> Pasted | None:
    return None if _is_token(text) else next((found for look in looks if (found := look(text))), None)


def _inside(text: str) -> Pasted | None:
    """Look inside one header or pair of quotes, but not deeper, so that no text causes recursion."""
    return _recognise(text, _LOOKS)


def _is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def _empty(text: str) -> Pasted | None:
    if text:
        return None
    return Pasted("empty", "The text is empty.", "Check the variable or the file that should hold the token.")


def _without_scheme(text: str) -> Pasted | None:
    found = _SCHEME.match(text)
    assert found is not None  # every part of the pattern is optional
    rest = text[found.end() :].strip().strip("\"'").strip()
    if not found.end() or rest == text:
        return None
    if re.fullmatch(r"[\"']*", found[0]):
        return None  # quotes, which are not a scheme
    if not rest:
        return Pasted("header_line", "This is an Authorization header without a token.", _ACCESS_TOKEN)
    inner = _inside(rest)
    if inner is None and text[found.end() :].lstrip()[:1] in ('"', "'"):
        return Pasted(
            "header_line",
            "This is an Authorization header with quotes around its token.",
            "Remove the quotes around the token.",
            rest,
        )
    return inner or Pasted(
        "header_line",
        "The token was pasted with its header or scheme (`Authorization: Bearer`).",
        "Give only the token, without the scheme.",
        rest,
    )


def _quoted(text: str) -> Pasted | None:
    inside = text[1:] if text[:2] in ("b'", 'b"') else text
    if len(inside) < 2 or _QUOTES.get(inside[0]) != inside[-1]:
        return None
    content = inside[1:-1].strip("\"' ")
    inner = _inside(content)
    if inner is not None and inner.token is None:
        return inner
    token = inner.token if inner else content
    return Pasted("quoted", "There are quotes around the token.", "Give only the token, without the quotes.", token)


def _json(text: str) -> Pasted | None:
    if text[:1] not in "{[" or text[:2] in ("{{", "[o") or not re.search(r"[\"']\s*:", text):
        return None
    try:
        members = parse_object(text.encode("utf-8", "replace"))
    except ValueError:
        found = _json_around(text) or (_DECODED if re.search(r"\"(?:alg|iss|token_use)\"", text) else None)
        return found or Pasted("json", "This is JSON, or a part of it, and not a token.", _ACCESS_TOKEN)
    name = next((name for name in _JSON_OF if name in members), "")
    found = _json_around(text) if name == "" else None
    if found is None and name == "" and '"payload"' in text:
        return _OBJECT_OF_AMPLIFY
    return found or _JSON_OF[name](members)


def _json_around(text: str) -> Pasted | None:
    """Return the kind of a text: JSON with tokens under any names, or text that looks like JSON."""
    tokens = _tokens_in(text)
    if not tokens:
        return _encrypted_in(text)
    if len(tokens) == 1:
        return Pasted("json", "This is JSON, or text like it, with a token in it.", _ONLY_TOKEN, tokens.pop())
    named = _named_access_token(text)
    sentence = "This is JSON, or text like it, with several tokens in it."
    return Pasted("json", sentence, "Give only the access token." if named else _ACCESS_TOKEN, named)


def _sign_in_answer(members: Mapping[str, object]) -> Pasted:
    result = members.get("AuthenticationResult", members)
    held = result if isinstance(result, Mapping) else {}
    access_token = held.get("AccessToken", held.get("access_token"))
    id_token = held.get("IdToken", held.get("id_token"))
    # If the access token is opaque, as Google's is, the ID token shows who sent the response.
    token = next((text for text in (access_token, id_token) if isinstance(text, str) and _is_token(text)), None)
    cure = "Give only the value of `AccessToken` (`access_token`)." if access_token else _ACCESS_TOKEN
    return Pasted("sign_in_answer", "This is the whole JSON answer to a sign-in.", cure, token)


def _error_answer(members: Mapping[str, object]) -> Pasted:
    if "description" in members or members.keys() == {"message"}:
        return Pasted(
            "refusal",
            "This is an API's answer to a request that it refused, and not a token.",
            "Give the token that was sent with that request.",
        )
    return Pasted(
        "error_answer",
        "This is an error answer in JSON: no token was issued.",
        "Fix that error first, then send the token.",
    )


def _json_kind(name: str, sentence: str, cure: str) -> Callable[[Mapping[str, object]], Pasted]:
    return lambda members: Pasted(name, sentence, cure)


# The first of these members that the object has, in this order. "" means none of them.
_JSON_OF: dict[str, Callable[[Mapping[str, object]], Pasted]] = {
    "AuthenticationResult": _sign_in_answer,
    "access_token": _sign_in_answer,
    "id_token": _sign_in_answer,
    "AccessToken": _sign_in_answer,
    "ChallengeName": _json_kind(
        "challenge",
        "This is Cognito's answer with a challenge: the sign-in is not finished.",
        "Answer the challenge first.",
    ),
    "error": _error_answer,
    "__type": _error_answer,
    "message": _error_answer,
    "refresh_token": _json_kind(
        "refresh_token",
        "This is JSON with a refresh token and no access token.",
        "Keep a refresh token secret: only the app exchanges it for new tokens. Send the access token.",
    ),
    "IdentityId": _json_kind(
        "identity_id", "This is an identity pool's answer, and not a token of a user pool.", _ACCESS_TOKEN
    ),
    "Credentials": _json_kind(
        "aws_key", "These are AWS credentials in JSON.", "They give access to AWS, not to an API. " + _ACCESS_TOKEN
    ),
    "UserAttributes": _json_kind("user", "This is Cognito's description of a user, and not a token.", _ACCESS_TOKEN),
    "keys": _json_kind(
        "jwks",
        "This is a JWK Set: public keys, which verify tokens.",
        "Give a token to verify. Keys for --jwks come from the pool itself: `cognito-jwt jwks USER_POOL_ID`.",
    ),
    "alg": _json_kind("decoded", "This is the decoded header of a token.", "Give the token as it was issued, encoded."),
    "iss": _json_kind(
        "decoded", "These are the decoded claims of a token.", "Give the token as it was issued, encoded."
    ),
    "sub": _json_kind(
        "decoded", "These are the decoded claims of a token.", "Give the token as it was issued, encoded."
    ),
    "": _json_kind("json", "This is JSON, and not a token.", _ACCESS_TOKEN),
}


def _by_form(text: str) -> Pasted | None:
    for pattern, name, sentence, cure in _FORMS:
        if pattern.fullmatch(text):
            return Pasted(name, sentence, cure)
    return None


def _forms(*rows: tuple[str, str, str, str]) -> tuple[tuple[re.Pattern[str], str, str, str], ...]:
    return tuple((re.compile(pattern, re.ASCII | re.DOTALL), *row) for pattern, *row in rows)  # type: ignore[misc]


_KEY = "It identifies an app or an account, not a user. " + _ACCESS_TOKEN
_FORMS = _forms(
    (
        r"(?i:undefined|null|nan)",
        "missing_value",
        "This is JavaScript's text for a value that is missing.",
        "Wait until the user has signed in, then send the access token.",
    ),
    (r"(?i:none|nil|false|true)", "missing_value", "This is the text of a missing or logical value.", _ACCESS_TOKEN),
    (
        r"\[object Promise\]",
        "object",
        "This is JavaScript's text for a promise.",
        "Wait for the promise with `await`, then send its access token.",
    ),
    (
        r"\[object \w+\]",
        "object",
        "This is JavaScript's text for an object.",
        "Send the token's text, for example `session.tokens.accessToken.toString()`.",
    ),
    (
        r"<(?:coroutine|async_generator|Future|Task)\b.*>",
        "object",
        "This is Python's text for a coroutine.",
        "Wait for it with `await`, then send the token's text.",
    ),
    (
        r"<[\w.]+ (?:object\b|at 0x|\[\d+\]).*>|<(?:bound method|function|class|module)\b.*>",
        "object",
        "This is Python's text for an object.",
        "Send the token's text, not the object.",
    ),
    (
        r"(?:async\s)?(?:function\b.*\{.*|\(?[\w, ]{0,80}\)?\s{0,4}=>.*)",
        "object",
        "This is the source text of a JavaScript function.",
        "Call the function, then send the access token that it returns.",
    ),
    (
        r"\$\{?\w+\}?|\$\(.*\)|%\w+%|<[\w .-]+>|\{\{?[\w .-]+\}?\}|(?i:your[_-][\w-]+|x{3,})|(?:[A-Z]+_)*TOKEN"
        r"|process\.env\.\w+|os\.environ.*",
        "placeholder",
        "This is a placeholder that was not filled in.",
        "Set the variable, or put the token in its place.",
    ),
    (r"-----BEGIN .*", "pem", "This is a key or a certificate in PEM form.", _ACCESS_TOKEN),
    (
        r"(?:<\?xml|<saml).*|PHNhbW.*|PD94bW.*|SAML(?:Response|Request)=.*",
        "saml",
        "This is XML, as in a SAML assertion.",
        "The user pool takes the assertion. " + _ACCESS_TOKEN,
    ),
    (
        r"<.*",
        "html",
        "This is HTML: the request for a token got a page.",
        "Look at the page: it may be a sign-in page or a proxy's error.",
    ),
    (
        r"(?i:basic)\s+\S+",
        "basic_credentials",
        "This is an Authorization header of the scheme Basic: a name and a password.",
        _ACCESS_TOKEN,
    ),
    (
        r"(?i:digest|negotiate|ntlm|hawk|hmac)\s+\S.*",
        "other_scheme",
        "This is an Authorization header of another scheme than Bearer.",
        _ACCESS_TOKEN,
    ),
    (
        r"(?i:www-authenticate\s*:.*|realm=\".*)",
        "challenge_header",
        "This is a challenge (`WWW-Authenticate`), an API's answer to a request that it refused.",
        "Give the token that was sent with that request.",
    ),
    (
        r"AWS4-(?:HMAC|ECDSA)-.*",
        "aws_signature",
        "This is a signature for AWS (SigV4).",
        "It authenticates a call to AWS, not a user. " + _ACCESS_TOKEN,
    ),
    (r"(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}", "aws_key", "This has the form of an AWS access key id.", _KEY),
    (r"(?:IQoJ|FwoG|FQoG)[\w+/=-]{40,}", "aws_session", "This has the form of an AWS session token.", _KEY),
    (r"(?=.*[/+])[A-Za-z0-9/+]{40}", "aws_key", "This has the form of an AWS secret access key.", _KEY),
    (r"AIza[\w-]{30,}", "api_key", "This has the form of a Google API key.", _KEY),
    (r"da2-[a-z0-9]{20,}", "api_key", "This has the form of an AppSync API key.", _KEY),
    (r"(?:sk|pk|rk)_(?:live|test)_\w+", "api_key", "This has the form of a Stripe API key.", _KEY),
    (
        r"(?:gh[opsu]_|github_pat_|glpat-|xox[abp]-|sk-)[\w-]{10,}",
        "api_key",
        "This has the form of another service's API key.",
        _KEY,
    ),
    (
        r"ya29\.[\w.-]+",
        "google_access_token",
        "This has the form of Google's own access token.",
        "It is meant for Google's APIs. " + _ACCESS_TOKEN,
    ),
    (
        r"4/[01]?[\w-]{20,}",
        "authorization_code",
        "This has the form of Google's own authorization code.",
        "It is meant for Google's token endpoint. " + _ACCESS_TOKEN,
    ),
    (
        r"v[1-4]\.(?:local|public)\.[\w.-]+",
        "paseto",
        "This is a PASETO, a token of another kind than Cognito's.",
        _ACCESS_TOKEN,
    ),
    (
        r"[\w-]{10,}\.[\w-]{10,}\.[\w-]{20,}",
        "incomplete",
        "This has three parts like a token, but a token begins with `eyJ`.",
        "Copy the whole token, from its first character.",
    ),
    (
        r"AYABe[\w+/=-]{100,}",
        "challenge_session",
        "This has the form of the `Session` of a challenge: the sign-in is not finished.",
        "Answer the challenge first.",
    ),
    (
        r"CognitoIdentityServiceProvider\.[\w.@+-]+",
        "storage_key",
        "This is the name under which a browser keeps a token, and not the token.",
        "Give the value of the one that ends in `accessToken`.",
    ),
    (
        r"\d{6}",
        "one_time_code",
        "These are six digits, like a code that confirms an account or a sign-in.",
        "Finish the sign-in with the code, then send the access token.",
    ),
    (
        r"EAA[A-Za-z0-9]{40,}",
        "facebook_access_token",
        "This has the form of Facebook's own access token.",
        "It is meant for Facebook's APIs. " + _ACCESS_TOKEN,
    ),
    (
        r"(?i:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
        "uuid",
        "This is a UUID: Cognito's authorization codes look like this, and so do user ids.",
        "Exchange an authorization code at the token endpoint, then send the access token.",
    ),
    (
        r"[a-z]{2}(?:-[a-z]+)+-\d:[0-9a-f-]{36}",
        "identity_id",
        "This has the form of a user's id in an identity pool.",
        _ACCESS_TOKEN,
    ),
    (
        r"[a-z]{2}(?:-[a-z]+)+-\d_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        "device_key",
        "This has the form of the key of a remembered device.",
        _ACCESS_TOKEN,
    ),
    (
        r"[a-z]{2}(?:-[a-z]+)+-\d_\w+",
        "pool_id",
        "This has the form of a user pool id.",
        "Give it as --user-pool-id, and give a token to verify.",
    ),
    (r"arn:aws[\w-]*:.+", "arn", "This is the name of an AWS resource (ARN).", _ACCESS_TOKEN),
    (
        r"[a-z0-9]{25,26}",
        "client_id",
        "This has the form of an app client id.",
        "Give it as --client-id, and give a token to verify.",
    ),
    (
        r"[A-Za-z0-9]{40,128}",
        "secret",
        "This is one word of letters and digits: an API key or a client secret may look like this.",
        _ACCESS_TOKEN,
    ),
    (r"[^\s@/]+@[^\s@/]+\.\w+", "email", "This is an e-mail address.", _ACCESS_TOKEN),
    (
        r"@?(?:\.{0,2}|~|[A-Za-z]:|file:/)[/\\].*|@?[\w-]+(?:[/\\][\w.-]+)+"
        r"|@?[\w. -]+\.(?:jwt|txt|json|tok|token|env|pem|log)",
        "path",
        "This is the path of a file.",
        "Read the file instead: `cognito-jwt explain - < FILE`.",
    ),
)


def _in_url(text: str) -> Pasted | None:
    if not _URL.match(text):
        return None
    if re.search(r"(?:access|id)_token=", text):
        named = _named_access_token(text)
        cure = "Give only the value of `access_token`." if "access_token=" in text else _ACCESS_TOKEN
        return Pasted(
            "url",
            "This is a URL, or a part of one, with tokens in it.",
            f"{cure} Tokens in URLs end up in histories and logs.",
            named or _only_token_in(text),
        )
    if re.search(r"(?:^|[?&#])code=", text):
        return Pasted(
            "authorization_code",
            "This is a URL, or a part of one, with an authorization code.",
            "Exchange the code at the token endpoint, then send the access token.",
        )
    if re.search(r"(?:^|[?&#])error=", text):
        return Pasted(
            "sign_in_error",
            "This is a URL, or a part of one, with the error of a sign-in: no token was issued.",
            "Read its `error_description`, then sign in again.",
        )
    if "X-Amz-Signature=" in text:
        return Pasted(
            "aws_signature",
            "This is a URL that is signed for AWS.",
            "It opens one resource of AWS and names no user. " + _ACCESS_TOKEN,
        )
    token = _only_token_in(text)
    if token is not None:
        return Pasted(
            "url",
            "This is a URL with a token in it.",
            "Give only the token. Tokens in URLs end up in histories and logs.",
            token,
        )
    return Pasted("url", "This is a URL, and not a token.", _ACCESS_TOKEN)


def _encoded_again(text: str) -> Pasted | None:
    if not text.startswith(("ZXlK", "QmVhcmVyI")):  # base64 of `eyJ` and of `Bearer `
        return None
    try:
        token = binascii.a2b_base64("".join(text.split()) + "==").decode("ascii").removeprefix("Bearer ").strip()
    except ValueError:
        return None
    if not _is_token(token):
        return None
    return Pasted(
        "base64",
        "The token was encoded once more in base64, as in a Kubernetes secret.",
        "Decode it first: `base64 --decode`.",
        token,
    )


def _url_encoded(text: str) -> Pasted | None:
    plain = unquote(text) if "%" in text else text
    if not _tokens_in(plain):
        plain = unquote(plain)
    if plain == text or not _tokens_in(plain):
        return None
    return Pasted(
        "url_encoded", "The token is URL-encoded.", "Decode it first: `%2E` stands for a dot.", _only_token_in(plain)
    )


def _shortened(text: str) -> Pasted | None:
    if not text.startswith("eyJ") or not ("\u2026" in text or "..." in text):
        return None
    return Pasted(
        "shortened", "The token was shortened: there is an ellipsis in it.", "Copy it from where it is shown in full."
    )


def _broken_lines(text: str) -> Pasted | None:
    joined = "".join(text.split())
    if not text.startswith("eyJ") or joined == text or not _is_token(joined) or len(_tokens_in(text)) > 1:
        return None
    return Pasted("line_breaks", "There are line breaks or spaces inside the token.", "Copy it as one line.", joined)


def _several(text: str) -> Pasted | None:
    if len(_tokens_in(text)) < 2:
        return None
    named = _named_access_token(text)
    cure = "Give only the access token." if named else "Give one at a time."
    return Pasted("several_tokens", "There are several tokens in this text.", cure, named)


def _encrypted(text: str) -> Pasted | None:
    if not re.fullmatch(r"eyJ[\w-]*={0,2}(?:\.[\w-]*={0,2}){1,4}", text, re.ASCII):
        return None
    header = unverified_json(text.partition(".")[0])
    if "enc" not in header:
        return None
    origin = encrypted_origin(header)
    return Pasted(origin.name, origin.sentence, origin.cure)


def _encrypted_in(text: str) -> Pasted | None:
    found = set(_ENCRYPTED_IN.findall(text))
    return _encrypted(found.pop()) if len(found) == 1 else None


def _parts(text: str) -> Pasted | None:
    if not re.fullmatch(r"eyJ[\w+/=.-]*", text, re.ASCII):
        return None
    parts = text.count(".") + 1
    if parts < 3:
        is_header = "alg" in unverified_json(text.partition(".")[0])
        count = "two" if parts == 2 else "the first" if is_header else "one"
        return Pasted(
            "incomplete",
            f"This is {count} of a token's three parts.",
            _WHOLE_TOKEN,
            text if parts == 2 and is_header else None,
        )
    if parts > 3:
        return Pasted(
            "too_many_parts",
            f"This has {parts} parts, and a token has three.",
            "Copy the token once more, and only it.",
        )
    if not re.search(r"[+/=]", text):
        return damaged(text)
    return Pasted(
        "standard_base64",
        "This is standard base64, and a token is base64url without padding.",
        "Give the token as it was issued, without decoding or encoding it.",
        text.replace("=", "").replace("+", "-").replace("/", "_"),
    )


def damaged(text: str) -> Pasted:
    """Return the problem of a text that has the form of a token, but whose parts cannot be decoded."""
    header, _, rest = text.partition(".")
    found = len(rest.rpartition(".")[2])
    members = unverified_json(header)
    if members and "alg" not in members:
        return Pasted(SIGNED_COOKIE.name, SIGNED_COOKIE.sentence, SIGNED_COOKIE.cure)
    # Only RS256 determines the length; other algorithms have other lengths.
    if members.get("alg") == "RS256" and found < _RSA_2048_SIGNATURE_CHARACTERS:
        sentence = (
            f"The end of the token is missing: its signature has {found} characters, and Cognito's have"
            f" {_RSA_2048_SIGNATURE_CHARACTERS}."
        )
        return Pasted("incomplete", sentence, _WHOLE_TOKEN, text)
    return Pasted("damaged", "Characters of this token are missing, or were added or changed.", _WHOLE_TOKEN, text)


def _around(text: str) -> Pasted | None:
    if _CHANGED_IN.search(text):
        return _CHANGED
    token = _only_token_in(text)
    if token is None:
        return _encrypted_in(text)
    return Pasted("text_around", "There is other text around the token.", _ONLY_TOKEN, token)


def _only_token_in(text: str) -> str | None:
    found = _tokens_in(text)
    return found.pop() if len(found) == 1 else None


def _tokens_in(text: str) -> set[str]:
    return {token.replace("=", "") for token in _TOKEN_IN.findall(text)}


def _named_access_token(text: str) -> str | None:
    found = _NAMED_ACCESS_TOKEN.search(text)
    return found[1].replace("=", "") if found else None


def _no_token(text: str) -> Pasted | None:
    if text.startswith("eyJ"):
        return _CHANGED
    return Pasted("unknown", "This is not a JWT, which begins with `eyJ` and has three parts.", _ACCESS_TOKEN)


_Look: TypeAlias = Callable[[str], "Pasted | None"]
_AROUND: tuple[_Look, ...] = (_without_scheme, _quoted)
_LOOKS: tuple[_Look, ...] = (
    _empty,
    _json,
    _in_url,
    _url_encoded,
    _encoded_again,
    _shortened,
    _encrypted,
    _broken_lines,
    _parts,
    _several,
    _around,
    _by_form,
    _no_token,
)
