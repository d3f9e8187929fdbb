"""What a clock starts: secrets are sealed with the newest key; what is too old leaves at night."""

from functools import partial

from shared.clock import Clock
from shared.retention import Remover

from ingest import actions, store
from ingest.deps import Deps
from ingest.holdings import OLD_LEADS, RETENTION
from ingest.settings import Settings

SEALING_SECONDS = 600
"""Nearly all is done in the first round, after the start; another one is for a database that was away then."""


def sealing_clock(deps: Deps) -> Clock:
    return Clock("secrets-sealing", partial(_seal, deps), SEALING_SECONDS)


async def _seal(deps: Deps) -> bool:
    await actions.seal_secrets(deps.sessions, deps.sealer)
    return False


def build_remover(deps: Deps, settings: Settings) -> Remover:
    erase = partial(actions.erase_old_leads, deps.sessions, settings.person_key)
    ages, takes = settings.retention_ages(), {OLD_LEADS.name: erase}
    return Remover(deps.sessions, RETENTION, ages, store.tenant_ids, takes=takes)
