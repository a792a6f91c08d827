"""The series beside the raw readings: roll-ups and event series, as services write them and dashboards read them.

A series keeps its fields' types for ever, as quantities do. docs/influx.md tells the same to people.
"""

from typing import Final, NamedTuple

from domain.naming import FIELD_QUALITY, QUANTITIES
from domain.readings import Millis

MINUTE: Final[Millis] = 60_000
HOUR: Final[Millis] = 60 * MINUTE
DAY: Final[Millis] = 24 * HOUR


class RollUp(NamedTuple):
    """A level of drawing together. Windows of `1d` are the site's local days, the others begin at the epoch."""

    name: str
    width: Millis  # of 1d: the usual one
    days: int  # kept so long where nobody says otherwise; 0: for ever


ROLLUPS: Final[dict[str, RollUp]] = {
    one.name: one for one in (RollUp("5m", 5 * MINUTE, 90), RollUp("1h", HOUR, 1_100), RollUp("1d", DAY, 0))
}
EVENTS: Final = "events"

# Fields of a roll-up point. Measurement and tags are those of the readings (`naming.Kind`, `naming.TAGS`); its time is
# where its window begins. Of a number: all five. Of a flag: count, last, and as mean the share of its readings (0–1)
# that were true. Of a text: count and last.
MEAN: Final = "mean"
MIN: Final = "min"
MAX: Final = "max"
LAST: Final = "last"
COUNT: Final = "count"  # readings that had the quantity, an integer; weigh means by it
READINGS: Final = "readings"  # readings in the window, an integer
QUALITY: Final = FIELD_QUALITY  # the largest `q` among them, an integer: 0 where every reading was good
PARTS: Final[dict[str, tuple[str, ...]]] = {
    "float": (MEAN, MIN, MAX, LAST, COUNT),
    "bool": (MEAN, LAST, COUNT),
    "text": (LAST, COUNT),
}
# Of each window of this level also what the facilities of a kind came to together in a zone, in a measurement of its
# own beside theirs: a month of thousands of lamps is too much to be drawn together at every look. Tags: site and zone.
# Fields: as of a roll-up, without `last`.
ZONED: Final = "1h"
ZONE_TAGS: Final = ("site", "zone")


def zoned(kind: str) -> str:
    """The measurement of what a kind came to in a zone, in the bucket of the level `ZONED`."""
    return f"{kind}_zone"


def bucket_of(bucket: str, series: str = "") -> str:
    """The bucket, and InfluxQL's database, of a roll-up or of `EVENTS`, beside the `bucket` of raw readings ("")."""
    return f"{bucket}_{series}" if series else bucket


def part_of(quantity: str, part: str) -> str:
    """The field of a roll-up, such as `fill_level_mean`. Raises KeyError for what a quantity of its type has not."""
    if part not in PARTS[QUANTITIES[quantity].type]:
        raise KeyError(f"{quantity} has no {part}")
    return f"{quantity}_{part}"


class EventSeries(NamedTuple):
    """A measurement of the events bucket: its tags, and its fields with their types (int | float | bool | text)."""

    name: str
    tags: tuple[str, ...]
    fields: dict[str, str]


def _fields(**types: str) -> dict[str, str]:
    return {name: sort for sort, names in types.items() for name in names.split()}


# Every text is "" where there is none, every flag false; a number that does not exist is left out. Times are integers,
# milliseconds. The nanoseconds below the millisecond of an alarm's or order's point are its own, so that two of one
# moment stay two points.

# One point when an alarm opens (`state` open) and one when it clears (`state` cleared), at their event times.
ALARM: Final = EventSeries(
    "alarm",
    ("site", "zone", "element", "kind", "rule", "state"),
    _fields(
        text="id facility subject title_en title_zh name_en name_zh order",
        int="members level since opened lasted_s",  # lasted_s: of cleared alone
        float="lat lon",
    ),
)
# One point a change of an order, at its event time: `state` after it, `before` the one before it ("" of the first),
# `step` what it was, `crew` who then has it. The other fields are the order's newest, on all its points.
ORDER: Final = EventSeries(
    "order",
    ("site", "zone", "element", "kind", "rule", "crew", "state"),
    _fields(
        text="id case facility priority step before who why title_en title_zh name_en name_zh",
        # opened … finish_by: times; taken_s, done_s, lasted_s: from opening to acceptance, to done, to the end.
        int="number reworks opened accept_by arrive_by finish_by taken_s done_s lasted_s",
        bool="ended safety counted overdue escalated in_limit",  # in_limit: ended, within its time limit
    ),
)
# One point a zone, element and window of `every` (1h; 1d: the site's local day), at its beginning, written once it is
# over. Shares are 0–1. Orders that do not count in scores are left out.
KPI: Final = EventSeries(
    "kpi",
    ("site", "zone", "element", "every"),
    _fields(
        # Municipal: lamps that should be lit and were, in lamp-hours; 亮灯率 is their share.
        float="lamp_hours_due lamp_hours_lit lit_share"
        # Sanitation: bins at 95 % or more, of the minutes they were heard of; toilets within the odour rule's limit.
        " bin_minutes overflow_minutes overflow_share toilet_minutes odour_minutes odour_ok_share"
        # Every element. live_share: facilities heard of, of those that have devices (感知覆盖率).
        " live_share in_limit_share rework_share age_mean_s age_oldest_s done_mean_s",
        # orders_*: opened, ended, ended in limit, and sent back within the window; open, overdue, on hold at its end.
        int="facilities live alarms_opened alarms_open orders_opened orders_ended orders_in_limit orders_reworked"
        " orders_open orders_overdue orders_on_hold open_p0 open_p1 open_p2 open_p3 open_p4",
    ),
)
# How each facility stands: a point at each full hour, and one when it changes. A panel asks for the last one within
# FACILITY_KEPT. `node` is the nearest named place of its zone, "" where the zone has none.
FACILITY: Final = EventSeries(
    "facility",
    ("site", "zone", "node", "element", "kind", "facility"),
    _fields(
        # Of the most urgent order: `order` (its id), case, step (its state), crew, priority; of the newest alarm: rule.
        text="name_en name_zh zone_en zone_zh state order case step crew priority rule",
        # rank: FACILITY_STATES' place, the higher the worse; order_opened, order_due (finish_by): of that order, times.
        int="rank open_alarms open_orders order_opened order_due",
        float="lat lon",
    ),
)
# `services.live.standing`, the worst last: noted 待办 (due; nobody is sent), silent 失联, held 挂账,
# verifying 核查中, attended 处置中, alarm 报警.
FACILITY_STATES: Final = ("unknown", "ok", "noted", "silent", "held", "verifying", "attended", "alarm")
FACILITY_KEPT: Final[Millis] = 2 * HOUR
# Our own health, every 30 s: since `up_s` the counters count. `channel` points say of each way to crews how it stands.
INGEST: Final = EventSeries(
    "ingest",
    ("site",),
    _fields(
        # Rates are means since the point before.
        float="messages_per_s readings_per_s lag_judge_s lag_store_s clock_skew_s",
        # blind: devices that are to be heard and are not; outbox_*: messages to crews, over all channels.
        int="messages readings_written readings_pending readings_refused store_retries held quarantined journal_rows"
        " journal_bytes behind_judge behind_store outbox_pending outbox_sent outbox_dead devices blind rollup_lag_s"
        " rollup_dirty up_s",
        bool="link_up store_up judge_up dispatch_up",
        text="waiting_for",
    ),
)
INGEST_EVERY: Final[Millis] = 30_000
CHANNEL: Final = EventSeries(
    "channel",
    ("site", "channel"),
    _fields(int="pending sent dead", bool="up", text="waiting_for"),
)
EVENT_SERIES: Final[dict[str, EventSeries]] = {one.name: one for one in (ALARM, ORDER, KPI, FACILITY, INGEST, CHANNEL)}
