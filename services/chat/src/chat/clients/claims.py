"""What finds claims in plain words, behind our own port: a small local model, in a thread."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from shared.understanding.claims import claim_chances


class ClaimDetector(Protocol):
    async def chances(self, sentences: Sequence[str]) -> Sequence[float]:
        """One a sentence, that it states what only the shop may."""
        ...


class LocalClaimDetector:
    async def chances(self, sentences: Sequence[str]) -> Sequence[float]:
        return await asyncio.to_thread(claim_chances, sentences)
