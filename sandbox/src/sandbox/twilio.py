"""Twilio's messages API: sends, look-ups, signed status callbacks, and its own answers to STOP and START."""

import asyncio
import base64
import hashlib
import hmac
import html
import re
import secrets
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime

import httpx2
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from sandbox.deps import TheWorld
from sandbox.rows import Row, now, parse_iso
from sandbox.world import World

PREFIX = "/twilio/2010-04-01/Accounts/{sid}"
STOP_WORDS = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"}
START_WORDS = {"START", "YES", "UNSTOP"}
STOPPED = "You have successfully been unsubscribed. You will not receive any more messages from this number. Reply START to resubscribe."
STARTED = "You have successfully been re-subscribed to messages from this number. Reply HELP for help. Reply STOP to unsubscribe."
STEP_SECONDS = 0.05  # between queued, sent and delivered
_E164 = re.compile(r"\+[1-9]\d{7,14}")
# Twilio's magic numbers, and one of ours (…0030) that is accepted and then cannot be reached
_REFUSED = {"+15005550001": 21211, "+15005550004": 21610, "+15005550009": 21614}
_UNREACHABLE = "+15005550030"
_TEXTS = {
    21211: "Invalid 'To' Phone Number: {to}",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21610: "Attempt to send to unsubscribed recipient",
    21614: "'To' number is not a valid mobile number",
}


class TwilioError(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


async def twilio_error(_request: Request, error: Exception) -> JSONResponse:
    """The exception handler for `TwilioError`."""
    if not isinstance(error, TwilioError):
        raise error
    more = f"https://www.twilio.com/docs/errors/{error.code}"
    body = {"code": error.code, "message": error.message, "more_info": more, "status": error.status}
    return JSONResponse(body, error.status)


def _check_login(sid: str, request: Request, world: TheWorld) -> None:
    wanted = f"{world.settings.twilio_account_sid}:{world.settings.twilio_auth_token}".encode()
    sent = request.headers.get("authorization", "")
    right = hmac.compare_digest(sent.encode(), b"Basic " + base64.b64encode(wanted))
    if not right or sid != world.settings.twilio_account_sid:
        raise TwilioError(401, 20003, "Authenticate")


router = APIRouter(prefix=PREFIX, dependencies=[Depends(_check_login)])


@router.post("/Messages.json")
async def create_message(request: Request, world: TheWorld) -> JSONResponse:
    form = {name: str(value) for name, value in (await request.form()).items()}
    _check_message(world, form)
    message = _new_message(world, form)
    world.sms[message["sid"]] = message
    world.in_background(_travel(world, message, form.get("StatusCallback")))
    return JSONResponse(message, 201)


@router.get("/Messages/{message_sid}.json")
async def get_message(message_sid: str, world: TheWorld) -> JSONResponse:
    if message_sid not in world.sms:
        raise TwilioError(404, 20404, f"The requested resource {message_sid} was not found")
    return JSONResponse(world.sms[message_sid])


@router.get("/Messages.json")
async def list_messages(request: Request, world: TheWorld) -> JSONResponse:
    """Newest first; filters `To`, `From`, `DateSent`, `DateSent>` and `DateSent<` (inclusive, as Twilio's are)."""
    params = dict(request.query_params)
    size = min(int(params.get("PageSize", "50")), 1000)
    found = [message for message in reversed(world.sms.values()) if _listed(message, params)]
    return JSONResponse(
        {
            "messages": found[:size],
            "page": 0,
            "page_size": size,
            "start": 0,
            "end": max(len(found[:size]) - 1, 0),
            "uri": request.url.path,
            "first_page_uri": request.url.path,
            "next_page_uri": None,
            "previous_page_uri": None,
        }
    )


@router.get("/Messages/{message_sid}/Media/{media_sid}")
async def find_media(message_sid: str, media_sid: str, request: Request, world: TheWorld) -> RedirectResponse:
    """The bytes are elsewhere, behind a link that needs no log-in."""
    if media_sid not in world.media:
        raise TwilioError(404, 20404, f"The requested resource {message_sid}/{media_sid} was not found")
    return RedirectResponse(f"{request.base_url}twilio/media/{media_sid}", 307)


media = APIRouter(prefix="/twilio/media")


@media.get("/{media_sid}")
async def get_media(media_sid: str, request: Request, world: TheWorld) -> Response:
    """A log-in that comes along is one that was shown to the wrong house."""
    if "authorization" in request.headers or media_sid not in world.media:
        return Response(status_code=400)
    return Response(world.media[media_sid], media_type="application/octet-stream")


def _listed(message: Row, params: dict[str, str]) -> bool:
    sent = parsedate_to_datetime(message["date_sent"])
    return (
        params.get("To", message["to"]) == message["to"]
        and params.get("From", message["from"]) == message["from"]
        and ("DateSent>" not in params or sent >= _moment(params["DateSent>"]))
        and ("DateSent<" not in params or sent <= _moment(params["DateSent<"]))
        and ("DateSent" not in params or sent.date() == _moment(params["DateSent"]).date())
    )


def _moment(text: str) -> datetime:
    """Whole seconds: Twilio keeps no finer time."""
    try:
        return parse_iso(text).replace(microsecond=0)
    except ValueError as error:
        raise TwilioError(400, 20001, f"Invalid date: {text!r}") from error


def _check_message(world: World, form: dict[str, str]) -> None:
    to = form.get("To", "")
    code = _REFUSED.get(to)
    if not _E164.fullmatch(to):
        code = 21211
    elif not form.get("Body"):
        code = 21602
    elif not (form.get("From") or form.get("MessagingServiceSid")):
        code = 21603
    elif to in world.opted_out:
        code = 21610
    if code is not None:
        raise TwilioError(400, code, _TEXTS[code].format(to=to))


def _new_message(world: World, form: dict[str, str]) -> Row:
    sid, account = f"SM{secrets.token_hex(16)}", world.settings.twilio_account_sid
    stamp = format_datetime(now())
    return {
        "sid": sid,
        "account_sid": account,
        "messaging_service_sid": form.get("MessagingServiceSid"),
        "to": form["To"],
        "from": form.get("From") or _shop_number(world),
        "body": form["Body"],
        "status": "queued",
        "direction": "outbound-api",
        "num_segments": str(len(form["Body"]) // 153 + 1 if len(form["Body"]) > 160 else 1),
        "num_media": "0",
        "error_code": None,
        "error_message": None,
        "price": None,
        "price_unit": "USD",
        "api_version": "2010-04-01",
        "date_created": stamp,
        "date_updated": stamp,
        "date_sent": stamp,
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{sid}.json",
    }


def _shop_number(world: World) -> str:
    return str(next(iter(world.tables["location"].values()))["phone"])


async def _travel(world: World, message: Row, callback: str | None) -> None:
    """Queued -> sent -> delivered, or undelivered; the customer has it when it is delivered."""
    lost = message["to"] == _UNREACHABLE
    if not lost:
        _show(world, message)
    for status in ("sent", "undelivered" if lost else "delivered"):
        await asyncio.sleep(STEP_SECONDS)
        message |= {"status": status, "date_updated": format_datetime(now())}
        if status == "undelivered":
            message |= {"error_code": 30003, "error_message": "Unreachable destination handset"}
        if callback:
            await _call_back(world, message, callback)


def _show(world: World, message: Row) -> None:
    shown = {"id": message["sid"], "channel": "sms", "to": message["to"], "from": message["from"]}
    world.deliver({**shown, "text": message["body"], "attachments": []})


async def _call_back(world: World, message: Row, url: str) -> None:
    params = {
        "MessageSid": message["sid"],
        "SmsSid": message["sid"],
        "MessageStatus": message["status"],
        "SmsStatus": message["status"],
        "To": message["to"],
        "From": message["from"],
        "AccountSid": message["account_sid"],
        "ApiVersion": "2010-04-01",
    }
    if message["error_code"]:
        params["ErrorCode"] = str(message["error_code"])
    await _post_signed(world, url, params)


async def _post_signed(world: World, url: str, params: dict[str, str]) -> httpx2.Response | None:
    """None when nobody answered."""
    signed = {"X-Twilio-Signature": signature(world.settings.twilio_auth_token, url, params)}
    try:
        return await world.http.post(url, data=params, headers={**signed, "User-Agent": "TwilioProxy/1.1"})
    except httpx2.TransportError:
        return None


def signature(auth_token: str, url: str, params: dict[str, str]) -> str:
    signed = url + "".join(name + params[name] for name in sorted(params))
    return base64.b64encode(hmac.digest(auth_token.encode(), signed.encode(), hashlib.sha1)).decode()


async def receive_from_customer(world: World, *, sender: str, to: str | None, body: str) -> Row:
    """A customer's text, handed to us as Twilio would; the row says what our side answered."""
    to = to or _last_sender(world, sender)
    word = body.strip().upper()
    if word in STOP_WORDS:
        world.opted_out.add(sender)
    if word in START_WORDS:
        world.opted_out.discard(sender)
    sid = f"SM{secrets.token_hex(16)}"
    answer = await _post_signed(
        world, world.settings.webhook_url("twilio/sms"), _inbound(world, sid, sender, to, body)
    )
    _answer_keyword(world, sender, to, word)
    if answer is not None and sender not in world.opted_out:
        _obey_twiml(world, sender, to, answer.text)
    return {"message_sid": sid, "status": None if answer is None else answer.status_code}


def _last_sender(world: World, customer: str) -> str:
    texts = [item for item in world.inbox if item["channel"] == "sms" and item["to"] == customer]
    return str(texts[-1]["from"]) if texts else _shop_number(world)


def _inbound(world: World, sid: str, sender: str, to: str, body: str) -> dict[str, str]:
    return {
        "MessageSid": sid,
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "AccountSid": world.settings.twilio_account_sid,
        "From": sender,
        "To": to,
        "Body": body,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsStatus": "received",
        "FromCountry": "US",
        "ToCountry": "US",
        "ApiVersion": "2010-04-01",
    }


def _answer_keyword(world: World, customer: str, shop_number: str, word: str) -> None:
    text = STOPPED if word in STOP_WORDS else STARTED if word in {"START", "UNSTOP"} else None
    if text:
        _text_customer(world, customer, shop_number, text)


def _obey_twiml(world: World, customer: str, shop_number: str, twiml: str) -> None:
    for text in re.findall(r"<Message[^>]*>(?:<Body>)?([^<]+)", twiml):
        _text_customer(world, customer, shop_number, html.unescape(text))


def _text_customer(world: World, customer: str, shop_number: str, text: str) -> None:
    message = _new_message(world, {"To": customer, "From": shop_number, "Body": text})
    message |= {"status": "delivered", "direction": "outbound-reply"}
    world.sms[message["sid"]] = message
    _show(world, message)
