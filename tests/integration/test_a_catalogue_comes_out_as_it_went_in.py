"""What leadctl exports is what it imports; a bad file is refused with every error and changes nothing."""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pytest
from booking.actions.administering import as_imported
from booking.domain.catalog import VEHICLE_CLASSES, Offer
from booking.domain.catalog_import import CATALOG_FORMAT
from click.testing import Result
from hypothesis import given, settings
from hypothesis import strategies as st
from ops.catalog_file import CATALOG_FILE
from ops.cli import app
from ops.stack.stackfile import StackFile
from typer.testing import CliRunner

ROOT = Path(__file__).parents[2]
CENTS = st.integers(0, 100_000_00)
CLASS_PRICES = st.dictionaries(st.sampled_from(VEHICLE_CLASSES), CENTS)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=60)
LINE = WORDS.map(str.strip).filter(bool)
LISTED = LINE.filter(lambda text: ";" not in text and "|" not in text)
CODE = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,59}\Z")
DAY = st.dates(date(2020, 1, 1), date(2040, 1, 1))
ADDON = st.fixed_dictionaries(
    {"code": CODE, "name": LISTED, "amount_cents": CENTS, "class_prices": CLASS_PRICES}
)


@st.composite
def services(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["exact", "from", "range", "on_request"]))
    price = draw(CENTS.filter(lambda cents: cents < 100_000_00))
    priced = kind != "on_request"
    begins, ends = sorted((draw(DAY), draw(DAY)))
    family = draw(st.sampled_from(["", "full-tint"]))
    return {
        "location": draw(st.sampled_from(["", "Store094", "Store201"])),
        "code": draw(CODE),
        "name": draw(LINE),
        "name_es": draw(LINE | st.just("")),
        "description": draw(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))),
        "synonyms": draw(st.lists(LISTED, max_size=3)),
        "family": family,
        "tier": draw(LINE) if family else "",
        "price_kind": kind,
        "price_cents": price if priced else None,
        "max_cents": draw(st.integers(price + 1, 100_000_00)) if kind == "range" else None,
        "class_prices": draw(CLASS_PRICES) if priced else {},
        "duration_minutes": draw(st.integers(1, 1440)),
        "buffer_minutes": draw(st.integers(0, 1440)),
        "cure_minutes": draw(st.integers(0, 1440)),
        "skills": draw(st.lists(LISTED, max_size=2)),
        "addons": draw(st.lists(ADDON, max_size=2, unique_by=lambda addon: addon["code"])),
        "valid_from": draw(st.sampled_from([None, begins.isoformat()])),
        "valid_to": draw(st.sampled_from([None, (ends + timedelta(days=1)).isoformat()])),
        "active": draw(st.booleans()),
    }


@pytest.mark.parametrize("suffix", [".csv", ".yaml"])
def test_any_catalogue_that_the_service_holds_survives_the_file(suffix: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"catalog{suffix}"

        @settings(max_examples=60, derandomize=True, database=None, deadline=None)
        @given(st.lists(services(), min_size=1, max_size=4))
        def survives(raw: list[dict[str, Any]]) -> None:
            held = imported([row | {"row": n} for n, row in enumerate(raw)])
            if not held:
                return
            CATALOG_FILE.write(path, held)
            read, errors = CATALOG_FILE.read(path)
            assert errors == []
            assert imported(read) == held

        survives()


def imported(raw: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the service holds of these rows and exports."""
    rows, _ = CATALOG_FORMAT.read(raw)
    return [
        {"location": row.location, **as_imported(CATALOG_FORMAT, Offer(id=uuid4(), **row.values))}
        for row in rows
    ]


async def leadctl(stack: StackFile, *arguments: str) -> Result:
    settings = {"LEADCTL_GATEWAY_URL": stack.gateway, "LEADCTL_OPS_TOKEN": stack.secrets["ops_token"]}
    return await asyncio.to_thread(CliRunner().invoke, app, [*arguments], env=settings)


@pytest.mark.postgres
@pytest.mark.rabbit
@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", ["catalog.csv", "catalog.yaml"])
async def test_an_exported_catalogue_is_imported_without_a_difference(
    stack: StackFile, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    exported = await leadctl(stack, "export", "catalog", str(path))
    assert exported.exit_code == 0, exported.output
    again = await leadctl(stack, "import", "catalog", str(path))
    assert again.exit_code == 0, again.output
    assert "Nothing to change" in again.output
    sample = await leadctl(stack, "import", "catalog", str(ROOT / "samples/catalog.csv"), "--dry-run")
    assert "Nothing to change" in sample.output


@pytest.mark.postgres
@pytest.mark.rabbit
@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", ["knowledge.csv", "knowledge.yaml"])
async def test_exported_knowledge_is_that_of_the_tenant_file_and_is_imported_without_a_difference(
    stack: StackFile, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    exported = await leadctl(stack, "export", "knowledge", str(path))
    assert exported.exit_code == 0, exported.output
    for file in (path, ROOT / "samples/knowledge.yaml"):
        again = await leadctl(stack, "import", "knowledge", str(file))
        assert again.exit_code == 0, again.output
        assert "Nothing to change" in again.output


@pytest.mark.postgres
@pytest.mark.rabbit
@pytest.mark.timeout(180)
async def test_a_price_or_a_time_in_the_knowledge_is_refused_by_row_and_column(
    stack: StackFile, tmp_path: Path
) -> None:
    path = tmp_path / "knowledge.csv"
    path.write_text(
        'code,en,es\ntax,Prices are before tax.,\nwait,"It takes until 5 pm, $20 more.",\nlaw,Info.,a las 9\n'
    )
    refused = await leadctl(stack, "import", "knowledge", str(path), "--dry-run")
    assert refused.exit_code == 1
    assert "row 3, column en: names money" in refused.output
    assert "row 4, column es: names a time of day" in refused.output


@pytest.mark.postgres
@pytest.mark.rabbit
@pytest.mark.timeout(180)
async def test_a_bad_file_is_refused_with_every_error_in_its_own_words(
    stack: StackFile, tmp_path: Path
) -> None:
    path = tmp_path / "catalog.csv"
    path.write_text(
        "code,location,name,price_kind,price,max_price,suv,duration_minutes,active\n"
        "a,,A,exact,12.345,,,60,perhaps\n"
        "b b,,B,cheap,10,,2000000,0,yes\n"
        "c,,C,range,10,5,,60,yes\n"
        "c,,C,exact,10,,,60,yes\n"
        "c,,C,exact,10,,,60,yes\n"
    )
    refused = await leadctl(stack, "import", "catalog", str(path))
    assert refused.exit_code == 1
    for row, column in (
        (2, "price"),
        (2, "active"),
        (3, "code"),
        (3, "price_kind"),
        (3, "suv"),
        (3, "duration_minutes"),
        (4, "max_price"),
        (6, "code"),
    ):
        assert f"row {row}, column {column}: " in refused.output
    assert "8 errors; nothing was changed" in refused.output
    sample = await leadctl(stack, "import", "catalog", str(ROOT / "samples/catalog.csv"), "--dry-run")
    assert "Nothing to change" in sample.output


@pytest.mark.postgres
@pytest.mark.rabbit
@pytest.mark.timeout(180)
async def test_a_dry_run_shows_the_difference_line_by_line_and_changes_nothing(
    stack: StackFile, tmp_path: Path
) -> None:
    path = tmp_path / "catalog.csv"
    lines = (ROOT / "samples/catalog.csv").read_text().replace("249.00", "251.00")
    path.write_text(lines + "new-one,,New one,,,,,,exact,5.00,,,,,,,30,,,,,,,yes\n")
    for _ in range(2):
        shown = await leadctl(stack, "import", "catalog", str(path), "--dry-run")
        assert shown.exit_code == 0, shown.output
        assert "2 changes (dry run: nothing was changed)" in shown.output
        [changed] = [line for line in shown.output.splitlines() if "24900" in line and "25100" in line]
        [added] = [line for line in shown.output.splitlines() if "add" in line]
        assert "change" in changed
        assert "add" in added
