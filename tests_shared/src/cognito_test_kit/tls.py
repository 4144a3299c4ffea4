"""A TLS server on loopback with an invalid certificate, for example an expired one."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certificate(folder: Path, *, address: str = "127.0.0.1", begins_in_days: int = -2) -> tuple[Path, Path]:
    """Create a self-signed certificate that is valid for four days.

    Args:
        folder: Folder for the files.
        address: IP address in the certificate.
        begins_in_days: Days from now until it becomes valid. With less than -4, it has expired.

    Returns:
        The paths of the certificate and of its private key, both in PEM.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    begins = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=begins_in_days)
    name = x509.IPAddress(ipaddress.ip_address(address))
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=4))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "certificate.pem", folder / "private.key"
    pem.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, private


@contextmanager
def tls_server(pem: Path, key: Path) -> Iterator[str]:
    """Run a server that closes each connection after the TLS handshake. The `with` statement returns its URL.

    Args:
        pem: Path of the certificate.
        key: Path of its private key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):  # the listener was closed
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        context.wrap_socket(connection, server_side=True).close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"https://127.0.0.1:{listener.getsockname()[1]}/jwks.json"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
