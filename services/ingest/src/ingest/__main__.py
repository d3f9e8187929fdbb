"""`python -m ingest serve | migrate`."""

from shared.http.app import main

from ingest.app import build_app
from ingest.settings import Settings


def run() -> None:
    main("ingest", "ingest", Settings, build_app)


if __name__ == "__main__":
    run()
