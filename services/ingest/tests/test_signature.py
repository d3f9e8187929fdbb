import hashlib
import hmac
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from ingest.domain.signature import BadSignature, SignatureHeaders, StaleTimestamp, verify

NOW = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
BODY = b'{"table":"order"}'
RAW = b"sample-secret"
ENCODED = "whsec_" + b64encode(b"sample-key-of-bytes").decode()


def signature(key: bytes, *, webhook_id: str = "msg_1", at: datetime = NOW, body: bytes = BODY) -> str:
    signed = f"{webhook_id}.{int(at.timestamp())}.".encode() + body
    return "v1," + b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


@dataclass
class Case:
    id: str
    signatures: str
    secrets: list[str] = field(default_factory=lambda: [RAW.decode()])
    webhook_id: str = "msg_1"
    timestamp: str = str(int(NOW.timestamp()))
    raises: type[Exception] | None = None


def stamp(at: datetime) -> str:
    return str(int(at.timestamp()))


OLD, FUTURE = NOW - timedelta(minutes=5), NOW + timedelta(minutes=5)
TOO_OLD, TOO_NEW = OLD - timedelta(seconds=1), FUTURE + timedelta(seconds=1)

CASES = [
    Case("raw secret", signature(RAW)),
    Case("whsec decoded", signature(b64decode(ENCODED[6:])), [ENCODED]),
    Case("whsec used as raw bytes", signature(ENCODED.encode()), [ENCODED]),
    Case("whsec that is not base64, as raw bytes", signature(b"whsec_*"), ["whsec_*"]),
    Case("secret rotated by us: the older of two", signature(RAW), ["newer", RAW.decode()]),
    Case("secret rotated by the sender: second of two", signature(b"newer") + " " + signature(RAW)),
    Case("another version beside ours", "v1a,abc " + signature(RAW)),
    Case("five minutes old", signature(RAW, at=OLD), timestamp=stamp(OLD)),
    Case("five minutes ahead", signature(RAW, at=FUTURE), timestamp=stamp(FUTURE)),
    Case("older", signature(RAW, at=TOO_OLD), timestamp=stamp(TOO_OLD), raises=StaleTimestamp),
    Case("further ahead", signature(RAW, at=TOO_NEW), timestamp=stamp(TOO_NEW), raises=StaleTimestamp),
    Case("another secret", signature(b"other"), raises=BadSignature),
    Case("another body", signature(RAW, body=b"{}"), raises=BadSignature),
    Case("another id", signature(RAW, webhook_id="msg_2"), raises=BadSignature),
    Case(
        "timestamp changed", signature(RAW), timestamp=stamp(NOW + timedelta(seconds=1)), raises=BadSignature
    ),
    Case("no signature", "", raises=BadSignature),
    Case("no version", signature(RAW).removeprefix("v1,"), raises=BadSignature),
    Case("empty signature", "v1,", raises=BadSignature),
    Case("not ascii", "v1,ä", raises=BadSignature),
    Case("no id", signature(RAW, webhook_id=""), webhook_id="", raises=BadSignature),
    Case("no timestamp", signature(RAW), timestamp="", raises=BadSignature),
    Case("timestamp in words", signature(RAW), timestamp="now", raises=BadSignature),
    Case("timestamp beyond time", signature(RAW), timestamp="9" * 40, raises=BadSignature),
    Case("timestamp in other digits", signature(RAW), timestamp="\u0661\u0662", raises=BadSignature),
    Case("tenant without secrets", signature(b""), [], raises=BadSignature),
    Case("empty secret", signature(b""), [""], raises=BadSignature),
    Case("empty whsec", signature(b""), ["whsec_"], raises=BadSignature),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_only_a_holder_of_a_secret_is_believed_and_only_in_time(case: Case):
    headers = SignatureHeaders(case.webhook_id, case.timestamp, case.signatures)
    if case.raises is None:
        verify(headers, BODY, secrets=case.secrets, now=NOW)
    else:
        with pytest.raises(case.raises):
            verify(headers, BODY, secrets=case.secrets, now=NOW)
