"""Meta's lead retrieval: what the lead form of an advert collected."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from sandbox.deps import TheWorld
from sandbox.rows import Row, now

router = APIRouter(prefix="/meta")


@router.get("/{version}/{leadgen_id}")
async def get_lead(version: str, leadgen_id: str, request: Request, world: TheWorld) -> JSONResponse:
    """Any numeric id is the lead of an invented person, the same one each time."""
    if not version.startswith("v"):
        return _refused(400, 2500, f"Unknown path components: /{version}")
    if not (request.query_params.get("access_token") or request.headers.get("authorization")):
        return _refused(400, 190, "Invalid OAuth access token.")
    if not leadgen_id.isdigit():
        return _refused(400, 100, f"Unsupported get request. Object with ID '{leadgen_id}' does not exist")
    lead = world.meta_leads.setdefault(leadgen_id, _invented(leadgen_id))
    return JSONResponse(lead)


def _refused(status: int, code: int, message: str) -> JSONResponse:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Asample"}
    return JSONResponse({"error": error}, status)


def _invented(leadgen_id: str) -> Row:
    answers = {
        "full_name": "Jordan Sample",
        "email": f"jordan.sample.{leadgen_id}@example.com",
        "phone_number": f"+1619555{100 + int(leadgen_id) % 100:04d}",
        "service": "window tint",
    }
    return {
        "id": leadgen_id,
        "created_time": now().strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "ad_id": "120200000000000001",
        "form_id": "900000000000001",
        "field_data": [{"name": name, "values": [value]} for name, value in answers.items()],
    }
