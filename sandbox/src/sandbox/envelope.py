"""ShopMonkey's envelope: success, data and meta, or a BOFF code and a message."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.rows import Row
from sandbox.vendor_errors import vendor_error


class BoffError(Exception):
    """ShopMonkey refuses; becomes its error envelope with this status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def one(row: Row, status: int = 200) -> JSONResponse:
    return JSONResponse({"success": True, "data": row}, status)


def many(rows: list[Row], *, total: int, has_more: bool) -> JSONResponse:
    return JSONResponse({"success": True, "data": rows, "meta": {"total": total, "hasMore": has_more}})


async def boff(_request: Request, error: Exception) -> JSONResponse:
    """The exception handler for `BoffError`."""
    if not isinstance(error, BoffError):
        raise error
    return JSONResponse(vendor_error("shopmonkey", error.status, error.message), error.status)
