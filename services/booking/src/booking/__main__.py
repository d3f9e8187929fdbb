"""`python -m booking serve | migrate`."""

from shared.http.app import main

from booking.app import build_app
from booking.settings import Settings


def run() -> None:
    main("booking", "booking", Settings, build_app)


if __name__ == "__main__":
    run()
