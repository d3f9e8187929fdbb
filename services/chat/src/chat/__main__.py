"""`python -m chat serve | migrate`."""

from shared.http.app import main

from chat.app import build_app
from chat.settings import Settings


def run() -> None:
    main("chat", "chat", Settings, build_app)


if __name__ == "__main__":
    run()
