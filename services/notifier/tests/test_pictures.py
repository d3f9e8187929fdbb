"""A customer's picture is shown to the shop: fetched with our log-in, which goes nowhere else."""

import pytest
from notifier.actions.inbound import PICTURES_SHOWN_A_DAY
from notifier.domain.pictures import MOST_BYTES, Picture, picture_of, that_fit

from .test_endpoints import SMS, from_twilio

SHOP = "store094@sample-tint.example"
JPEG = b"\xff\xd8\xff\xe0 a scratched door"
WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8 "


def media_url(shop, name: str) -> str:
    sid = shop.sandbox.world.settings.twilio_account_sid
    return f"{shop.sandbox.url}/twilio/2010-04-01/Accounts/{sid}/Messages/MM1/Media/{name}"


async def text_pictures(shop, sender: str, *urls: str, sid: str = "MM1") -> None:
    media = {f"MediaUrl{at}": url for at, url in enumerate(urls)}
    kinds = {f"MediaContentType{at}": "image/jpeg" for at, _ in enumerate(urls)}
    params = {"NumMedia": str(len(urls)), **media, **kinds}
    answer = await from_twilio(shop, SMS, MessageSid=sid, From=sender, To="+16195550194", Body="", **params)
    assert answer.status_code == 200


def enclosed(shop) -> list[list[str]]:
    return [[one["filename"] for one in mail["attachments"]] for mail in shop.inbox("email", SHOP)]


async def test_pictures_of_a_text_are_enclosed_in_the_notice(shop):
    lead = await shop.greet()
    shop.sandbox.world.media |= {"ME1": JPEG, "ME2": WEBP, "ME3": b"<script>alert(1)</script>"}
    urls = [media_url(shop, name) for name in ("ME1", "ME2", "ME3", "ME4")]
    await text_pictures(shop, lead.contact.phone, *urls)
    await shop.send_due()
    assert enclosed(shop) == [["picture-1.jpg", "picture-2.webp"]]


async def test_our_log_in_goes_to_twilio_alone(shop):
    lead = await shop.greet()
    shop.sandbox.world.media["ME1"] = JPEG
    good = media_url(shop, "ME1")
    elsewhere = good.replace("127.0.0.1", "localhost")
    around = good.replace("Messages/MM1/Media/ME1", "Messages/../../../twilio/media/ME1")
    await text_pictures(shop, lead.contact.phone, elsewhere, around, f"{good}?x=1", f"{good}.json")
    await shop.send_due()
    assert enclosed(shop) == [[]]


async def test_without_twilio_the_shop_is_told_all_the_same(shop):
    lead = await shop.greet()
    await shop.send_due()
    shop.fault("twilio", mode="status", status=503)
    await text_pictures(shop, lead.contact.phone, media_url(shop, "ME1"))
    await shop.send_due()
    [notice] = shop.inbox("email", SHOP)
    assert media_url(shop, "ME1") in notice["text"]


async def test_only_so_many_messages_with_pictures_are_mailed_a_day(shop):
    lead = await shop.greet()
    shop.sandbox.world.media["ME1"] = JPEG
    for number in range(PICTURES_SHOWN_A_DAY + 2):
        await text_pictures(shop, lead.contact.phone, media_url(shop, "ME1"), sid=f"MM{number}")
    await shop.send_due()
    assert enclosed(shop) == [["picture-1.jpg"]] * PICTURES_SHOWN_A_DAY


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (JPEG, "jpeg"),
        (b"\x89PNG\r\n\x1a\n...", "png"),
        (b"GIF89a...", "gif"),
        (WEBP, "webp"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", None),
        (b"RIFF....WAVE", None),
        (b"", None),
    ],
    ids=["jpeg", "png", "gif", "webp", "svg", "sound", "nothing"],
)
def test_a_picture_is_one_by_its_first_bytes(content, kind):
    found = picture_of(content)
    assert (found.kind if found else None) == kind


def test_what_would_be_too_much_is_left_out():
    big, small = Picture("png", b"x" * MOST_BYTES), Picture("png", b"x")
    assert that_fit([small, big, small]) == [small, small]
