"""Operators: known by their own token, written down by name, let in by nothing empty or short."""

import httpx2
import pytest
from fastapi import Depends, FastAPI
from shared.http import problems
from shared.http.operators import require_ops
from shared.secrets import token_hash
from shared.settings import ServiceSettings
from structlog.testing import capture_logs

ANA, OLD, BEN = "token-of-ana-2f9c41d07b", "token-of-ana-before-e8a6", "token-of-ben-537c1e99aa"


class Uncounted:
    """How often somebody may fail is tested with the limits."""

    async def failed(self, *_: object) -> None: ...


def app_for(operators: dict[str, str]) -> FastAPI:
    settings = ServiceSettings(
        database_url="postgresql://x:a-password-of-the-tests@x/x",
        rabbitmq_url="amqp://x",
        port=1,
        operators=operators,
    )
    app = FastAPI(dependencies=[Depends(require_ops(settings))])
    problems.install(app)
    app.state.limits = Uncounted()

    @app.put("/api/admin/tenants/{slug}/staff/{email}")
    async def configure(slug: str, email: str) -> str:
        return f"{slug} {email}"

    return app


async def call(app: FastAPI, token: str | None) -> int:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://x") as http:
        answer = await http.put("/api/admin/tenants/sample-tint/staff/sam@sample.test", headers=headers)
        return answer.status_code


async def test_what_an_operator_does_is_noted_under_their_name_and_without_personal_data() -> None:
    app = app_for({"ana": f"{token_hash(ANA)},{token_hash(OLD)}", "ben": token_hash(BEN)})
    with capture_logs() as logs:
        assert [await call(app, token) for token in (ANA, OLD, BEN)] == [200, 200, 200]
    assert [line["operator"] for line in logs] == ["ana", "ana", "ben"]
    assert logs[0] == {
        "event": "operator.called",
        "log_level": "info",
        "operator": "ana",
        "method": "PUT",
        "route": "/api/admin/tenants/{slug}/staff/{email}",
        "tenant": "sample-tint",
    }


async def test_who_is_taken_out_of_the_setting_is_out() -> None:
    assert await call(app_for({"ben": token_hash(BEN)}), ANA) == 401


@pytest.mark.parametrize("token", [None, "", " ", "a", token_hash(ANA), ANA.upper()])
async def test_nothing_empty_short_or_copied_from_the_setting_opens(token: str | None) -> None:
    known = {"ana": token_hash(ANA), "nobody": token_hash(""), "weak": token_hash("a")}
    assert await call(app_for(known), token) == 401
    assert await call(app_for({}), token) == 401
