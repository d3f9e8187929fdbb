"""Old rows leave outbox, inbox and the counts of limits when nothing can ask for them any more."""

import structlog

from shared.db.engine import connect

log = structlog.get_logger()

BATCH_ROWS = 5_000
INTERVAL_SECONDS = 3600

# The oldest published rows come first by id, so a round that finds nothing reads one batch and no more.
_OUTBOX = """
DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE published_at IS NOT NULL ORDER BY id LIMIT $2)
AND published_at < clock_timestamp() - make_interval(days => $1)
"""
_INBOX = """
DELETE FROM inbox WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM inbox WHERE processed_at < clock_timestamp() - make_interval(days => $1) LIMIT $2
))
"""
_LIMITS = """
DELETE FROM limit_counts WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM limit_counts WHERE expires_at < clock_timestamp() LIMIT $1
))
"""


async def purge(dsn: str, retention_days: int) -> int:
    """Batch by batch, each its own transaction; the number of rows removed. Never a row that is still to be published."""
    connection = await connect(dsn, application_name="retention")
    try:
        removed = 0
        for statement in (_OUTBOX, _INBOX):
            while rows := _count(await connection.execute(statement, retention_days, BATCH_ROWS)):
                removed += rows
        while rows := _count(await connection.execute(_LIMITS, BATCH_ROWS)):
            removed += rows
    finally:
        await connection.close()
    if removed:
        log.info("retention.purged", rows=removed, older_than_days=retention_days)
    return removed


def _count(status: str) -> int:
    """Of PostgreSQL's answer `DELETE 12`."""
    return int(status.rpartition(" ")[2])
