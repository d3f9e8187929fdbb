"""Why ingest says no; the endpoints turn each into an answer."""

from collections.abc import Iterable


class TenantUnknown(Exception):
    def __init__(self, slug: str) -> None:
        super().__init__(f"There is no tenant {slug!r}.")


class SecretsLost(Exception):
    """The webhook may be signed with a secret that we cannot read: the sender is to come again."""

    def __init__(self, slug: str) -> None:
        super().__init__(
            f"No key of INGEST_DATA_KEYS opens a webhook secret of the tenant {slug!r}: put the key that sealed it back, "
            "or import the tenant again."
        )


class DeliveryUnknown(Exception):
    def __init__(self) -> None:
        super().__init__("There is no such delivery.")


class SiteUnknown(Exception):
    def __init__(self) -> None:
        super().__init__("This site key is not known; take it from the tenant's settings.")


class LocationUnknown(Exception):
    """Also a location that is switched off: from outside both take no leads."""

    def __init__(self) -> None:
        super().__init__("This location does not exist or takes no leads.")


class KeyReused(Exception):
    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another body; use a new key for a new lead.")


class ChallengeRequired(Exception):
    """The site asks every form for proof of work, and this one brought none."""


class ProofWrong(Exception):
    def __init__(self) -> None:
        super().__init__(
            "This is no solution of a challenge of ours for this site key: take a new challenge."
        )


class ProofExpired(Exception):
    def __init__(self) -> None:
        super().__init__("This challenge was too old when the form came: take a new challenge.")


class ProofUsed(Exception):
    def __init__(self) -> None:
        super().__init__("This challenge was used for another form: take a new challenge for each.")


class SiteKeyTaken(Exception):
    def __init__(self) -> None:
        super().__init__("Another tenant uses one of these site keys.")


class CrmLocationTaken(Exception):
    def __init__(self, crm_location_id: str, code: str) -> None:
        super().__init__(f"Location {code!r} already stands for {crm_location_id!r}.")


class StaffUnknown(Exception):
    def __init__(self) -> None:
        super().__init__("There is no such member of staff.")


class TokenUnknown(Exception):
    def __init__(self) -> None:
        super().__init__("This member has no such API token.")


class CodesUnknown(Exception):
    def __init__(self, codes: Iterable[str]) -> None:
        super().__init__(f"The tenant has no location {', '.join(codes)}.")
