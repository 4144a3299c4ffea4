import pytest
from cognito_jwt_core.diagnostics.network_advice import network_advice


@pytest.mark.parametrize(
    ("message", "word"),
    [
        ("OSError: Could not find a suitable TLS CA certificate bundle, invalid path: /x.pem", "REQUESTS_CA_BUNDLE"),
        ("SSLError: SSLCertVerificationError: certificate verify failed: certificate is not yet valid", "clock"),
        ("SSLError: SSLCertVerificationError: certificate verify failed: Hostname mismatch", "another host"),
        ("SSLError: SSLCertVerificationError: certificate verify failed: self-signed certificate in chain", "CA"),
        ("ProxyError: OSError: the proxy answered 403", "HTTPS_PROXY"),
        ("expected status 200, found 407", "HTTPS_PROXY"),
        ("ConnectionError: gaierror: Name or service not known", "DNS"),
        ("ConnectionError: gaierror: Temporary failure in name resolution", "VPC endpoint"),
        ("ConnectionError: ConnectionRefusedError: Connection refused", "port"),
        ("ConnectionError: OSError: Network is unreachable", "NAT gateway"),
        ("expected the whole answer within 3 s, found none", "security group"),
        ("ConnectTimeout: timed out", "NAT gateway"),
        ("expected status 200, found 400", "pool id and its Region"),
        ("expected status 200, found 302", "guest network"),
        ("expected status 200, found 429", "Health Dashboard"),
        ("ConnectionError: ConnectionResetError: Connection reset by peer", "closed on the way"),
        ("expected a JWK Set, found JSON without keys", "guest network"),
        ("WeirdError", "network between this machine"),
    ],
)
def test_what_to_look_at_follows_from_what_failed(message: str, word: str) -> None:
    advice = network_advice(message)

    assert word in advice
    assert "bundle the keys" in advice
