"""How the service stands, in numbers."""

from pydantic import BaseModel, ConfigDict, Field

from services.api.examples import STATUS, shown
from services.api.seams import Behind, Counts
from services.api.shown import Time
from services.api.watch import Lag, Watch


class DoorStands(BaseModel):
    """What comes in. `row` is the newest of the journal."""

    row: int
    at: Time
    messages: int = Field(description="Since the start")
    messages_per_second: float = Field(description="Over the last ten seconds")
    held: int = Field(description="Heard and not yet in the journal")


class ConsumerStands(BaseModel):
    """How far a consumer of the journal has come, and how far it is behind the door."""

    row: int
    behind: Lag


class JudgeStands(ConsumerStands):
    """`committed` is the row up to which it is in the database."""

    at: Time
    committed: int
    waiting_for: str


class StoreStands(ConsumerStands):
    """Readings on their way to their store."""

    written: int = Field(description="Since the start")
    written_per_second: float = Field(description="Over the last ten seconds")
    pending: int
    refused: int
    retries: int
    waiting_for: str


class QuarantineStands(ConsumerStands):
    """What was kept aside, by class of reason."""

    kept: dict[str, int]


class DispatchStands(BaseModel):
    """Messages to crews: pending, sent, dead."""

    outbox: dict[str, int]
    waiting_for: str


class Status(BaseModel):
    """How the service stands, in numbers. `now` is the domain clock."""

    model_config = ConfigDict(json_schema_extra=shown(STATUS))

    site: str
    simulated: bool
    version: str
    now: Time
    up_since: Time
    door: DoorStands
    judge: JudgeStands
    store: StoreStands
    quarantine: QuarantineStands
    dispatch: DispatchStands


def status_of(behind: Behind, watch: Watch, counts: Counts, version: str) -> Status:
    """How it stands now."""
    pulse = watch.look()
    return Status(
        site=behind.site.id,
        simulated=behind.site.simulated,
        version=version,
        now=behind.clock.now(),
        up_since=watch.began,
        door=DoorStands(
            row=pulse.row,
            at=pulse.at,
            messages=pulse.messages,
            messages_per_second=watch.per_second(lambda one: one.messages),
            held=pulse.held,
        ),
        judge=JudgeStands(
            row=pulse.judge.row,
            behind=watch.lag(pulse.judge.row),
            at=pulse.judge.at,
            committed=pulse.committed,
            waiting_for=pulse.judge.waiting_for,
        ),
        store=StoreStands(
            row=pulse.store.row,
            behind=watch.lag(pulse.store.row),
            written=pulse.written,
            written_per_second=watch.per_second(lambda one: one.written),
            pending=pulse.pending,
            refused=pulse.refused,
            retries=pulse.retries,
            waiting_for=pulse.store.waiting_for,
        ),
        quarantine=QuarantineStands(
            row=pulse.quarantine, behind=watch.lag(pulse.quarantine), kept=dict(counts.quarantine)
        ),
        dispatch=DispatchStands(outbox=dict(counts.outbox), waiting_for=pulse.dispatch),
    )
