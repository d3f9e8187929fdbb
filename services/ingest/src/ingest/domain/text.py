"""What people type, without what they cannot have meant."""


def plain_text(written: str) -> str:
    """Without surrounding space and control characters, which PostgreSQL (NUL) and terminals do not bear."""
    return "".join(c for c in written if c in "\n\t" or c.isprintable() or ord(c) > 0x9F).strip()


def words_or_none(written: str | None) -> str | None:
    """`None` also where nothing readable was typed."""
    return plain_text(written) or None if written else None
