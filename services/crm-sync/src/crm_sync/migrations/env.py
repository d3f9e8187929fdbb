"""Runs the migrations of schema `crm`."""

from crm_sync.tables import Table
from shared.db.migrate import run_env

run_env(Table.metadata)
