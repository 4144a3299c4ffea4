import pytest
from cognito_jwt_core.diagnostics.network_advice import network_advice


@pytest.mark.parametrize(
    ("message", "word"),
    [
        ("OSError: Could not find a suitable TLS CA certificate bundle, invalid path: /x.pem", "REQUESTS_CA_BUNDLE"),
        ("SSLError: SSLCertVerificationError: certificate verify failed: certificate is not yet valid", "clock"),
        ("SSLError: SSLCertVerificationError: certificate verify failed: Hostname mismatch", "another host"),
        ("SSLError: SSLCertVerificationError: certificate verify failed: self-signed certificate in chain", "CA"),
        ("OSError: Could not find the TLS certificate file, invalid path: /x.crt", "session.cert"),
        ("SSLError: [X509: NO_CERTIFICATE_OR_CRL_FOUND] no certificate or crl found", "PEM form"),
        ("SSLError: certificate verify failed: CA cert does not include key usage extension", "Python 3.13"),
        ("SSLError: certificate verify failed: Missing Authority Key Identifier", "Python 3.13"),
        ("SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version number", "does not speak TLS"),
        ("SSLError: SSLEOFError: EOF occurred in violation of protocol", "does not speak TLS"),
        ("SSLError: [SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version", "cipher in common"),
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
        ("expected status 200, found 401", "guest network"),
        ("ConnectionError: ConnectionAbortedError: Software caused connection abort", "closed on the way"),
        ("ConnectionError: PermissionError: Operation not permitted", "sandbox"),
        ("ConnectionError: OSError: Too many open files", "limits"),
        ("WeirdError", "network between this machine"),
    ],
)
def test_what_to_look_at_follows_from_what_failed(message: str, word: str) -> None:
    advice = network_advice(message)

    assert word in advice
    assert "bundle the keys" in advice


@pytest.mark.parametrize(
    "message",
    ["expected https in the JWKS URL, found 'ftp://x'", "expected a URL of scheme, host and path, found another"],
)
def test_a_url_that_was_never_requested_is_no_matter_of_the_network(message: str) -> None:
    assert network_advice(message).startswith("Check the URL.")
