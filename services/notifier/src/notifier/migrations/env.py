from notifier.tables import Table
from shared.db.migrate import run_env

run_env(Table.metadata)
