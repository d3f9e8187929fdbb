"""Error bodies, each as its vendor writes them."""

from sandbox.faults import Vendor
from sandbox.rows import Row, new_id

DOCS = "https://shopmonkey.dev/overview#errors"
_TWILIO_CODES = {429: 20429, 500: 20500, 503: 20503}
_CLAUDE_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def vendor_error(vendor: Vendor, status: int, message: str) -> Row:
    """An error body as this vendor writes it."""
    match vendor:
        case "twilio":
            code = _TWILIO_CODES.get(status, 20000 + status)
            more = f"https://www.twilio.com/docs/errors/{code}"
            return {"code": code, "message": message, "more_info": more, "status": status}
        case "anthropic":
            kind = _CLAUDE_ERRORS.get(status, "api_error")
            return {
                "type": "error",
                "error": {"type": kind, "message": message},
                "request_id": f"req_{new_id()}",
            }
        case "meta":
            return {
                "error": {"message": message, "type": "OAuthException", "code": 2, "fbtrace_id": new_id()}
            }
        case _:
            return {
                "success": False,
                "code": f"BOFF-{new_id()[:6]}",
                "message": message,
                "documentation_url": DOCS,
            }
