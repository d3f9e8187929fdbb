"""Where a person comes in: decided here for both assistants, from the customer's words and what happened, by no model."""

import re
from datetime import timedelta
from functools import cached_property
from typing import Literal

from chat.actions.assistant import Reply, Say, Turn, buttons_of
from chat.actions.tools import Tools
from chat.domain import phrases
from chat.domain.conversation import (
    BINDING,
    CALL_BACK_ASKED,
    CALL_BACK_NO,
    CALL_BACK_YES,
    CONFIRMING,
    PERSON,
    State,
)
from chat.domain.handoff import CARE_FIRST, asked, phone_in
from chat.domain.intents import AskCallBack, AskPerson, Context, Intent, No, Resume, Yes, understand_action
from chat.domain.soft import Signs, Soft, soft_trigger
from chat.domain.understanding import asks_unlisted_price, context_of, speaks_of, understand
from chat.domain.values import ActionsPart

_OFFERS_A_PERSON = re.compile(
    r"\b(?:person|someone|somebody|human|team|persona|alguien|equipo)\b[^.!?]*\?\s*$", re.IGNORECASE
)
"""A model's answer that ends with that question needs no second one."""
_ABOUT_CALLING = CALL_BACK_ASKED | {State.CALL_BACK_OFFER}


class Reception:
    """One turn: what is answered before any assistant is asked, and what is added to an assistant's answer."""

    def __init__(self, turn: Turn, tools: Tools) -> None:
        self._turn = turn
        self._tools = tools
        self._asked_in = tools.facts.state

    async def answer(self) -> Say | None:
        """`None`: an assistant answers."""
        turn = self._turn
        if wanted := self._person_asked_for():
            taken = turn.person_offered if wanted == AskPerson() else None
            return await self._hand_off("soft" if taken else "hard", taken or wanted.reason)
        if self._intents == (Resume(),):
            self._tools.want_nobody()
            return self._say("resumed")
        if turn.person_offered and self._intents == (Yes(),):
            return await self._hand_off("soft", turn.person_offered)
        if turn.person_offered and self._intents == (No(),):
            return self._say("acknowledged")
        if not self._tools.binds and self._tools.facts.state in BINDING and Yes() in self._intents:
            return self._say("confirm_by_link")
        return await self._call_back()

    def by_link(self, reply: Reply) -> Say | None:
        """What an answer by mail asks the customer to do, where a yes would bind."""
        words = phrases.say("confirm_by_link", self._turn.language)
        if self._tools.binds or self._tools.facts.state not in BINDING or words in reply.text:
            return None
        return Say(words)

    def offer(self, reply: Reply, dropped: int) -> tuple[Soft, Say] | None:
        """The person to offer under a finished answer, and why. In the answer's own buttons, if it has some."""
        awaited = self._turn.person_asked or self._tools.hand_off_wish is not None
        if awaited or self._asked_in in _ABOUT_CALLING:
            return None
        soft = soft_trigger(self._signs(reply, dropped))
        if soft is None:
            return None
        shown = next((part.actions for part in reply.parts if isinstance(part, ActionsPart)), ())
        person = phrases.button(PERSON, self._turn.language)
        others = tuple(action for action in shown if action.id != PERSON)
        reply.parts = [part for part in reply.parts if not isinstance(part, ActionsPart)]
        text = phrases.person_offer(
            soft, self._turn.shop, self._turn.language, a_yes_is_taken=self._a_yes_is_taken
        )
        if _OFFERS_A_PERSON.search(reply.text):
            text = ""
        return soft, Say(text, (ActionsPart(actions=(*others, person)),))

    @property
    def stands(self) -> bool:
        """A plain yes takes the offer, unless it answers something else."""
        return not self._a_yes_is_taken

    @property
    def _a_yes_is_taken(self) -> bool:
        return self._tools.facts.state in CONFIRMING

    def _signs(self, reply: Reply, dropped: int) -> Signs:
        turn, tools = self._turn, self._tools
        away_since = tools.booking.away_since if tools.degraded else None
        return Signs(
            special=self._speaks_of("special") or (tools.quoted and self._is_special_vehicle()),
            price_beyond=tools.price_unknown or self._speaks_of("bargain") or self._asks_unlisted_price(),
            refusals=0 if tools.changed else turn.refusals + tools.refusals,
            away_for=turn.now - away_since if away_since else timedelta(),
            dropped=dropped,
            misses=turn.misses + 1 if self.missed(reply) else 0,
        )

    def missed(self, reply: Reply) -> bool:
        return reply.missed or self._speaks_of("off_topic")

    def _speaks_of(self, topic: str) -> bool:
        return speaks_of(topic, self._turn.text, self._context)

    def _asks_unlisted_price(self) -> bool:
        return asks_unlisted_price(self._turn.text, self._context)

    def _is_special_vehicle(self) -> bool:
        vehicle = self._turn.lead.vehicle
        return speaks_of("special", (vehicle.typed if vehicle else None) or "", self._context)

    @cached_property
    def _context(self) -> Context:
        return context_of(self._turn.shop, self._tools.facts, self._turn.now)

    @cached_property
    def _intents(self) -> tuple[Intent, ...]:
        if self._turn.action is not None:
            return (understand_action(self._turn.action),)
        return understand(self._turn.text, self._context)

    def _person_asked_for(self) -> AskPerson | None:
        """In the button or in the words; words of a burst that ended with a button count, too."""
        typed = understand(self._turn.text, self._context) if self._turn.action and self._turn.text else ()
        return next((i for i in (*self._intents, *typed) if isinstance(i, AskPerson)), None)

    async def _hand_off(self, kind: Literal["hard", "soft"], reason: str) -> Say:
        said = [said.text for said in self._turn.history if said.by_customer]
        await self._tools.hand_off(kind, reason, asked(said))
        wish = self._tools.hand_off_wish
        opening = wish.opening if wish else None
        text = phrases.handed_off(self._turn.shop, opening, self._turn.language)
        if reason in CARE_FIRST:
            text = f"{phrases.say('care_first', self._turn.language)} {text}"
        return self._buttoned(text)

    async def _call_back(self) -> Say | None:
        turn, tools, state = self._turn, self._tools, self._tools.facts.state
        number = phone_in(turn.text) if turn.action is None and state in CALL_BACK_ASKED else None
        if number is not None:
            return await self._keep_call_back(number)
        if turn.action == CALL_BACK_NO or (state in _ABOUT_CALLING and self._intents == (No(),)):
            tools.let_go()
            return self._say("acknowledged")
        if state is State.CALL_BACK_CONFIRM and tools.yes and tools.phone is not None:
            return await self._keep_call_back(tools.phone)
        wanted = state is State.CALL_BACK_OFFER and self._intents == (Yes(),)
        if wanted or turn.action == CALL_BACK_YES or AskCallBack() in self._intents:
            tools.ask_call_back()
            return self._buttoned(phrases.ask_call_back(tools.phone, turn.shop, turn.language))
        return None

    async def _keep_call_back(self, phone: str) -> Say:
        await self._tools.keep_call_back(phone)
        wish = self._tools.call_back_wish
        opening = wish.opening if wish else None
        return self._buttoned(phrases.call_back_kept(phone, self._turn.shop, opening, self._turn.language))

    def _say(self, phrase: str) -> Say:
        return self._buttoned(phrases.say(phrase, self._turn.language))

    def _buttoned(self, text: str) -> Say:
        return Say(text, (buttons_of(self._turn, self._tools),))
