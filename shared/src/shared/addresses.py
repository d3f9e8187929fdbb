"""What several e-mail addresses have in common."""

GMAIL = frozenset({"gmail.com", "googlemail.com"})


def inbox(address: str) -> str:
    """Where mail to it arrives: `ana+tint@mail.example` is Ana's mailbox, too, and at Gmail dots make no difference.

    For counting only: who somebody is goes by the address as it is. A number is its own.
    """
    local, at, domain = address.rpartition("@")
    if not at:
        return address
    mailbox = local.partition("+")[0]
    return f"{mailbox.replace('.', '')}@gmail.com" if domain in GMAIL else f"{mailbox}@{domain}"
