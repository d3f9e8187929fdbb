"""The files that operators write: what is wrong is named by row and column, and nothing is guessed."""

from pathlib import Path

import pytest
from ops.catalog_file import CATALOG_FILE
from ops.import_file import MAX_BYTES, BadFile
from ops.knowledge_file import KNOWLEDGE_FILE
from ops.tenant_file import read_tenant_file

ROOT = Path(__file__).parents[2]


def written(tmp_path: Path, text: str, name: str = "catalog.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_the_sample_catalogue_reads() -> None:
    rows, errors = CATALOG_FILE.read(ROOT / "samples/catalog.csv")
    assert errors == []
    first = rows[0]
    assert (first["location"], first["code"], first["price_cents"]) == ("Store094", "full-ceramic", 39900)
    assert first["class_prices"] == {
        "coupe": 36900, "sedan": 39900, "suv": 45900, "truck": 42900, "van": 49900,
    }  # fmt: skip
    assert first["addons"][0] == {
        "code": "sun-strip", "name": "Windshield sun strip", "amount_cents": 4500, "class_prices": {},
    }  # fmt: skip


def test_the_sample_knowledge_reads_as_a_file_and_as_a_list_of_the_tenant_file() -> None:
    path = ROOT / "samples/knowledge.yaml"
    rows, errors = KNOWLEDGE_FILE.read(path)
    assert errors == []
    assert {"warranty", "tax", "waiting", "drop-off", "tint-law"} <= {row["code"] for row in rows}
    assert all(row["en"] and row["es"] and row["questions"] for row in rows)
    listed = [{"code": "tax", "en": "Before tax.", "active": True}]
    [row], errors = KNOWLEDGE_FILE.read_list(path, listed)
    assert (row["code"], row["en"], row["es"], row["active"], errors) == ("tax", "Before tax.", "", True, [])


BAD_CELLS = [
    ("price", "12.345", "'12.345' is not an amount like 399.00"),
    ("suv", "ten", "'ten' is not an amount like 399.00"),
    ("max_price", "1e9", "'1e9' is not an amount like 399.00"),
    ("duration_minutes", "an hour", "'an hour' is not a whole number of minutes"),
    ("cure_minutes", "1.5", "'1.5' is not a whole number of minutes"),
    ("addons", "strip|Strip", "'strip|Strip' is not code|Name|price"),
    ("addons", "strip|Strip|5|tank=6", "'strip|Strip|5|tank=6' is not code|Name|price"),
    ("active", "perhaps", "'perhaps' is not yes or no"),
]


@pytest.mark.parametrize(("column", "cell", "said"), BAD_CELLS)
def test_a_bad_cell_is_named_by_row_and_column_and_left_as_it_is_written(
    tmp_path: Path, column: str, cell: str, said: str
) -> None:
    good = {"code": "a", "name": "A", "price_kind": "exact", "price": "9", "duration_minutes": "60"}
    row = good | {column: cell}
    path = written(
        tmp_path, "\n".join([",".join(row), ",".join([*good.values(), ""]), ",".join(row.values())])
    )
    [_, bad], [error] = CATALOG_FILE.read(path)
    assert str(error).startswith(f"row 3, column {column}: {said}")
    assert cell in str(bad)


def test_a_file_as_spreadsheets_write_it_reads(tmp_path: Path) -> None:
    """With a byte order mark, Windows line ends, cells of several lines, and nothing at the right and below."""
    path = tmp_path / "catalog.csv"
    path.write_bytes(
        b'\xef\xbb\xbf# prices, "our own\r\ncode,name,description,price_kind,price,duration_minutes,,\r\n'
        b'a,A,"one\r\n\r\n# two",exact,"$1,249.50",60,,\r\n,,,,,,,\r\nb,B,,on_request,,30,,\r\n'
    )
    rows, errors = CATALOG_FILE.read(path)
    assert errors == []
    assert [(row["row"], row["code"], row["price_cents"]) for row in rows] == [
        (3, "a", 124950),
        (7, "b", None),
    ]
    assert rows[0]["description"] == "one\r\n\r\n# two"


def test_a_cell_without_a_column_is_not_lost_in_silence(tmp_path: Path) -> None:
    path = written(tmp_path, "code,name,price_kind,duration_minutes\na,A,on_request,60,free!\n")
    assert [str(error) for error in CATALOG_FILE.read(path)[1]] == [
        "row 2, column (none): 'free!' has no column"
    ]


@pytest.mark.parametrize("text", ["", "# only words\n", 'code,name,price_kind,duration_minutes\na,"A\n'])
def test_a_file_without_rows_or_with_an_open_quote_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadFile):
        CATALOG_FILE.read(written(tmp_path, text))


def test_an_unknown_column_is_refused_rather_than_ignored(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="unknown columns: \\['prise'\\]; missing columns: \\['price_kind'\\]"):
        CATALOG_FILE.read(written(tmp_path, "code,name,prise,duration_minutes\n"))


def test_yaml_and_csv_say_the_same(tmp_path: Path) -> None:
    row = {"code": "a", "name": "A", "price_kind": "exact", "price": "12.50", "duration_minutes": "60"}
    csv_path = written(tmp_path, ",".join(row) + "\n" + ",".join(row.values()) + "\n")
    yaml_path = written(tmp_path, "- " + "\n  ".join(f"{k}: '{v}'" for k, v in row.items()), "catalog.yaml")
    ([from_csv], _), ([from_yaml], _) = CATALOG_FILE.read(csv_path), CATALOG_FILE.read(yaml_path)
    assert {**from_csv, "row": 0} == {**from_yaml, "row": 0}


def test_the_sample_tenant_reads_with_secrets_from_the_environment() -> None:
    content = read_tenant_file(ROOT / "samples/tenant.yaml", {"LEADCTL_WEBHOOK_SECRET": "s3"})
    tenant, locations = content["tenant"], content["locations"]
    assert isinstance(tenant, dict)
    assert isinstance(locations, list)
    assert tenant["webhook_secrets"] == ["s3"]
    assert [one["code"] for one in locations] == ["Store094", "Store201"]
    assert locations[0]["closures"][0]["date"] == "2026-12-26"


def test_a_missing_secret_is_named() -> None:
    with pytest.raises(BadFile, match="not set in the environment: LEADCTL_WEBHOOK_SECRET"):
        read_tenant_file(ROOT / "samples/tenant.yaml", {})


def test_a_file_that_is_no_tenant_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="needs `tenant` and `locations`"):
        read_tenant_file(written(tmp_path, "a: 1", "tenant.yaml"), {})


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdef", "bcdefg", strict=True)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, r"\*a: aliases are not taken.*line 2, column"),
        ("- &a\n- *a\n", r"\*a: aliases are not taken.*line 2, column"),
        ("[" * 40 + "]" * 40, "more than 20 levels deep"),
        ("# " + "x" * MAX_BYTES, f"over {MAX_BYTES} bytes"),
    ],
    ids=["nine-fold a line", "of itself", "deep", "long"],
)
@pytest.mark.parametrize("name", ["tenant.yaml", "catalog.yaml"])
def test_a_file_that_would_grow_without_end_is_refused_with_its_line(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    path = written(tmp_path, text, name)
    with pytest.raises(BadFile, match=f"(?s){said}"):
        read_tenant_file(path, {}) if name.startswith("tenant") else CATALOG_FILE.read(path)


def test_a_table_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=f"over {MAX_BYTES} bytes"):
        CATALOG_FILE.read(written(tmp_path, "code,name\n" + "a,b\n" * MAX_BYTES))
