"""`python -m sandbox`: HTTP and SMTP in one process, on one event loop."""

import contextlib

import uvicorn

from sandbox.app import create_app
from sandbox.server import server_config
from sandbox.settings import Settings


def main() -> None:
    settings = Settings()
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises Ctrl-C again when it has shut down
        uvicorn.Server(server_config(create_app(settings), settings)).run()


if __name__ == "__main__":
    main()
