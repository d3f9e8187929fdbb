"""A long message is heard piece by piece: what somebody says at its end counts as much."""

from shared.events.notification import OutboundChannel
from shared.text import pieces
from shared.understanding.opt_out import OptOut, hear_opt_out

LONG = 1000
PIECE = 400
"""Characters: the hearing reads a couple of dozen sentences of one text."""


async def hear_whole(text: str, channel: OutboundChannel | None) -> OptOut | None:
    """As `hear_opt_out`; the first piece that surely refuses counts, else the first that may."""
    doubtful = None
    for piece in pieces(text, PIECE) if len(text) > LONG else [text]:
        heard = await hear_opt_out(piece, channel)
        if heard and heard.sure:
            return heard
        doubtful = doubtful or heard
    return doubtful
