"""Contact data on a page that anybody may see who was forwarded its link."""

_HIDDEN = "***"


def mask_name(name: str) -> str:
    """`Jane Doe` becomes `J*** D***`."""
    return " ".join(word[0] + _HIDDEN for word in name.split())
