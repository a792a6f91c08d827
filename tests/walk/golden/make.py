"""Make the golden hour anew: `python -m tests.walk.golden.make` decides it again with the rules in force.

After a deliberate change of a rule, the judge or the pipeline: run it, read the diff of `decided.json`, and say in the
commit why each line changed. `--play` plays another hour as well, after a change of what a journal holds.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from ingest.fanout import replayed
from rules.book import shipped
from services.storage.journal import SqliteJournal
from tests.walk.golden.told import DECIDED, JOURNAL, SITE, decided, decided_text, journal_lines, journal_rows
from tests.walk.processes import TIDEWALK

# Dusk is over, lamps fail, the feeder of 42 trips; crews of the evening shift are at work.
HOUR = ("--from", "2026-10-01T18:25+08:00", "--for", "1h", "--seed", "8")


def play() -> None:
    """An hour of the make-believe coast, through the whole service, as it stands in the journal."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        command = (TIDEWALK, "demo", "--headless", "--virtual", "--site", SITE, "--state", state, *HOUR)
        subprocess.run([str(word) for word in command], check=True)
        journal = SqliteJournal(state / "journal.sqlite")
        lines = list(journal_lines(replayed(journal, 0)))
        journal.close()
    head = f"# tidewalk demo --headless --virtual --site tests/walk/golden/shinan {' '.join(HOUR)}; see told.py"
    JOURNAL.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--play", action="store_true", help="play the hour again, not only decide it again")
    if asked.parse_args().play:
        play()
    with JOURNAL.open(encoding="utf-8") as lines:
        DECIDED.write_text(decided_text(decided(journal_rows(lines), shipped())), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
