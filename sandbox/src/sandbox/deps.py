"""What a route asks for: the world it acts on."""

from typing import Annotated

from fastapi import Depends, Request

from sandbox.world import World


def world_of(request: Request) -> World:
    world: World = request.app.state.world
    return world


TheWorld = Annotated[World, Depends(world_of)]
