"""Claude's Messages API, whole and as a stream: first what the script says, then the built-in model."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from sandbox import model
from sandbox.deps import TheWorld
from sandbox.rows import Row, new_id
from sandbox.script import Cut, Fail, Pause, Say, Step, Stop, Think, Use, next_turn, opening
from sandbox.vendor_errors import vendor_error
from sandbox.world import World

_CHUNK_CHARACTERS = 12
_CUT_AFTER_SECONDS = 0.05
_CHARACTERS_PER_TOKEN = 4

router = APIRouter(prefix="/anthropic/v1")


@router.post("/messages")
async def create_message(request: Request, world: TheWorld) -> Response:
    refusal, body = await _checked(request)
    if refusal is not None:
        return refusal
    turn = await opening(_turn(world, body))
    if turn and isinstance(turn[0], Fail):
        return _failed(turn[0].status)
    if body.get("stream"):
        events = _told(_events(body, turn), request)
        return StreamingResponse(events, media_type="text/event-stream", headers=_request_id())
    return await _whole(body, turn)


async def _told(events: AsyncIterator[Row | Cut], request: Request) -> AsyncIterator[str]:
    async for event in events:
        if isinstance(event, Cut):
            await asyncio.sleep(_CUT_AFTER_SECONDS)  # what was sent before shall arrive
            request.scope["state"]["transport"].abort()
            return
        yield _sse(event)


async def _checked(request: Request) -> tuple[JSONResponse | None, Row]:
    if not (
        request.headers.get("authorization", "").startswith("Bearer ") or request.headers.get("x-api-key")
    ):
        return _failed(401, "x-api-key header is required"), {}
    try:
        body = await request.json()
    except ValueError:
        return _failed(400, "The request body is not valid JSON"), {}
    for name in ("model", "max_tokens", "messages"):
        if not isinstance(body, dict) or name not in body:
            return _failed(400, f"{name}: Field required"), {}
    return None, body


def _turn(world: World, body: Row) -> list[Step]:
    if world.script:
        return next_turn(world.script)
    return model.answer(body["messages"], body.get("tools") or [], body.get("system") or "")


def _failed(status: int, message: str = "Overloaded") -> JSONResponse:
    return JSONResponse(vendor_error("anthropic", status, message), status, headers=_request_id())


def _request_id() -> dict[str, str]:
    return {"request-id": f"req_{new_id()}"}


async def _whole(body: Row, turn: list[Step]) -> JSONResponse:
    blocks: list[Row] = []
    for step in turn:
        match step:
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Fail(status):
                return _failed(status)
            case Say() | Think() | Use():
                blocks.append(_block(step))
            case Stop() | Cut():
                break
    message = _message(body) | {"content": blocks, "stop_reason": _stop_reason(turn)}
    message["usage"]["output_tokens"] = _tokens(blocks)
    return JSONResponse(message, headers=_request_id())


def _message(body: Row) -> Row:
    usage = {
        "input_tokens": _tokens([body.get("system"), body["messages"], body.get("tools")]),
        "output_tokens": 1,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "service_tier": "standard",
    }
    return {
        "id": f"msg_{new_id()}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def _tokens(value: object) -> int:
    return len(json.dumps(value)) // _CHARACTERS_PER_TOKEN + 1


def _stop_reason(turn: list[Step]) -> str:
    for step in turn:
        if isinstance(step, Stop):
            return step.reason
    return "tool_use" if any(isinstance(step, Use) for step in turn) else "end_turn"


def _block(step: Say | Think | Use) -> Row:
    if isinstance(step, Say):
        return {"type": "text", "text": step.text}
    if isinstance(step, Think):
        return {"type": "thinking", "thinking": step.text, "signature": "sample"}
    return {"type": "tool_use", "id": f"toolu_{new_id()}", "name": step.tool, "input": step.input}


async def _events(body: Row, turn: list[Step]) -> AsyncIterator[Row | Cut]:
    yield {"type": "message_start", "message": _message(body)}
    yield {"type": "ping"}
    blocks: list[Row] = []
    for step in turn:
        match step:
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Fail(status):
                yield vendor_error("anthropic", status, "Overloaded")
                return
            case Cut():
                yield step
                return
            case Stop():
                break
            case Say() | Think() | Use():
                blocks.append(_block(step))
                for event in _block_events(len(blocks) - 1, blocks[-1], step):
                    yield event
                    await asyncio.sleep(0)
    usage = {"output_tokens": _tokens(blocks)}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": _stop_reason(turn), "stop_sequence": None},
        "usage": usage,
    }
    yield {"type": "message_stop"}


def _block_events(index: int, block: Row, step: Say | Think | Use) -> Iterator[Row]:
    """A block opens empty, grows by deltas and closes."""
    deltas: list[Row]
    match step:
        case Say(text, chunk):
            opened: Row = {"type": "text", "text": ""}
            deltas = [{"type": "text_delta", "text": piece} for piece in _chunks(text, chunk)]
        case Think(text):
            opened = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in _chunks(text)]
            deltas.append({"type": "signature_delta", "signature": "sample"})
        case Use(_, _, raw):
            opened = {**block, "input": {}}
            whole = json.dumps(block["input"]) if raw is None else raw
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *_chunks(whole))]
    yield {"type": "content_block_start", "index": index, "content_block": opened}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def _chunks(text: str, size: int = _CHUNK_CHARACTERS) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def _sse(event: Row) -> str:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
