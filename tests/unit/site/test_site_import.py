"""Somebody else's CSV becomes facilities of ours, or nothing happens."""

from pathlib import Path

import pytest

from domain.errors import FaultyFileError, RejectedError, TidewalkError
from services.site import faults_of, load_site
from services.site.foreign import Wish, as_id, bring, with_rows, write

THEIRS = "编号,名称,纬度,经度,备注\nBIN 0017,西岸,36.1502,120.1550,old\nBIN 0018,东岸,36.1503,120.1551,\n"
BOX = "latitude 36.0 to 37.0 and longitude 120.0 to 121.0 (WGS-84)"
WISH = Wish(
    columns={"编号": "id", "名称": "zh", "纬度": "lat", "经度": "lon"},
    values={"kind": "bin", "en": "Bin", "zone": "west", "depth_mm": "900"},
)


@pytest.fixture
def folder(tmp_path: Path, small: dict[str, bytes]) -> Path:
    for name, data in small.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def theirs(folder: Path, text: str = THEIRS, encoding: str = "utf-8") -> Path:
    source = folder / "theirs.csv"
    source.write_bytes(text.encode(encoding))
    return source


def said(source: Path, folder: Path, wish: Wish = WISH) -> list[str]:
    with pytest.raises(TidewalkError) as wrong:
        bring(source, folder, wish)
    return [str(one).replace(f"{folder}/", "") for one in faults_of(wrong.value)]


def test_what_is_brought_in_is_read_back(folder: Path):
    brought = bring(theirs(folder), folder, WISH)
    assert brought.ignored == ("备注",)
    assert brought.renamed == (("BIN 0017", "bin-0017"), ("BIN 0018", "bin-0018"))
    write(folder, brought.rows)
    found = load_site(folder).facilities["bin-0017"]
    assert (found.name.zh, found.position, dict(found.attributes)) == ("西岸", (36.1502, 120.155), {"depth_mm": 900.0})


def test_nothing_is_written_before_write(folder: Path):
    before = (folder / "facilities.csv").read_bytes()
    bring(theirs(folder), folder, WISH)
    assert (folder / "facilities.csv").read_bytes() == before


def test_rows_are_added_at_the_end_and_what_was_there_stays_to_the_byte(folder: Path):
    before = (folder / "facilities.csv").read_bytes()
    write(folder, bring(theirs(folder), folder, WISH).rows)
    assert (folder / "facilities.csv").read_bytes().startswith(before)


def test_a_column_that_is_not_there_yet_is_added(folder: Path):
    more = Wish(columns={**WISH.columns, "备注": "note"}, values={**WISH.values, "volume_l": "120"})
    write(folder, bring(theirs(folder), folder, more).rows)
    header = (folder / "facilities.csv").read_text("utf-8").splitlines()[0]
    assert header.endswith("capacity,note,volume_l")
    found = load_site(folder).facilities
    assert found["bin-0018"].attributes == {"depth_mm": 900.0, "volume_l": 120.0}
    assert found["lot-1"].attributes == {"capacity": 50.0}


def test_line_ends_and_a_missing_last_one_are_respected():
    assert with_rows(b"id,kind\r\na,bin", [{"id": "b", "kind": "bin"}]) == b"id,kind\r\na,bin\r\nb,bin\r\n"


def test_an_export_of_our_own_columns_needs_no_map(folder: Path):
    text = "id,kind,en,zh,zone,lat,lon,depth_mm\nbin-2,bin,Bin,箱,west,36.15,120.15,880\n"
    brought = bring(theirs(folder, text), folder, Wish())
    assert [row["id"] for row in brought.rows] == ["bin-2"]


def test_a_datum_is_converted_to_wgs_84(folder: Path):
    wish = Wish(WISH.columns, WISH.values, datum="gcj02")
    lon = [float(row["lon"]) for row in bring(theirs(folder), folder, wish).rows]
    assert all(0.0045 < there - here < 0.0055 for there, here in zip((120.1550, 120.1551), lon, strict=True))


def test_a_chinese_excel_is_read_by_its_encoding_and_named_without_it(folder: Path):
    source = theirs(folder, encoding="gb18030")
    assert said(source, folder) == ["theirs.csv:1: byte 0xb1 is not UTF-8; expected a file saved as UTF-8"]
    assert len(bring(source, folder, Wish(WISH.columns, WISH.values, encoding="gb18030")).rows) == 2


def test_faulty_rows_are_told_by_their_own_lines(folder: Path):
    text = "编号,名称,纬度,经度\nbin-1,西,36.15,120.15\nx,北,north,120.15\ny,,36.15,120.15\nz,南,26.15,120.15\n"
    assert said(theirs(folder, text), folder) == [
        "theirs.csv:2: facility bin-1 is there twice; expected one only (the first is facilities.csv:5)",
        "theirs.csv:3: lat is 'north'; expected degrees of latitude, WGS-84",
        "theirs.csv:4: zh is missing; expected the Chinese name",
        f"theirs.csv:5: the position 26.15, 120.15 lies outside the site's box; expected {BOX}",
    ]


def test_what_nothing_says_is_told_once_with_the_option_that_would(folder: Path):
    wish = Wish(columns={"编号": "id", "名字": "zh"}, values={"kind": "bin", "en": "Bin"})
    assert said(theirs(folder), folder, wish) == [
        "theirs.csv:1: there is no column '名字'; expected one of 编号, 名称, 纬度, 经度, 备注",
        "theirs.csv:1: nothing says the zh; expected a column of that name, --map COLUMN=zh or --set zh=VALUE",
        "theirs.csv:1: nothing says the zone; expected a column of that name, --map COLUMN=zone or --set zone=VALUE",
        "theirs.csv:1: nothing says the lat; expected a column of that name, --map COLUMN=lat or --set lat=VALUE",
        "theirs.csv:1: nothing says the lon; expected a column of that name, --map COLUMN=lon or --set lon=VALUE",
    ]


def test_a_field_that_we_do_not_have_is_refused(folder: Path):
    with pytest.raises(RejectedError, match=r"'depth' is no field of facilities.csv; .* \(did you mean depth_mm\?\)"):
        bring(theirs(folder), folder, Wish(values={"depth": "900"}))


def test_a_faulty_site_takes_nothing_in(folder: Path):
    (folder / "facilities.csv").write_text("id,kind,en,zh,zone,lat,lon\n", "utf-8")
    with pytest.raises(FaultyFileError, match=r"devices\.csv:2: facility is 'bin-1'"):
        bring(theirs(folder), folder, WISH)


@pytest.mark.parametrize(
    ("foreign", "ours"), [("BIN 0017", "bin-0017"), (" A_1/b ", "a-1-b"), ("ＢＩＮ１", "bin1"), ("垃圾桶", "")]
)
def test_the_nearest_id_is_found(foreign: str, ours: str):
    assert as_id(foreign) == ours
