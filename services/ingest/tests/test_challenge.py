"""Above the soft limit, or always where a tenant wants it, the web form asks for proof of work; a proof is good once."""

import asyncio
import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from altcha import Challenge, Payload, Solution, solve_challenge
from ingest.challenge import LIFETIME, TRIES, Challenges
from ingest.domain.refusals import ProofExpired, ProofWrong
from testkit.secrets import KEY

from .conftest import OPS, SITE_KEY, TENANT, Rows
from .test_form_endpoint import form
from .test_limits import limited  # noqa: F401 - a fixture

OTHER_SITE = "other-site-key"
PATH = f"/api/leads/challenge?site_key={SITE_KEY}"
OURS = Challenges([KEY])


def solved(challenge: dict[str, Any]) -> str:
    """As a browser does it."""
    read = Challenge.from_dict(challenge)
    solution = solve_challenge(read)
    assert solution is not None
    return Payload(read, solution).to_base64()


def made(site_key: str = SITE_KEY, now: datetime | None = None, challenges: Challenges = OURS) -> str:
    return solved(challenges.new(site_key, now or datetime.now(UTC)).model_dump())


async def proof(client: httpx2.AsyncClient, path: str = PATH) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return solved(answer.json())


async def submit(
    client: httpx2.AsyncClient, altcha: str | None = None, key: str | None = None, **changed: object
) -> httpx2.Response:
    contact = {"name": "Pat Sample", "email": f"pat.{uuid4().hex[:8]}@sample.test"}
    body = form(contact=contact, **changed) | ({"altcha": altcha} if altcha is not None else {})
    return await client.post("/api/leads", json=body, headers={"Idempotency-Key": key or str(uuid4())})


def asks_for_proof(answer: httpx2.Response) -> bool:
    body = answer.json()
    assert (answer.status_code, body["code"], body["challenge"]) == (429, "challenge_required", PATH)
    assert int(answer.headers["Retry-After"]) >= 1
    return True


def refused(answer: httpx2.Response, code: str) -> bool:
    body = answer.json()
    assert (answer.status_code, body["code"], body["challenge"]) == (422, code, PATH), answer.text
    assert [error["field"] for error in body["errors"]] == ["altcha"]
    return True


async def test_a_flood_from_one_address_needs_a_proof_for_each_form_more(limited, rows: Rows):  # noqa: F811
    async with limited(form_soft_per_ip="3/day") as client:
        assert [(await submit(client)).status_code for _ in range(3)] == [201] * 3
        answer = await submit(client)
        assert asks_for_proof(answer)
        good = await proof(client, answer.json()["challenge"])
        assert (await submit(client, good)).status_code == 201
        assert refused(await submit(client, good), "challenge_used")
        assert asks_for_proof(await submit(client))
        assert (await submit(client, await proof(client))).status_code == 201
    assert len(await rows("SELECT id FROM leads")) == 5


async def test_the_defaults_take_sixty_a_minute_and_then_ask(limited):  # noqa: F811
    async with limited() as client:
        assert {(await submit(client)).status_code for _ in range(55)} == {201}
        later = [await submit(client) for _ in range(70)]
        assert asks_for_proof(next(answer for answer in later if answer.status_code != 201))
        assert (await submit(client, await proof(client))).status_code == 201


async def test_a_proof_lifts_no_other_limit(limited):  # noqa: F811
    async with limited(form_per_ip="1/day") as client:
        assert (await submit(client, await proof(client))).status_code == 201
        answer = await submit(client, await proof(client))
        assert (answer.status_code, answer.json()["limit"]) == (429, "form_per_ip")


async def test_challenges_are_counted_themselves(limited):  # noqa: F811
    async with limited(challenges_per_ip="1/day") as client:
        assert (await client.get(PATH)).status_code == 200
        answer = await client.get(PATH)
        assert (answer.status_code, answer.json()["limit"]) == (429, "challenges_per_ip")


@pytest.fixture
async def always(client, tenant_id) -> httpx2.AsyncClient:
    """The site asks every form."""
    wanted = TENANT | {"form_challenge": "always"}
    answer = await client.put("/api/admin/tenants/sample-tint", json=wanted, headers=OPS)
    assert answer.json()["changes"] == [{"field": "form_challenge", "old": "auto", "new": "always"}]
    return client


async def test_a_tenant_may_ask_every_form(always, rows: Rows):
    assert asks_for_proof(await submit(always))
    assert asks_for_proof(await submit(always, ""))
    assert (await submit(always, await proof(always))).status_code == 201
    assert len(await rows("SELECT id FROM leads")) == 1


async def test_the_same_form_sent_again_gets_the_same_answer(always, rows: Rows):
    """Its first answer was lost; it brings the same proof, another one, or none any more."""
    good = await proof(always)
    contact = {"name": "Pat Sample", "email": "pat@sample.test"}
    body = form(contact=contact)
    answers = [
        await always.post("/api/leads", json=body | again, headers={"Idempotency-Key": "key-1"})
        for again in ({"altcha": good}, {"altcha": good}, {"altcha": await proof(always)}, {})
    ]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["lead_id"] for answer in answers}) == 1
    assert len(await rows("SELECT id FROM leads")) == 1


async def test_of_many_forms_at_once_with_one_proof_one_is_taken(always, rows: Rows):
    good = await proof(always)
    answers = await asyncio.gather(*(submit(always, good) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422, 422, 422]
    assert len(await rows("SELECT id FROM leads")) == 1


async def test_a_form_that_is_refused_for_something_else_does_not_use_up_its_proof(always):
    good = await proof(always)
    assert (await submit(always, good, location="Nowhere")).status_code == 422
    assert (await submit(always, good)).status_code == 201


async def test_a_challenge_of_another_site_is_no_proof(always):
    assert refused(await submit(always, made(OTHER_SITE)), "challenge_not_solved")


async def test_a_proof_that_comes_too_late(always):
    old = made(now=datetime.now(UTC) - LIFETIME)
    assert refused(await submit(always, old), "challenge_expired")


async def test_what_nobody_solved_is_no_proof(always):
    forged = made(challenges=Challenges(["a-key-that-is-not-ours"]))
    for wrong in (forged, "x", b64encode(b"{}").decode(), b64encode(b"[" * 2900).decode()):
        assert refused(await submit(always, wrong), "challenge_not_solved")


async def test_used_challenges_are_forgotten_when_they_would_be_refused_anyway(always, sessions, rows: Rows):
    for _ in range(3):
        assert (await submit(always, await proof(always))).status_code == 201
    assert len(await rows("SELECT id FROM used_challenges")) == 3
    await rows("UPDATE used_challenges SET expires_at = expires_at - interval '1 hour' RETURNING id")
    assert (await submit(always, await proof(always))).status_code == 201
    assert len(await rows("SELECT id FROM used_challenges")) == 1


async def test_an_unknown_way_to_ask_is_refused_by_name(client, tenant_id):
    wanted = TENANT | {"form_challenge": "never"}
    answer = await client.put("/api/admin/tenants/sample-tint", json=wanted, headers=OPS)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "form_challenge")


def changed(altcha: str, *path: str, to: object) -> str:
    payload = json.loads(b64decode(altcha))
    inner = payload
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return b64encode(json.dumps(payload).encode()).decode()


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("challenge", "parameters", "cost"), 1),
        (("challenge", "parameters", "keyPrefix"), ""),
        (("challenge", "parameters", "keySignature"), None),
        (("challenge", "parameters", "expiresAt"), 32503680000),
        (("challenge", "parameters", "data"), {"site_key": OTHER_SITE}),
        (("challenge", "parameters"), []),
        (("challenge", "signature"), None),
        (("solution", "derivedKey"), "00" * 32),
        (("solution",), None),
    ],
)
def test_whatever_is_changed_in_a_proof_spoils_it(path, to):
    good = made()
    with pytest.raises(ProofWrong):
        OURS.check(changed(good, *path, to=to), SITE_KEY, datetime.now(UTC))


def test_a_guessed_solution_is_none():
    challenge = Challenge.from_dict(OURS.new(SITE_KEY, datetime.now(UTC)).model_dump())
    guessed = Payload(challenge, Solution(counter=150, derived_key="ab" * 32)).to_base64()
    with pytest.raises(ProofWrong):
        OURS.check(guessed, SITE_KEY, datetime.now(UTC))


def test_the_database_s_time_ends_a_challenge():
    good = made()
    assert OURS.check(good, SITE_KEY, datetime.now(UTC) + LIFETIME - timedelta(seconds=5))
    with pytest.raises(ProofExpired):
        OURS.check(good, SITE_KEY, datetime.now(UTC) + LIFETIME + timedelta(seconds=1))


def test_a_key_is_replaced_while_challenges_are_out():
    old, new = "sample-old-challenge-key", "sample-new-challenge-key"
    before, after = made(challenges=Challenges([old])), made(challenges=Challenges([new, old]))
    for good in (before, after):
        assert Challenges([new, old]).check(good, SITE_KEY, datetime.now(UTC))
        assert Challenges([old, new]).check(good, SITE_KEY, datetime.now(UTC))


def test_the_work_has_a_bound():
    for _ in range(3):
        payload = Payload.from_base64(made())
        assert payload.solution.counter in TRIES
        assert payload.challenge.parameters.cost == 2000
