"""Bringing in facilities from somebody else's CSV: their columns, their datum, our rows, nothing written by halves."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from domain.errors import RejectedError
from services.site.check import check
from services.site.datum import to_wgs84
from services.site.draft import FACILITIES_FILE, FILES, fit_facilities, read_draft
from services.site.faults import Faults, Notice, one_of
from services.site.load import parse, read_files
from services.site.row_shapes import FACILITY_COLUMNS, FACILITY_NEEDED
from services.site.table import Line, Table, decode, read_table


@dataclass(frozen=True, slots=True)
class Wish:
    """How a foreign CSV is to be read: its columns under our names, values that every row gets, datum and encoding."""

    columns: Mapping[str, str] = field(default_factory=dict)  # foreign column → field of facilities.csv
    values: Mapping[str, str] = field(default_factory=dict)  # field → value, where the row has none
    datum: str = "wgs84"
    encoding: str = "utf-8-sig"


class Brought(NamedTuple):
    """What a foreign CSV brings: rows of facilities.csv, foreign columns nobody asked for, ids that were rewritten."""

    rows: tuple[Mapping[str, str], ...]
    ignored: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    notices: tuple[Notice, ...]


def bring(source: Path, folder: Path, wish: Wish) -> Brought:
    """Read a foreign CSV and check its rows together with the site they are for; writes nothing.

    Raises FaultyFileError or FaultySiteError with the lines of the foreign file, also where the site itself is faulty;
    RejectedError for a wish that cannot be.
    """
    _check_wish(wish)
    files, shown = read_files(folder), str(source)
    faults = Faults()
    names = {name: str(folder / name) for name in FILES}
    draft = read_draft(files, names, faults)
    text = decode(source.read_bytes(), shown, faults, wish.encoding)
    table = read_table(text, shown, faults) if text is not None else None
    if table is None:
        faults.settle([*names.values(), shown])
        raise RejectedError(f"{shown} cannot be read")
    fields = _fields(table, shown, wish, faults)
    renamed: list[tuple[str, str]] = []
    lines = [_line(line, fields, wish, renamed) for line in table.rows]
    fit_facilities(draft, lines, faults)
    check(draft, faults)
    faults.settle([*names.values(), shown])
    notices = tuple(notice for notice in faults.notices if notice.file == shown)
    ignored = tuple(name for name in table.columns if name not in fields)
    return Brought(tuple(line.cells for line in lines), ignored, tuple(renamed), notices)


def write(folder: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Add rows to a site's facilities.csv. What stands there is kept to the byte unless a column has to be added; the
    file is replaced in one step, and only when the whole site is then without fault.
    """
    files = read_files(folder)
    files[FACILITIES_FILE] = with_rows(files[FACILITIES_FILE], rows)
    parse(files, folder)
    target = folder / FACILITIES_FILE
    beside = target.with_name(target.name + ".part")
    beside.write_bytes(files[FACILITIES_FILE])
    beside.replace(target)


def with_rows(data: bytes, rows: Sequence[Mapping[str, str]]) -> bytes:
    """The bytes of a facilities.csv with more rows at its end."""
    text = data.decode("utf-8-sig")
    table = read_table(text, FACILITIES_FILE, Faults())
    columns = list(table.columns) if table else list(FACILITY_NEEDED)
    more = [name for name in FACILITY_COLUMNS if name not in columns and any(name in row for row in rows)]
    newline = "\r\n" if "\r\n" in text else "\n"
    if table is None or more:
        kept = [line.cells for line in table.rows] if table else []
        return _csv([*columns, *more], [*kept, *rows], newline, header=True).encode()
    end = b"" if data.endswith(b"\n") else newline.encode()
    return data + end + _csv(columns, rows, newline, header=False).encode()


def as_id(text: str) -> str:
    """The nearest id to a foreign one: `BIN 0017` → `bin-0017`. Empty where nothing of it can stay."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _check_wish(wish: Wish) -> None:
    for name in (*wish.columns.values(), *wish.values):
        if name not in FACILITY_COLUMNS:
            raise RejectedError(f"{name!r} is no field of {FACILITIES_FILE}; expected {one_of(FACILITY_COLUMNS, name)}")


def _fields(table: Table, file: str, wish: Wish, faults: Faults) -> dict[str, str]:
    """Foreign column → our field: as wished, else where the name is ours."""
    for name in wish.columns:
        if name not in table.columns:
            faults.add(file, table.header, f"there is no column {name!r}", one_of(table.columns, name))
    taken = set(wish.columns.values())
    own = {name: name for name in table.columns if name in FACILITY_COLUMNS and name not in taken}
    fields = {**own, **{theirs: ours for theirs, ours in wish.columns.items() if theirs in table.columns}}
    missing = [name for name in FACILITY_NEEDED if name not in fields.values() and name not in wish.values]
    for name in missing:
        expected = f"a column of that name, --map COLUMN={name} or --set {name}=VALUE"
        faults.add(file, table.header, f"nothing says the {name}", expected)
    faults.settle([file])
    return fields


def _line(line: Line, fields: Mapping[str, str], wish: Wish, renamed: list[tuple[str, str]]) -> Line:
    cells = dict(wish.values) | {fields[name]: cell for name, cell in line.cells.items() if name in fields}
    told = cells.get("id", "")
    if told and as_id(told) != told:
        cells["id"] = as_id(told)
        renamed.append((told, cells["id"]))
    if wish.datum != "wgs84":
        try:
            lat, lon = to_wgs84((float(cells["lat"]), float(cells["lon"])), wish.datum)
        except (KeyError, ValueError):
            return Line(line.file, line.number, cells)  # its shape will say what is wrong with them
        cells["lat"], cells["lon"] = f"{lat:.6f}", f"{lon:.6f}"
    return Line(line.file, line.number, {name: cell for name, cell in cells.items() if cell})


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, str]], newline: str, *, header: bool) -> str:
    into = io.StringIO()
    writer = csv.DictWriter(into, columns, restval="", lineterminator=newline)
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return into.getvalue()
