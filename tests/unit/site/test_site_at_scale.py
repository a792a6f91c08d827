"""A whole city's coast still loads while a person waits."""

from time import process_time

from services.site import parse

FACILITIES = 50_000
SECONDS = 20.0  # about 1.5 s on an idle core


def test_fifty_thousand_facilities_load(small: dict[str, bytes]):
    rows = (
        f"bin-n{n},bin,Bin {n},箱{n},west,{36.11 + n % 300 / 4000:.6f},{120.11 + n // 300 / 2500:.6f},,,,,,gate,,,900,"
        for n in range(FACILITIES)
    )
    small["facilities.csv"] += "\n".join(rows).encode()
    started = process_time()
    site = parse(small).site
    assert process_time() - started < SECONDS
    assert len(site.facilities) == FACILITIES + 5
