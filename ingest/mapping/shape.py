"""The shape of a profile file: a vendor, its models, and what their fields mean (docs/devices.md)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Scalar = float | bool | str


def scalar(text: object) -> object:
    """What a scalar of YAML means here: a number where it looks like one, true and false, else the text itself."""
    if not isinstance(text, str):
        return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return float(text) if any(c.isdigit() for c in text) else text
    except ValueError:
        return text


def _listed(found: object) -> object:
    return found if isinstance(found, list) else [found]


Said = Annotated[Any, BeforeValidator(scalar)]
Saids = Annotated[list[Said], BeforeValidator(_listed)]
Words = Annotated[list[str], BeforeValidator(_listed)]
Ports = Annotated[list[Annotated[int, Field(ge=0, le=255)]], BeforeValidator(_listed)]
Span = Annotated[
    str, Field(pattern=r"^\d+(\.\d+)?(s|min|h|d)$", description="a length of time such as 90s, 30min, 24h, 7d")
]


class Shape(BaseModel):
    """Nothing unknown, nothing changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldSaid(Shape):
    """What one field of the vendor's means."""

    to: Annotated[str | dict[str, str], Field(description="a quantity, or one for each kind of facility")]
    unit: str = ""  # the vendor's; what a value carries itself ("1700 mm", {"unit": …}) goes before it
    scale: float = 1.0  # before the unit: value x scale + offset
    offset: float = 0.0
    empty: float | None = None  # with `full`: a straight line from 0 to 100 %, in `unit`
    full: float | None = None
    words: dict[str, Said] = {}
    not_: Saids = Field(default=[], alias="not")  # sentinels: a fault of the sensor, never a value
    skip: Saids = []  # says nothing, and is no fault
    when: dict[str, Saids] = {}  # only where these fields have one of these values
    needs: dict[str, float] = {}  # only where the facility has no other value of these attributes
    pick: Literal["last", "first", "sum", "max", "min"] = "last"  # of several values
    event: bool = False  # only from a frame that tells of an event, never from a heartbeat
    low: float | None = None  # what the sensor can measure, in our unit; outside it is a fault
    high: float | None = None


class HeartbeatSaid(Shape):
    """Which frames only repeat what was said before."""

    ports: Ports = []
    when: dict[str, Saids] = {}


class HistorySaid(Shape):
    """Where decoded objects keep earlier values, and what time these have."""

    list: str = "history"
    time: str = "timestamp"
    unit: Literal["s", "ms", "iso"] = "s"


class ClockSaid(Shape):
    """Where decoded objects keep the device's own clock."""

    field: str
    unit: Literal["s", "ms", "iso"] = "s"


FieldsSaid = Annotated[list[FieldSaid], BeforeValidator(lambda found: [] if found == "" else _listed(found))]


class Common(Shape):
    """What a vendor says for all its models, and a model for itself."""

    payload: str | None = None  # a name of ingest.payloads.registry; "" for none
    fields: dict[str, FieldsSaid] = {}
    heartbeat: HeartbeatSaid | None = None
    history: HistorySaid | None = None
    clock: ClockSaid | None = None
    ports: Ports = []  # where the measurements come; empty: everywhere
    ignore_ports: Ports = []  # nothing for us comes there
    late: Span | None = None
    codec: str = ""  # the version of the vendor's codec whose names are meant


class ModelSaid(Common):
    """One model."""

    aliases: Words = []
    kinds: Words = []  # of facility that it can be on; empty: any
    like: str = ""  # another model of the file, whose parts stand where this one says nothing


class VendorSaid(Common):
    """One file."""

    vendor: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="lower-case letters, digits and dashes")]
    aliases: Words = []
    models: dict[str, ModelSaid | None] = {}
