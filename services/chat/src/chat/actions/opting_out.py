"""A customer who wants no more messages is told so once, or asked where the words leave a doubt; no assistant speaks."""

from dataclasses import replace
from datetime import datetime

from shared.understanding.opt_out import BOTH, OptOut
from sqlalchemy.ext.asyncio import AsyncSession

from chat.actions.records import NewMessage, Scene, add_message, channel_of
from chat.domain import phrases
from chat.domain.conversation import Owner
from chat.domain.intents import Yes
from chat.domain.understanding import context_of, understand
from chat.tables import ChatMessage

_CONFIRMATIONS = {("sms",): "opted_out_of_texts", ("email",): "opted_out_of_mail", BOTH: "opted_out"}


def meant(scene: Scene, text: str, heard: OptOut | None, now: datetime) -> OptOut | None:
    """With our question taken into account, which this message answers: a yes is one, and so is a word like STOP; what leaves a doubt again is no answer to it.

    Nothing is lost by that: offers ended with the first doubt, and only what the customer asks is answered.
    """
    if heard is not None and scene.conversation.opt_out_asked and heard.how == "keyword":
        return replace(heard, sure=True)
    if not scene.conversation.opt_out_asked or (heard is not None and heard.sure):
        return heard
    if understand(text, context_of(scene.shop, scene.facts, now)) == (Yes(),):
        return OptOut("free_text", BOTH, scene.language)
    return None


async def answer_opt_out(
    session: AsyncSession, scene: Scene, message: ChatMessage, opt_out: OptOut, now: datetime
) -> None:
    """In the message's own transaction, whoever has the conversation; a person of the shop still sees it waiting."""
    conversation = scene.conversation
    conversation.answer_due_at = conversation.person_offered = None
    conversation.opt_out_asked = not opt_out.sure
    waiting_since = conversation.waiting_since
    phrase = _CONFIRMATIONS[opt_out.channels] if opt_out.sure else "ask_opt_out"
    reply = NewMessage(
        "assistant",
        phrases.say(phrase, opt_out.language, shop=scene.shop.name),
        channel=channel_of(message.channel),
        reply_to=message.id,
        opt_out=opt_out.channels if opt_out.sure else (),
    )
    await add_message(session, scene, reply, now)
    if conversation.owner == Owner.HUMAN:
        conversation.waiting_since = waiting_since
