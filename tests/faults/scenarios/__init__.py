"""The scenarios: what breaks while customers come, chat and book. A module for each part that breaks."""

from faults.scenarios import (
    broker,
    clocks,
    database,
    gateway,
    hostile_vendors,
    migrations,
    network,
    passwords,
    poison,
    processes,
    queues,
    slow,
    vendors,
    webhooks,
)
from faults.scenarios.table import SCENARIOS, Run, Scenario

__all__ = [
    "SCENARIOS",
    "Run",
    "Scenario",
    "broker",
    "clocks",
    "database",
    "gateway",
    "hostile_vendors",
    "migrations",
    "network",
    "passwords",
    "poison",
    "processes",
    "queues",
    "slow",
    "vendors",
    "webhooks",
]
