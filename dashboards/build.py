"""All dashboards and alerts as files. The same facts give the same bytes; what is committed is compared by a test."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.alerts import provisioned
from dashboards.bins import bins
from dashboards.board import PAGE, Board, assembled, uid
from dashboards.facility import facility
from dashboards.facts import Facts
from dashboards.greening import greening
from dashboards.ingest import ingest
from dashboards.lights import lights
from dashboards.lots import lots
from dashboards.orders import orders
from dashboards.overview import overview
from dashboards.scorecard import scorecard
from dashboards.toilets import toilets
from dashboards.tongues import TONGUES, Tongue

FOLDER: Final = Path(__file__).parent
BUILDERS: Final[tuple[Callable[[Tongue, Facts], Board], ...]] = (
    overview,
    orders,
    scorecard,
    lights,
    bins,
    toilets,
    lots,
    greening,
    facility,
    ingest,
)


def files(facts: Facts, *, page: str = PAGE) -> Mapping[str, str]:
    """Path below `dashboards/` → text."""
    made: dict[str, str] = {}
    for name, tongue in TONGUES.items():
        boards = [build(tongue, facts) for build in BUILDERS]
        others = [(board.slug, tongue(*board.title).removeprefix("Tidewalk · ")) for board in boards]
        for board in boards:
            made[f"grafana/{name}/{board.slug}.json"] = _text(
                assembled(board, tongue, others, page=page, called=facts.called)
            )
    made["provisioning/alerting/tidewalk.json"] = _text(provisioned())
    return made


def addresses() -> list[str]:
    """The id of every dashboard."""
    return [uid(build.__name__, tongue) for tongue in TONGUES.values() for build in BUILDERS]


def _text(what: Any) -> str:
    return json.dumps(what, cls=JSONEncoder, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
