"""`tidewalk`: the one console script. It hears signals before it loads anything that takes a while."""

import sys

from domain.errors import TidewalkError
from services.hearing import ear


def main() -> None:
    """Run it; what a person can act on is one clear line and exit code 1."""
    if sys.argv[1:2] == ["serve"]:
        ear()  # it leaves in order from the first moment on, while it is still being loaded
    from services.commands.every import cli

    try:
        cli(prog_name="tidewalk")
    except TidewalkError as wrong:
        print(f"tidewalk: {wrong}", file=sys.stderr)
        sys.exit(1)
