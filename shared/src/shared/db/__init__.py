"""PostgreSQL: engine, the one way to a transaction, migrations."""
