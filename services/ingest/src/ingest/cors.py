"""The form's endpoints answer the pages of any website; all others only our own."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

FORM_PATHS = "/api/leads"
REMEMBERED_SECONDS = 86_400


class FormCors:
    """Whoever has the public site key may send a form from anywhere, so the browser need not ask whose page it is.

    No cookie is taken or given here.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._form = CORSMiddleware(
            app,
            allow_origins=["*"],
            allow_methods=["GET", "POST"],
            allow_headers=["Content-Type", "Idempotency-Key"],
            expose_headers=["Retry-After"],
            max_age=REMEMBERED_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        of_form = scope["type"] == "http" and scope["path"].startswith(FORM_PATHS)
        await (self._form if of_form else self._app)(scope, receive, send)
