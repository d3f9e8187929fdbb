"""What the addresses of database and broker say about TLS, looked at before a program starts.

A slip must end neither in plain text nor in a connection that is refused again and again.
"""

import ssl
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_LIBPQ = {"sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl", "sslnegotiation"}
_AMQP = {"cafile", "capath", "cadata", "certfile", "keyfile", "no_verify_ssl"}
_SIMILAR = ("ssl", "tls", "ca", "cert", "key", "verify")
"""How an option begins that was meant for TLS."""


def check_database_url(url: str) -> str:
    """The address, if what it says is libpq's `sslmode=verify-full&sslrootcert=/path/ca.pem` or the like, and its files are there.

    Raises `ValueError`, which quotes none of its password.
    """
    options = _options(url)
    for name in sorted(options.keys() - _LIBPQ):
        if name.startswith(("ssl", "tls")):
            raise ValueError(
                f"{name} is no option of libpq: write sslmode=verify-full&sslrootcert=/path/ca.pem"
            )
    _check_mode(options.get("sslmode", "prefer"), trusting="sslrootcert" in options)
    _check_authorities(options, "sslrootcert")
    _check_authorities(options, "sslcrl")
    _check_certificate(options, "sslcert", "sslkey", options.get("sslpassword", ""))
    return url


def check_broker_url(url: str) -> str:
    """The same for AMQP and RabbitMQ's management API: `amqps://…?cafile=/path/ca.pem`, `https://…?cafile=/path/ca.pem`.

    Without `cafile` the system's authorities are believed.
    """
    options = _options(url)
    for name in sorted(options.keys() - _AMQP):
        if name.startswith(_SIMILAR):
            raise ValueError(f"{name} would do nothing: write amqps://…?cafile=/path/ca.pem")
    idle = sorted(options.keys() & _AMQP)
    if idle and urlsplit(url).scheme not in {"amqps", "https"}:
        raise ValueError(f"{idle[0]} does nothing without TLS: begin the address with amqps:// (or https://)")
    if options.get("no_verify_ssl", "0") not in {"0", "1"}:
        raise ValueError("no_verify_ssl takes 0 (the certificate is checked) or 1 (it is not): leave it out")
    _check_authorities(options, "cafile")
    _check_certificate(options, "certfile", "keyfile")
    return url


def _options(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def _check_mode(mode: str, *, trusting: bool) -> None:
    if mode not in _MODES:
        raise ValueError(f"sslmode={mode} is unknown: take one of {', '.join(_MODES)}")
    if mode.startswith("verify") and not trusting:
        raise ValueError(
            f"sslmode={mode} needs sslrootcert=/path/ca.pem, the certificate of who signs the server's"
        )
    if trusting and mode in {"disable", "allow", "prefer"}:
        raise ValueError(f"sslrootcert is not looked at with sslmode={mode}: write sslmode=verify-full")


def _check_authorities(options: Mapping[str, str], name: str) -> None:
    if name in options:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=options[name])
        except OSError as error:
            raise _unusable(f"{name}={options[name]}", error) from error


def _check_certificate(options: Mapping[str, str], name: str, key: str, password: str = "") -> None:
    if name in options:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(
                options[name], options.get(key), password=lambda: password
            )
        except OSError as error:
            raise _unusable(f"{name}={options[name]} with its key", error) from error


def _unusable(what: str, error: OSError) -> ValueError:
    """`SSLError` is an `OSError`, too."""
    reason = "is not in PEM, or does not fit" if isinstance(error, ssl.SSLError) else error.strerror
    return ValueError(f"{what}: {reason}; name a file that this program can read (a container: mount it)")
