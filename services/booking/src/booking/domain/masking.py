"""Contact data on a page that anybody may see who was forwarded its link."""

_HIDDEN = "***"


def mask_name(name: str) -> str:
    """`Jane Doe` becomes `J*** D***`."""
    return " ".join(word[0] + _HIDDEN for word in name.split())


def mask_email(email: str | None) -> str | None:
    """`jane@mail.example` becomes `j***@m***.example`."""
    if not email or "@" not in email:
        return None
    local, _, domain = email.rpartition("@")
    host, _, top = domain.rpartition(".")
    return f"{local[:1]}{_HIDDEN}@{host[:1]}{_HIDDEN}.{top}"


def mask_phone(phone: str | None) -> str | None:
    """Only the last two digits stay."""
    return f"{_HIDDEN}{phone[-2:]}" if phone else None
