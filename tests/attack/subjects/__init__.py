"""The attacks, a module for each subject; the order is that of `make attack`."""

from attack.subjects import (
    database,
    files,
    floods,
    gateway,
    identity,
    links,
    mail,
    neighbours,
    person,
    sessions,
    spam,
    starting,
    texts,
)
from attack.table import ATTACKS

__all__ = [
    "ATTACKS",
    "database",
    "files",
    "floods",
    "gateway",
    "identity",
    "links",
    "mail",
    "neighbours",
    "person",
    "sessions",
    "spam",
    "starting",
    "texts",
]
