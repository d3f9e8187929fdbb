"""Which locations of a tenant file can text their customers, and why the others cannot."""

from collections.abc import Iterable, Mapping

Settings = Mapping[str, object]


def texting(tenant: Settings, locations: Iterable[Settings]) -> list[list[str]]:
    """For each location its code, `yes`, `allow-list only` or `no`, and the reason."""
    return [[str(location.get("code", "")), *_of(tenant, location)] for location in locations]


def _of(tenant: Settings, location: Settings) -> tuple[str, str]:
    reason = _switched_off(location)
    if reason:
        return "no", reason
    if tenant.get("demo_mode", True):
        return "allow-list only", "demo mode is on (--live switches it off)"
    registration = location.get("a2p") or tenant.get("a2p")
    if not isinstance(registration, Mapping):
        return "no", "no A2P registration is named (a2p: {brand: ..., campaign: ...})"
    return "yes", f"under campaign {registration.get('campaign')}"


def _switched_off(location: Settings) -> str | None:
    found = location.get("switches")
    switches = found if isinstance(found, Mapping) else {}
    off = [name for name in ("enabled", "sends", "sms") if not switches.get(name, True)]
    if off:
        return f"switched off: {', '.join(off)}"
    return None if location.get("sms_from") else "no sms_from is named"
