"""leadctl messages: every mail and text of this release, to be looked at."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from ops.screen import console

app = typer.Typer(help="The words that customers get.", no_args_is_help=True)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MOST_SECONDS = 60


@app.callback()
def messages() -> None:
    """Keeps `preview` a command of its own name."""


@app.command("preview")
def preview(out: Annotated[Path, typer.Option(help="The folder to write to.")]) -> None:
    """Each message for a sample customer as HTML, text and picture; `index.html` shows them side by side."""
    # notifier alone knows its words, and nobody imports a service.
    written = subprocess.run(
        [sys.executable, "-m", "notifier.preview", str(out)], check=True, capture_output=True, text=True
    )
    pages = [Path(line) for line in written.stdout.splitlines()]
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    for page in pages if browser else ():
        _picture(str(browser), page)
    pictures = "with pictures" if browser else "without pictures: there is no Chromium here"
    console.print(f"{len(pages)} messages in {out}, {pictures}", highlight=False)


def _picture(browser: str, page: Path) -> None:
    subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",  # it opens our own pages only
            "--hide-scrollbars",
            "--window-size=640,1000",
            f"--screenshot={page.with_suffix('.png').resolve()}",
            page.resolve().as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=MOST_SECONDS,
    )
