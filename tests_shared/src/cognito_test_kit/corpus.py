"""Valid and hostile inputs of a verifier, each with its expected result.

The verifier accepts access tokens of a pool and its app client, with `API` as audience. The tests check for the exact
error, `benchmarks/compare.py` sends the same tokens to other libraries, and the fuzzer starts with them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cognito_jwt_core import (
    AlgorithmNotAllowedError,
    CognitoVerifier,
    InvalidAudienceError,
    InvalidClaimError,
    InvalidClientError,
    InvalidIssuerError,
    InvalidSignatureError,
    InvalidTokenError,
    InvalidTokenUseError,
    MalformedTokenError,
    MissingClaimError,
    TokenExpiredError,
    TokenNotYetValidError,
    UnknownKeyError,
)
from cognito_jwt_core.testing import ABSENT, LocalUserPool, hostile_tokens

API = "https://api.example/todo"
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
MAX_CHARACTERS = 64 * 1024


class Case(NamedTuple):
    """An input and its expected result.

    Attributes:
        group: Kind of input.
        name: Name of the input, unique in the corpus.
        token: The input, which may have any type.
        expected: Error that the verifier must raise. `InvalidTokenError` also stands for all its subclasses. None if
            the verifier must accept the input.
    """

    group: str
    name: str
    token: object
    expected: type[InvalidTokenError] | None


def verifier_for(pool: LocalUserPool, **options: object) -> CognitoVerifier:
    """Return a verifier for which the results in `corpus` are right.

    Args:
        pool: Pool whose tokens it accepts.
        **options: Arguments of `CognitoVerifier` to add or replace.
    """
    settings: dict[str, object] = {"client_id": pool.client_id, "token_use": "access", "audience": API}
    settings |= {"jwks": pool.jwks, "clock": pool.clock} | options
    return CognitoVerifier(pool.id, **settings)  # type: ignore[arg-type]


def corpus(pool: LocalUserPool) -> Iterator[Case]:
    """Yield every case, created with the pool's current key and time."""
    for hostile in hostile_tokens(pool):
        yield Case("hostile tokens of the testing kit", hostile.name, hostile.token, InvalidTokenError)
    for group, cases in {
        "valid": _valid(pool),
        "no text": _no_text(pool),
        "shape": _of_other_shape(pool),
        "spelling": _of_other_spelling(pool),
        "header": _of_other_header(pool),
        "signed bytes that are not claims": _no_claims(pool),
        "times": _times(pool),
        "claims": _other_claims(pool),
    }.items():
        for name, token, expected in cases:
            yield Case(group, f"{group}: {name}", token, expected)


_Cases = Iterator[tuple[str, object, type[InvalidTokenError] | None]]


def _valid(pool: LocalUserPool) -> _Cases:
    for name, token in _valid_tokens(pool):
        yield name, token, None


def _valid_tokens(pool: LocalUserPool) -> Iterator[tuple[str, object]]:
    good, now = pool.access_token, int(pool.clock.time())
    yield "an access token", good()
    yield "as bytes", good().encode()
    yield "as a kind of str", _Text(good())
    yield "of a user with groups", good(groups=["admin", "dev"])
    yield "with scopes", good(scopes=["todo/read", "todo/write", "openid"])
    yield "of the app client itself", pool.client_credentials_token()
    yield "of a user whose name is not ASCII", good("zoë-佐藤-🙂")
    for name, changes in _harmless_claims(pool, now).items():
        yield name, good(claims=changes)
    for name, header in _harmless_headers(pool).items():
        yield name, pool.sign(header, pool.access_claims())
    claims = pool.access_claims("zoë")
    yield "indented JSON", pool.sign(pool.header, json.dumps(claims, indent=4))
    yield "JSON in raw UTF-8", pool.sign(pool.header, json.dumps(claims, ensure_ascii=False))
    yield "JSON with white space around it", pool.sign(pool.header, f"\r\n\t {json.dumps(claims)} \n")
    yield "members in another order", pool.sign(pool.header, dict(reversed(claims.items())))
    yield "escaped names of members", pool.sign(pool.header, json.dumps(claims).replace('"sub"', '"\\u0073ub"'))
    yield "of exactly the greatest length", of_length(pool, MAX_CHARACTERS)


def _harmless_claims(pool: LocalUserPool, now: int) -> dict[str, Mapping[str, object]]:
    issuer = pool.issuer
    return {
        "of the updated issuer": {"iss": issuer.replace("https://", "https://issuer-")},
        "aud is the app client": {"aud": pool.client_id},
        "aud is this API": {"aud": API},
        "aud names this API among others": {"aud": ["https://other.example", API]},
        "aud names the app client among others": {"aud": ["https://other.example", pool.client_id]},
        "exp is a fraction": {"exp": now + 3600.5},
        "exp is the last second of the year 9999": {"exp": 253_402_300_799},
        "nbf has come": {"nbf": now - 3600},
        "nbf is a fraction": {"nbf": now - 3600.5},
        "iat is in the future, as another clock has it": {"iat": now + 600},
        "iat is a fraction": {"iat": now - 0.5},
        "iat is before 1970": {"iat": -1},
        "iat is absent": {"iat": ABSENT},
        "jti is absent": {"jti": ABSENT},
        "username is absent": {"username": ABSENT},
        "scope is absent": {"scope": ABSENT},
        "groups that are a text": {"cognito:groups": "admin"},
        "groups that are numbers": {"cognito:groups": [1, 2]},
        "scope that is an array": {"scope": ["todo/read"]},
        "a claim that is null": {"nickname": None},
        "a claim that is nested": {"address": {"lines": ["1", {"2": [3.5, True, None]}]}},
        "a claim that nests 62 deep": {"tree": _nested(62)},
        "a claim of a surrogate pair": {"nickname": "\U0001f642"},
        "a claim of a long integer": {"serial": 10**4000},
        "a claim of line breaks": {"nickname": "x\r\nSet-Cookie: a=b"},
        "a claim whose name is empty": {"": 1},
        "a member that only looks like another": {"\u0455ub": "another user"},  # a Cyrillic letter
        "members named like Python's own": {"__class__": "x", "__proto__": {"sub": "x"}, "constructor": 1},
    }


def _harmless_headers(pool: LocalUserPool) -> dict[str, object]:
    good = pool.header
    attacker = {"kty": "RSA", "n": "AQAB", "e": "AQAB"}
    return {
        "typ is JWT": good | {"typ": "JWT"},
        "typ is at+jwt": good | {"typ": "at+jwt"},
        "typ is no text": good | {"typ": 1},
        "cty is JWT": good | {"cty": "JWT"},
        "a jwk that is not looked at": good | {"jwk": attacker},
        "a jku that is not looked at": good | {"jku": "https://attacker.example/jwks.json"},
        "an x5u that is not looked at": good | {"x5u": "https://attacker.example/x.pem"},
        "an x5c that is not looked at": good | {"x5c": ["AQAB"]},
        "a zip that is not looked at": good | {"zip": "DEF"},
        "header members in another order": dict(reversed(good.items())),
        "header with white space": json.dumps(good, indent=2),
        "header with escapes": json.dumps(good).replace('"alg"', '"\\u0061lg"'),
        "header with an unknown member": good | {"x": [{"y": None}]},
        "header of 16 KiB": good | {"x": "x" * 16_384},
    }


def _no_text(pool: LocalUserPool) -> _Cases:
    good = pool.access_token()
    for name, value in {
        "None": None,
        "an integer": 1,
        "a float": 1.5,
        "a bool": True,
        "a list of its characters": list(good),
        "a list of it": [good],
        "a tuple of its parts": tuple(good.split(".")),
        "a dict": {"token": good},
        "a set": {good},
        "a bytearray": bytearray(good.encode()),
        "a memoryview": memoryview(good.encode()),
        "an iterator": iter([good]),
        "a class": str,
        "an object": object(),
        "a function": len,
        "an exception": ValueError(good),
    }.items():
        yield name, value, MalformedTokenError


def _of_other_shape(pool: LocalUserPool) -> _Cases:
    good = pool.access_token()
    header, payload, signature = good.split(".")
    for name, token in {
        "empty": "",
        "empty bytes": b"",
        "a dot": ".",
        "two dots": "..",
        "three dots": "...",
        "1000 dots": "." * 1000,
        "one part": header,
        "two parts": f"{header}.{payload}",
        "two parts and a dot before": f".{header}.{payload}",
        "four parts": f"{good}.",
        "four parts, the first empty": f".{good}",
        "five parts": f"{good}.{payload}.{signature}",
        "its scheme before it": f"Bearer {good}",
        "its scheme in other case before it": f"bEARER {good}",
        "a cookie": f"session_token={good}",
        "two tokens": f"{good},{good}",
        "two tokens, one a line": f"{good}\n{good}",
        "a JSON text": json.dumps(good),
        "JSON serialization": json.dumps({"payload": payload, "protected": header, "signature": signature}),
        "hexadecimal": good.encode().hex(),
        "percent-encoded dots": good.replace(".", "%2E"),
        "full-width dots": good.replace(".", "\uff0e"),
        "ideographic full stops": good.replace(".", "\u3002"),
        "commas": good.replace(".", ","),
        "10 MiB of letters": "a" * 10_485_760,
        "10 MiB of dots": "." * 10_485_760,
        "10 MiB of bytes that are not ASCII": b"\xff" * 10_485_760,
        "10 MiB of other characters": "\U0001f642" * 2_621_440,
        "10 MiB of tokens": (good * (10_485_760 // len(good))),
        "one character too long": of_length(pool, MAX_CHARACTERS + 1),
        "one byte too long": of_length(pool, MAX_CHARACTERS + 1).encode(),
        "UTF-16": good.encode("utf-16"),
        "UTF-16 without a mark": good.encode("utf-16-le"),
        "UTF-8 with a mark": good.encode("utf-8-sig"),
        "bytes that are not ASCII": b"\xff" + good.encode(),
        "a lone surrogate": "\ud800",
        "a lone surrogate after it": good + "\udcff",
    }.items():
        yield name, token, MalformedTokenError
    for name, token in {
        "a header without payload and signature": f"{header}..",
        "no payload": f"{header}..{signature}",
        "no signature": f"{header}.{payload}.",
        "its signature without its last byte": good[:-2],
        "its signature of 3 bytes": good[:-338],
        "its signature prolonged": good + "AAAA",
    }.items():
        yield name, token, InvalidSignatureError
    yield "payload and signature without header", f".{payload}.{signature}", MalformedTokenError


def _of_other_spelling(pool: LocalUserPool) -> _Cases:
    good = pool.access_token()
    parts = good.split(".")
    foreign = {"space": " ", "tab": "\t", "LF": "\n", "CR": "\r", "CRLF": "\r\n", "NUL": "\0", "=": "=", "==": "=="}
    foreign |= {"+": "+", "/": "/", "~": "~", "*": "*", "quote": '"', "backslash": "\\", "DEL": "\x7f"}
    foreign |= {"a letter with accent": "é", "zero-width space": "\u200b", "byte order mark": "\ufeff"}
    foreign |= {"full-width letter": "\uff21", "no-break space": "\xa0", "combining accent": "\u0301"}
    for name, text in foreign.items():
        yield f"{name} before it", text + good, MalformedTokenError
        yield f"{name} after it", good + text, MalformedTokenError
        for index, part in enumerate(("header", "payload", "signature")):
            changed = [*parts]
            changed[index] = changed[index][:10] + text + changed[index][10:]
            yield f"{name} inside the {part}", ".".join(changed), MalformedTokenError
    for index, part in enumerate(("header", "payload", "signature")):
        for length in range(1, 5):
            changed = [*parts]
            changed[index] += "A" * ((length - len(changed[index])) % 4 + (4 if length == 4 else 0))
            if len(changed[index]) % 4 == 1:
                yield f"{part} of a length that no bytes have", ".".join(changed), MalformedTokenError
        changed = [*parts]
        if len(changed[index]) % 4 == 0:  # its last character has no bits to spare
            continue
        changed[index] = changed[index][:-1] + BASE64URL[BASE64URL.index(changed[index][-1]) | 1]
        yield f"bits to spare in the {part}", ".".join(changed), MalformedTokenError
    standard = str.maketrans("-_", "+/")
    yield "standard alphabet", with_all_characters(pool).translate(standard), MalformedTokenError


def _of_other_header(pool: LocalUserPool) -> _Cases:
    claims, good = pool.access_claims(), pool.header
    for name, header in _unreadable_headers(good).items():
        yield name, pool.sign(header, claims), MalformedTokenError
    criticals: tuple[object, ...] = ([], None, {}, False, "exp", ["exp"], ["b64"], ["alg"], ["x", "x"], [1])
    for crit in criticals:
        yield f"crit is {crit}", pool.sign(good | {"crit": crit}, claims), MalformedTokenError
    for alg in ("none", "None", "nONE", "NONE", "HS256", "RS384", "RS512", "PS256", "ES256", "EdDSA", "RSA1_5", "dir"):
        yield f"alg is {alg}", pool.sign(good | {"alg": alg}, claims), AlgorithmNotAllowedError
    for alg in ("", " RS256", "RS256 ", "rs256", "RS256\n", "RS256,none", "\uff32S256", "RS\u0662\u0665\u0666"):
        yield f"alg is {alg!a}", pool.sign(good | {"alg": alg}, claims), AlgorithmNotAllowedError
    for no_text in (None, True, 256, 2.56, [], ["RS256"], {}, {"RS256": 1}):
        yield f"alg is no text but {no_text}", pool.sign(good | {"alg": no_text}, claims), AlgorithmNotAllowedError
        yield f"kid is no text but {no_text}", pool.sign(good | {"kid": no_text}, claims), MalformedTokenError
    yield "alg is absent", pool.sign({"kid": good["kid"]}, claims), AlgorithmNotAllowedError
    yield "kid is absent", pool.sign({"alg": "RS256"}, claims), MalformedTokenError
    yield "kid is empty", pool.sign(good | {"kid": ""}, claims), MalformedTokenError
    kid = str(good["kid"])
    for name, other in {
        "cut short": kid[:-1],
        "prolonged": kid + "=",
        "in lower case": kid.lower(),
        "after a space": " " + kid,
        "NUL": "\0",
        "0": "0",
        "a path": "../../../../etc/passwd",
        "long": "x" * 4096,
    }.items():
        yield f"kid is {name}", pool.sign(good | {"kid": other}, claims), UnknownKeyError


def _unreadable_headers(good: Mapping[str, object]) -> dict[str, str | bytes]:
    text = json.dumps(good)
    inside = text[1:-1]
    return {
        "empty header": "",
        "header of white space": " ",
        "header is an array": f"[{text}]",
        "header is a text": '"RS256"',
        "header is a number": "1",
        "header is true": "true",
        "header is null": "null",
        "header is cut off": text[:-1],
        "header goes on": text + text,
        "header goes on with NUL": text + "\0",
        "header is not JSON": "alg=RS256",
        "header is Python": str(dict(good)),
        "header has a comma too many": text[:-1] + ",}",
        "header has a comment": text + "//",
        "header nests arrays deeply": '{"x":' + "[" * 40_000,
        "header nests objects deeply": '{"x":' * 8_000,
        "header nests 100000 deep": "[" * 100_000,
        "header nests 65 deep": text[:-1] + ',"x":' + "[" * 64 + "]" * 64 + "}",
        "header holds a lone surrogate": text[:-1] + ',"x":"\\ud800"}',
        "header holds NaN": text[:-1] + ',"x":NaN}',
        "header holds Infinity": text[:-1] + ',"x":Infinity}',
        "header holds -Infinity": text[:-1] + ',"x":[-Infinity]}',
        "header holds an integer of 10000 digits": text[:-1] + ',"x":' + "9" * 10_000 + "}",
        "header holds a leading zero": text[:-1] + ',"x":01}',
        "header holds a raw line break": text[:-1] + ',"x":"\n"}',
        "header holds a wrong escape": text[:-1] + ',"x":"\\x"}',
        "header is not UTF-8": text.encode()[:-1] + b',"x":"\xff"}',
        "header is UTF-8 of a surrogate": text.encode()[:-1] + b',"x":"\xed\xa0\x80"}',
        "header is UTF-16": text.encode("utf-16"),
        "header begins with a mark": text.encode("utf-8-sig"),
        "header is compressed": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
        "alg twice, first none": '{"alg":"none",' + inside + "}",
        "alg twice, last none": "{" + inside + ',"alg":"none"}',
        "alg twice, both the same": "{" + inside + ',"alg":"RS256"}',
        "alg twice, once in escapes": "{" + inside + ',"\\u0061lg":"none"}',
        "kid twice": "{" + inside + ',"kid":"x"}',
        "an unknown member twice": "{" + inside + ',"x":1,"x":1}',
        "a nested member twice": "{" + inside + ',"x":{"y":1,"y":1}}',
        "a member nested in an array twice": "{" + inside + ',"x":[{"y":1,"y":1}]}',
    }


def _no_claims(pool: LocalUserPool) -> _Cases:
    claims = json.dumps(pool.access_claims())
    inside = claims[1:-1]
    for name, payload in {
        "nesting 65 deep": claims[:-1].encode() + b',"x":' + b"[" * 64 + b"]" * 64 + b"}",
        "holding a lone surrogate": claims[:-1].encode() + b',"x":["\\udc00"]}',
        "empty": b"",
        "white space": b" ",
        "an array": b"[]",
        "an array of claims": b"[" + claims.encode() + b"]",
        "a text": b'"alice"',
        "a text of claims": json.dumps(claims).encode(),
        "a number": b"1",
        "true": b"true",
        "null": b"null",
        "cut off": claims[:-1].encode(),
        "going on": (claims + claims).encode(),
        "going on with NUL": claims.encode() + b"\0",
        "no JSON": b"sub=alice",
        "another token": pool.access_token().encode(),
        "not UTF-8": claims[:-1].encode() + b',"x":"\xff"}',
        "UTF-16": claims.encode("utf-16"),
        "beginning with a mark": claims.encode("utf-8-sig"),
        "nesting arrays deeply": b'{"x":' + b"[" * 40_000,
        "nesting arrays deeply, and closed": b'{"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        "holding NaN": claims[:-1].encode() + b',"x":NaN}',
        "holding Infinity": claims[:-1].encode() + b',"x":Infinity}',
        "holding -Infinity": claims[:-1].encode() + b',"x":{"y":[-Infinity]}}',
        "holding an integer of 10000 digits": claims[:-1].encode() + b',"x":' + b"9" * 10_000 + b"}",
        "sub twice": b"{" + inside.encode() + b',"sub":"another user"}',
        "sub twice, once in escapes": b"{" + inside.encode() + b',"\\u0073ub":"another user"}',
        "exp twice": b"{" + inside.encode() + b',"exp":99999999999}',
        "iss twice": b"{" + inside.encode() + b',"iss":"https://attacker.example"}',
        "an unknown claim twice": b"{" + inside.encode() + b',"x":1,"x":1}',
        "a nested member twice": b"{" + inside.encode() + b',"x":{"y":1,"y":2}}',
    }.items():
        yield name, pool.sign(pool.header, payload), MalformedTokenError


def _times(pool: LocalUserPool) -> _Cases:
    now = int(pool.clock.time())
    no_times: dict[str, object] = {
        "a text": str(now + 3600),
        "an empty text": "",
        "true": True,
        "false": False,
        "null": None,
        "an array": [now + 3600],
        "an object": {"seconds": now + 3600},
        "the year 10000": 253_402_300_800,
        "the year 10000 and a half second": 253_402_300_799.5,
        "milliseconds": (now + 3600) * 1000,
        "before the year 1": -62_135_596_801,
        "1e300": 1e300,
        "-1e300": -1e300,
        "of 400 digits": 10**400,
        "of -400 digits": -(10**400),
    }
    for claim in ("exp", "nbf", "iat"):
        for name, value in no_times.items():
            yield f"{claim} is {name}", pool.access_token(claims={claim: value}), InvalidClaimError
        yield f"{claim} is 1e400", _with_literal(pool, claim, "1e400"), InvalidClaimError
        yield f"{claim} is -1e400", _with_literal(pool, claim, "-1e400"), InvalidClaimError
        yield f"{claim} is NaN", _with_literal(pool, claim, "NaN"), MalformedTokenError
        yield f"{claim} is of 10000 digits", _with_literal(pool, claim, "9" * 10_000), MalformedTokenError
    yield "exp is absent", pool.access_token(exp=ABSENT), MissingClaimError
    for name, past in {
        "an hour ago": now - 3600,
        "0": 0,
        "negative": -1,
        "a fraction ago": now - 3600.5,
        "-0.0": -0.0,
    }.items():
        yield f"exp is {name}", pool.access_token(exp=past), TokenExpiredError
    for name, future in {"in an hour": now + 3600, "in an hour and a fraction": now + 3600.5}.items():
        yield f"nbf is {name}", pool.access_token(nbf=future), TokenNotYetValidError


def _other_claims(pool: LocalUserPool) -> _Cases:
    no_texts: dict[str, object] = {"null": None, "true": True, "a number": 1, "an array": [], "an object": {}}
    for claim in ("iss", "token_use", "sub", "client_id"):
        yield f"{claim} is absent", pool.access_token(claims={claim: ABSENT}), MissingClaimError
        for name, value in no_texts.items():
            yield f"{claim} is {name}", pool.access_token(claims={claim: value}), InvalidClaimError
    issuer, client = pool.issuer, pool.client_id
    for name, iss in {
        "empty": "",
        "of another pool": issuer[:-1],
        "in other case": issuer.title(),
        "with a slash": issuer + "/",
        "with two slashes": issuer.replace(".com/", ".com//"),
        "with a dot segment": issuer.replace(".com/", ".com/./"),
        "with a port": issuer.replace(".com/", ".com:443/"),
        "with a user": issuer.replace("https://", "https://x@"),
        "with a query": issuer + "?",
        "with white space": issuer + "\n",
        "percent-encoded": issuer.replace("_", "%5F"),
        "over http": issuer.replace("https", "http"),
        "without a scheme": issuer.removeprefix("https://"),
        "its host alone": issuer.rpartition("/")[0],
        "its pool alone": pool.id,
        "with a Cyrillic letter": issuer.replace("a", "\u0430", 1),
        "with a full-width dot": issuer.replace(".", "\uff0e", 1),
        "with a soft hyphen": issuer + "\xad",
        "of a replica that is not named": issuer.replace("eu-central-1.", "eu-west-1."),
        "of the updated form elsewhere": "https://issuer-cognito-idp.eu-west-1.amazonaws.com/" + pool.id,
        "of another partition": issuer.replace("amazonaws.com", "amazonaws.com.cn"),
    }.items():
        yield f"iss is {name}", pool.access_token(iss=iss), InvalidIssuerError
    for use in ("id", "", "ACCESS", "access\0", "refresh", "a", "\u0430ccess"):
        yield f"token_use is {use!a}", pool.access_token(token_use=use), InvalidTokenUseError
    yield "an ID token", pool.id_token(), InvalidTokenUseError
    yield "an ID token with scopes", pool.id_token(scope="todo/read", client_id=client), InvalidTokenUseError
    for other in ("", client[:-1], client + "x", client.upper(), client.replace("a", "\u0430"), f"{client},x", API):
        yield f"client_id is {other!a}", pool.access_token(client_id=other), InvalidClientError
    for aud in ("", "other", API[:-1], API + "/", API.upper(), client[:-1], [], ["other"], [API + "/", "x"]):
        yield f"aud is {aud!a}", pool.access_token(aud=aud), InvalidAudienceError
    for no_audience in (None, True, 1, {}, {API: 1}, [1], [API, None], [[API]]):
        yield f"aud is {no_audience!a}", pool.access_token(aud=no_audience), InvalidClaimError


class _Text(str):
    __slots__ = ()


def of_length(pool: LocalUserPool, length: int) -> str:
    """Return a token of exactly this number of characters. Everything else in it is valid."""
    claims = pool.access_claims()
    for padding in range(4):  # base64url has no texts of every length; the header makes up for the rest
        header = json.dumps(pool.header) + " " * padding
        rest = length - len(pool.sign(header, claims | {"filler": ""}))
        for size in range(rest * 3 // 4, rest * 3 // 4 + 4):
            token = pool.sign(header, claims | {"filler": "x" * size})
            if len(token) == length:
                return token
    raise AssertionError("no such length")


def with_all_characters(pool: LocalUserPool) -> str:
    """Return a valid token whose signature contains `-` and `_`, which standard base64 encodes differently."""
    while True:
        token = pool.access_token()
        if {"-", "_"} <= set(token.rpartition(".")[2]):
            return token


def _with_literal(pool: LocalUserPool, claim: str, literal: str) -> str:
    payload = json.dumps(pool.access_claims() | {claim: "LITERAL"}).replace('"LITERAL"', literal)
    return pool.sign(pool.header, payload)


def _nested(depth: int) -> object:
    value: object = []
    for _ in range(depth):
        value = [value]
    return value
