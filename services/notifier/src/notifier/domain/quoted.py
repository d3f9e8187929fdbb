"""The new words of an e-mail reply, without the quoted mail below them."""

import re

_QUOTE_BEGINS = re.compile(
    r"^\s*(?:>|On .{0,200} wrote:\s*$|-{2,}\s*Original Message|_{8,}\s*$|From:\s.+@|Sent from my )",
    re.IGNORECASE,
)
_WRAPPED_ATTRIBUTION = re.compile(r"^On [^\n]{0,200}\n[^\n]{0,200}wrote:\s*$", re.IGNORECASE | re.MULTILINE)


def new_words(text: str) -> str:
    lines: list[str] = []
    for line in _WRAPPED_ATTRIBUTION.sub("> ", text.replace("\r\n", "\n")).split("\n"):
        if _QUOTE_BEGINS.match(line) or line.rstrip("\r") == "-- ":
            break
        lines.append(line)
    return "\n".join(lines).strip()
