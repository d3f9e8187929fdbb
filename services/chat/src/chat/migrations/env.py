"""Runs the migrations of the schema `chat`."""

from chat.tables import Table
from shared.db.migrate import run_env

run_env(Table.metadata)
