"""The files that operators write: what is wrong is named by row and column, and nothing is guessed."""

from pathlib import Path

import pytest
from ops.catalog_file import read_catalog_file
from ops.tenant_file import BadFile, read_tenant_file

ROOT = Path(__file__).parents[2]


def written(tmp_path: Path, text: str, name: str = "catalog.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_the_sample_catalogue_reads() -> None:
    rows = read_catalog_file(ROOT / "samples/catalog.csv")
    first = rows[0]
    assert (first["location"], first["code"], first["price_cents"]) == ("Store094", "full-ceramic", 39900)
    assert first["class_prices"] == {
        "coupe": 36900, "sedan": 39900, "suv": 45900, "truck": 42900, "van": 49900,
    }  # fmt: skip
    assert first["addons"] == [
        {"code": "sun-strip", "name": "Windshield sun strip", "amount_cents": 4500},
        {"code": "removal", "name": "Old film removal", "amount_cents": 12000},
    ]


def test_every_bad_cell_is_named_by_row_and_column(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "code,name,price_kind,price,duration_minutes,addons\n"
        "a,A,exact,12.345,60,\n"
        "b,B,exact,ten,an hour,strip|Strip\n",
    )
    with pytest.raises(BadFile) as caught:
        read_catalog_file(path)
    message = str(caught.value)
    assert "row 2, column price: '12.345' is not an amount like 399.00" in message
    assert "row 3, column price: 'ten'" in message
    assert "row 3, column duration_minutes: 'an hour' is not a whole number of minutes" in message
    assert "row 3, column addons: 'strip|Strip' is not code|Name|price" in message


def test_an_unknown_column_is_refused_rather_than_ignored(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="unknown columns: \\['prise'\\]; missing columns: \\['price_kind'\\]"):
        read_catalog_file(written(tmp_path, "code,name,prise,duration_minutes\n"))


def test_yaml_and_csv_say_the_same(tmp_path: Path) -> None:
    row = {"code": "a", "name": "A", "price_kind": "exact", "price": "12.50", "duration_minutes": "60"}
    csv_path = written(tmp_path, ",".join(row) + "\n" + ",".join(row.values()) + "\n")
    yaml_path = written(tmp_path, "- " + "\n  ".join(f"{k}: '{v}'" for k, v in row.items()), "catalog.yaml")
    [from_csv], [from_yaml] = read_catalog_file(csv_path), read_catalog_file(yaml_path)
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
