"""`python -m crm_sync serve | migrate`."""

from shared.http.app import main

from crm_sync.app import build_app
from crm_sync.settings import Settings


def run() -> None:
    main("crm-sync", "crm_sync", Settings, build_app)


if __name__ == "__main__":
    run()
