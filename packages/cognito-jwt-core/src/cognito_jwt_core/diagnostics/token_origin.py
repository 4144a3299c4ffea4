"""Find out where a token comes from by its own claims. This proves nothing and changes no result."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from cognito_jwt_core.errors import shown

_POOL = re.compile(r"https://(?:issuer-)?cognito-idp\.([a-z0-9-]+)\.amazonaws\.[a-z.]+/([\w-]+)", re.ASCII)
_LOOPBACK = re.compile(
    r"https?://(?:localhost(?:\.localstack\.cloud)?|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]|host\.docker\.internal)(?::\d+)?(?:/.*)?"
)
# As an emulator's, which names its own host.
_AT_ANOTHER_HOST = re.compile(r"https?://[^/]+/(?:local|[a-z]{2,8}(?:-[a-z]+)+-\d)_\w+", re.ASCII)
_SIGN_IN_DOMAIN = re.compile(r"https://[^/]+\.amazoncognito\.com(?:/.*)?")


@dataclass(frozen=True)
class Origin:
    """Where a token comes from by its own claims.

    Attributes:
        name: Stable name, for programs.
        sentence: The origin in one sentence.
        cure: Remedy; empty for a token of an accepted pool.
        cure_if_authentic: Remedy for the case that the pool's key signed it.
    """

    name: str
    sentence: str
    cure: str = ""
    cure_if_authentic: str = ""

    @property
    def is_foreign(self) -> bool:
        return bool(self.cure)

    def advice(self, *, is_authentic: bool) -> str:
        return f"{self.sentence} {(is_authentic and self.cure_if_authentic) or self.cure}"


_ACCESS_TOKEN = "Send the access token that the user pool issues."
_PROVIDER = (
    "To use {0} as an identity provider, sign in through the user pool and send the access token that it issues."
)
_WORKLOAD = "It identifies a program, not a user. A program gets the pool's token with the client credentials grant."

SIGNED_COOKIE = Origin(
    "signed_cookie",
    "This begins with JSON that is not a token's header: a web framework's session cookie may look like this.",
    _ACCESS_TOKEN,
)


@dataclass(frozen=True)
class _Issuer:
    pattern: str
    name: str
    title: str
    cure: str = _PROVIDER


# Matched against the whole `iss`. The patterns come from each provider's documentation or discovery document.
_ISSUERS = (
    _Issuer(r"(https://)?accounts\.google\.com", "google", "Google"),
    _Issuer(r"https://cloud\.google\.com/iap", "google_iap", "Google's Identity-Aware Proxy", _ACCESS_TOKEN),
    _Issuer(
        r"[\w.@-]+\.gserviceaccount\.com", "google_service_account", "a service account of Google Cloud", _WORKLOAD
    ),
    _Issuer(r"https://[\w-]+\.cloudflareaccess\.com/?", "cloudflare_access", "Cloudflare Access", _ACCESS_TOKEN),
    _Issuer(r"https://securetoken\.google\.com/.+", "firebase", "Firebase", _ACCESS_TOKEN),
    _Issuer(
        r"https://(login\.microsoftonline\.(com|us)|login\.partner\.microsoftonline\.cn|sts\.windows\.net)/.*",
        "entra",
        "Microsoft Entra",
    ),
    _Issuer(r"https://[\w-]+\.(b2clogin|ciamlogin)\.com/.*", "entra", "Microsoft Entra"),
    _Issuer(r"https://[\w.-]+\.auth0\.com/?", "auth0", "Auth0"),
    _Issuer(r"https://[\w-]+\.(okta|oktapreview|okta-emea)\.com(/.*)?", "okta", "Okta"),
    _Issuer(r"https://appleid\.apple\.com/?", "apple", "Apple"),
    _Issuer(r"https://(www|limited)\.facebook\.com/?", "facebook", "Facebook"),
    _Issuer(r"https://www\.amazon\.com/?", "amazon", "Login with Amazon"),
    _Issuer(r"https://www\.linkedin\.com(/.*)?", "linkedin", "LinkedIn"),
    _Issuer(r"https://slack\.com/?", "slack", "Slack"),
    _Issuer(r"https://([\w-]+\.my|login|test)\.salesforce\.com/?", "salesforce", "Salesforce"),
    _Issuer(r"https?://.+/realms/[^/]+/?", "keycloak", "Keycloak"),
    _Issuer(r"https://[\w-]+\.clerk\.accounts\.dev/?", "clerk", "Clerk", _ACCESS_TOKEN),
    _Issuer(r"https://[\w-]+\.supabase\.(co|in)/auth/v1/?|supabase", "supabase", "Supabase", _ACCESS_TOKEN),
    _Issuer(r"https://identitycenter\.amazonaws\.com/.*", "identity_center", "IAM Identity Center", _ACCESS_TOKEN),
    _Issuer(r"https://token\.actions\.githubusercontent\.com(/.*)?", "github_actions", "GitHub Actions", _WORKLOAD),
    _Issuer(r"https://gitlab\.com/?", "gitlab", "GitLab", _WORKLOAD),
    _Issuer(r"https://[\w.-]+\.tokens\.sts\.global\.api\.aws/?", "aws_sts", "AWS STS", _WORKLOAD),
    _Issuer(
        r"https://oidc\.eks\.[\w.-]+/id/\w+|https://kubernetes\.default\.svc.*|kubernetes/serviceaccount",
        "kubernetes",
        "a Kubernetes cluster",
        _WORKLOAD,
    ),
)


def origin_of(
    header: Mapping[str, object],
    payload: Mapping[str, object],
    issuers: Iterable[str],
    pool_ids: Collection[str] = (),
) -> Origin | None:
    """Return a token's origin by its own claims; None if neither claims nor header tell.

    Args:
        header: The JOSE header, unverified.
        payload: The claims, unverified; empty if they cannot be read.
        issuers: The accepted issuers; empty without a configured pool.
        pool_ids: Ids of the configured pools; by default, the last parts of their issuers.
    """
    if _is_load_balancers(header):
        return Origin(
            "load_balancer",
            "This is a load balancer's own token (`x-amzn-oidc-data`), which the user pool did not sign.",
            "Send the access token, which the balancer adds as `x-amzn-oidc-accesstoken`.",
        )
    if header and "alg" not in header:
        return SIGNED_COOKIE
    if "enc" in header:  # cut off, with three of its five parts
        return encrypted_origin(header)
    if not payload:
        return None
    accepted = tuple(issuers)
    issuer = payload.get("iss", header.get("iss"))
    if isinstance(issuer, str) and issuer in accepted:
        return Origin("user_pool", f"This token names an accepted issuer, {shown(issuer)}.")
    if not isinstance(issuer, str) or not issuer:
        return _without_issuer(header, payload)
    if issuer.rstrip("/") in {name.rstrip("/") for name in accepted}:
        return Origin(
            "issuer_setting",
            "This token's issuer and the configured one differ only in a slash at the end.",
            "Issuers are compared exactly: check the slash in the issuer setting.",
        )
    ids = set(pool_ids) or {name.rstrip("/").rpartition("/")[2] for name in accepted}
    return _of_cognito(issuer, accepted, ids) or _of_a_provider(issuer) or _of_another(issuer)


def encrypted_origin(header: Mapping[str, object]) -> Origin:
    """Return the kind of an encrypted token (JWE, five parts), by its unencrypted header."""
    issuer = header.get("iss")
    if isinstance(issuer, str) and ".auth0.com" in issuer:
        return Origin(
            "auth0",
            "This is an encrypted token from Auth0, which Auth0 issues where the app asked for no API's audience.",
            _PROVIDER.format("Auth0"),
        )
    if header.get("alg") == "RSA-OAEP":
        return Origin(
            "refresh_token",
            "This is an encrypted token of the form of Cognito's refresh tokens.",
            "Keep a refresh token secret: only the app exchanges it for new tokens. Send the access token.",
        )
    return Origin(
        "encrypted_token",
        "This is an encrypted token (JWE), for example a web framework's session: only its maker can read it.",
        _ACCESS_TOKEN,
    )


def user_pool_in(issuer: object) -> tuple[str, str] | None:
    """Return Region and pool id of an issuer in Cognito's form; None otherwise."""
    found = _POOL.fullmatch(issuer) if isinstance(issuer, str) else None
    return (found[1], found[2]) if found else None


def _is_load_balancers(header: Mapping[str, object]) -> bool:
    signer = header.get("signer")
    return (isinstance(signer, str) and ":elasticloadbalancing" in signer) or {"signer", "client"} <= header.keys()


def _without_issuer(header: Mapping[str, object], payload: Mapping[str, object]) -> Origin:
    algorithm = header.get("alg")
    if header.get("typ") == "dpop+jwt" or {"htm", "htu"} <= payload.keys():
        return Origin("dpop_proof", "This is a DPoP proof, which accompanies a token and replaces none.", _ACCESS_TOKEN)
    if algorithm in ("HS256", "HS384", "HS512"):
        return Origin(
            "own_session",
            f"This token names no issuer and is signed with a shared secret ({algorithm}), as apps sign sessions.",
            "A user pool's token names the pool and is signed with RS256. " + _ACCESS_TOKEN,
        )
    return Origin("no_issuer", "This token names no issuer, so it is not a user pool's.", _ACCESS_TOKEN)


def _of_cognito(issuer: str, accepted: tuple[str, ...], ids: set[str]) -> Origin | None:
    if re.fullmatch(r"https://cognito-identity[\w.-]*\.amazonaws\.com(\.cn)?/?", issuer):
        return Origin(
            "identity_pool",
            "This is an identity pool's OpenID token, which is meant for AWS STS and not for an API.",
            "Send the user pool's access token, the one from before the exchange at the identity pool.",
        )
    if _SIGN_IN_DOMAIN.fullmatch(issuer):
        return Origin(
            "sign_in_domain",
            "This token names a sign-in domain (`amazoncognito.com`) as its issuer, which Cognito never does.",
            "A sign-in domain is only where users sign in. Find out which program made the token.",
        )
    found = user_pool_in(issuer)
    return _of_a_pool(*found, accepted, ids) if found else None


def _of_a_pool(region: str, pool: str, accepted: tuple[str, ...], ids: set[str]) -> Origin:
    if not accepted:
        return Origin("user_pool", f"This token names user pool {pool} as its issuer.")
    configured = [name for name in map(user_pool_in, accepted) if name]
    if pool not in ids:
        expected = " or ".join(sorted(ids))
        return Origin(
            "other_pool",
            f"This token names user pool {pool}, and you configured {expected}.",
            "Check which pool the caller signs in to.",
        )
    regions = sorted(
        {configured_region for configured_region, configured_pool in configured if configured_pool == pool}
    )
    if regions:
        return Origin(
            "other_region",
            f"This token names pool {pool} in Region {region}, and you configured {' and '.join(regions)}.",
            "Check which Region the caller signs in to.",
            f"If the pool is replicated there, add {region} to `replica_regions`.",
        )
    return Origin(
        "issuer_setting",
        f"This token names the configured pool {pool}; only the issuer setting (`issuer`, `COGNITO_ISSUER`) differs.",
        "Remove the setting, unless an emulator or a proxy issues your tokens.",
    )


def _of_a_provider(issuer: str) -> Origin | None:
    for known in _ISSUERS:
        if re.fullmatch(known.pattern, issuer):
            cure = known.cure.format(known.title)
            return Origin(known.name, f"This token names {known.title} as its issuer, not a user pool.", cure)
    return None


def _of_another(issuer: str) -> Origin:
    if _LOOPBACK.fullmatch(issuer):
        return Origin(
            "emulator",
            f"This token names an issuer on a developer's machine, {shown(issuer)}.",
            "In development, compare it with the issuer setting; anywhere else, sign in to the real pool.",
        )
    if _AT_ANOTHER_HOST.fullmatch(issuer):
        return Origin(
            "emulator",
            f"This token names a pool at another URL than Cognito's, {shown(issuer)}, as an emulator's tokens do.",
            "In development, compare it with the issuer setting; anywhere else, sign in to the real pool.",
        )
    return Origin(
        "other_issuer",
        f"This token names the issuer {shown(issuer)}, which is not a user pool.",
        "Check where the caller signs in. " + _ACCESS_TOKEN,
    )
