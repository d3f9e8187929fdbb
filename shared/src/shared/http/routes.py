"""Endpoints that ask who calls, and how often, before they read what is brought: FastAPI reads and parses a body first of all."""

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, Generic, TypeVar

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

T = TypeVar("T")

_ANSWERS = "before_body"
"""In the request's scope: what each check said, since it counts and must not be asked twice."""


class BeforeBody(Generic[T]):
    """A dependency that needs the request's head only; a `CheckedRoute` asks it before the body is read."""

    def __init__(self, check: Callable[[Request], Awaitable[T]]) -> None:
        self._check = check

    async def __call__(self, request: Request) -> T:
        answers: dict[BeforeBody[T], T] = request.scope.setdefault(_ANSWERS, {})
        if self not in answers:
            answers[self] = await self._check(request)
        return answers[self]


class CheckedRoute(APIRoute):
    """Whom one of its checks refuses is answered without a byte of the body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle, checks = super().get_route_handler(), list(checks_of(self.dependant))

        async def answer(request: Request) -> Response:
            for check in checks:
                await check(request)
            return await handle(request)

        return answer


def checks_of(dependant: Dependant) -> Iterator[BeforeBody[Any]]:
    """In the order in which they are asked."""
    for one in dependant.dependencies:
        if isinstance(one.call, BeforeBody):
            yield one.call
        yield from checks_of(one)
