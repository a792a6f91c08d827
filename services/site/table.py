"""CSV with the line of every row."""

import csv
import io
from collections.abc import Collection, Iterator
from typing import NamedTuple

from services.site.faults import Faults, one_of


class Line(NamedTuple):
    """One row: where it stands, and its cells that are not empty, by column."""

    file: str
    number: int
    cells: dict[str, str]


class Table(NamedTuple):
    """A CSV file: its columns in order, and its rows."""

    columns: tuple[str, ...]
    rows: list[Line]
    header: int = 1  # the line of the header


def decode(data: bytes, file: str, faults: Faults, encoding: str = "utf-8-sig") -> str | None:
    """Text of a file; None with a fault that names the line of the first byte that does not fit."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as wrong:
        line = data[: wrong.start].count(b"\n") + 1
        faults.add(file, line, f"byte 0x{data[wrong.start]:02x} is not {_shown(encoding)}", "a file saved as UTF-8")
        return None


def read_table(text: str, file: str, faults: Faults) -> Table | None:
    """Read a CSV text; None where it has no usable header. Rows of another length than the header are faults."""
    rows = _rows(text, file, faults)
    first = next(rows, None)
    if first is None:
        faults.add(file, 1, "the file is empty", "a header line with the names of the columns")
        return None
    at, header = first
    columns = tuple(name.strip() for name in header)
    for name in sorted({name for name in columns if columns.count(name) > 1}):
        faults.add(file, at, f"column {name or '(without a name)'} is there twice", "every column once")
    if len(set(columns)) < len(columns):
        return None
    found = []
    for number, cells in rows:
        if len(cells) != len(columns):
            faults.add(file, number, f"the row has {_cells(len(cells))}", f"{len(columns)}, like the header")
            continue
        filled = {name: text for name, cell in zip(columns, cells, strict=True) if (text := cell.strip())}
        if filled:
            found.append(Line(file, number, filled))
    return Table(columns, found, at)


def known_columns(
    table: Table, file: str, faults: Faults, *, known: Collection[str], needed: Collection[str]
) -> frozenset[str]:
    """The columns of a table that we know; the others, and those that are missing, are faults of its header."""
    for name in table.columns:
        if name not in known:
            faults.add(file, table.header, f"column {name or '(without a name)'} is not known", one_of(known, name))
    missing = [name for name in needed if name not in table.columns]
    for name in missing:
        faults.add(file, table.header, f"column {name} is missing", f"the columns {', '.join(needed)}")
    return frozenset(table.columns) & frozenset(known)


def _rows(text: str, file: str, faults: Faults) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            expected = "cells parted by commas, and double quotes round a cell with a comma"
            faults.add(file, number, f"not CSV: {wrong}", expected)
            return
        if row:
            yield number, row


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _shown(encoding: str) -> str:
    return "UTF-8" if encoding.startswith("utf-8") else encoding
