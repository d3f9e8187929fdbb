"""`python -m notifier serve | migrate`."""

from shared.http.app import main

from notifier.app import build_app
from notifier.settings import Settings


def run() -> None:
    main("notifier", "notifier", Settings, build_app)


if __name__ == "__main__":
    run()
