"""The dashboards as code: `python -m dashboards.build` writes grafana/*.json, which are committed.

The same code gives the same bytes; a test compares.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dashboards.overview import overview
from dashboards.panels import Json

FOLDER: Final = Path(__file__).parent / "grafana"
DASHBOARDS: Final[dict[str, Callable[[], Json]]] = {"overview.json": overview}


def rendered(name: str) -> str:
    """The text of one of the files."""
    return json.dumps(DASHBOARDS[name](), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Write them all."""
    for name in DASHBOARDS:
        (FOLDER / name).write_text(rendered(name), encoding="utf-8")
        sys.stdout.write(f"{FOLDER / name}\n")


if __name__ == "__main__":
    main()
