"""The shape of a row of facilities.csv or devices.csv; a description is what a person reads after "expected"."""

from typing import Final

from pydantic import Field

from domain.naming import ATTRIBUTES, Element
from domain.naming import Kind as FacilityKind
from domain.site import Grade
from services.site import notation
from services.site.faults import one_of
from services.site.values import ID_EXPECTED, LONGEST_S, Chainage, Degrees, Eui, Id, OpenHours, Shape, Text


class FacilityRow(Shape):
    """One row of facilities.csv, its attributes apart. Empty cells are not there."""

    id: Id = Field(description=ID_EXPECTED)
    kind: FacilityKind = Field(description=one_of(FacilityKind))
    en: Text = Field(description="the English name")
    zh: Text = Field(description="the Chinese name")
    zone: Id = Field(description="the id of a zone")
    lat: Degrees = Field(description="degrees of latitude, WGS-84")
    lon: Degrees = Field(description="degrees of longitude, WGS-84")
    section: str = Field("", description="the id of a section of trail")
    chainage: Chainage | None = Field(None, description=notation.CHAINAGE_EXPECTED)
    pole: str = Field("", description="the lamp-post number (灯杆号)")
    part_code: str = Field(
        "", pattern=r"^\d{16}$", description="16 digits: county (6), component class (4), serial (6)"
    )
    feeder: str = Field("", description="the facility id of a feeder")
    cabinet: str = Field("", description="the facility id of a cabinet")
    gateway: str = Field("", description="the id of a gateway")
    grade: Grade | None = Field(None, description=one_of(Grade))
    element: Element | None = Field(None, description=one_of(Element))
    owner: str = Field("", description="the id of a party")
    supervisor: str = Field("", description="the id of a party")
    maintainer: str = Field("", description="the id of a party")
    hours: OpenHours = Field((), description=notation.HOURS_EXPECTED)
    note: str = Field("", description="free words for people, not loaded")


class DeviceRow(Shape):
    """One row of devices.csv: the devices of a facility listed there replace the one it would have by its kind."""

    id: Id = Field(description=ID_EXPECTED)
    facility: Id = Field(description="the id of a facility")
    profile: str = Field("", description="native, or VENDOR/MODEL of a device profile")
    gateway: str = Field("", description="the id of a gateway")
    interval_s: int | None = Field(None, gt=0, le=LONGEST_S, description="seconds between two readings, 1 or more")
    lit_interval_s: int | None = Field(
        None, ge=0, le=LONGEST_S, description="the same between sunset and sunrise; 0: no other"
    )
    played: bool = Field(True, description="true or false: whether the simulators play it")  # noqa: FBT003
    eui: Eui = Field("", description=notation.EUI_EXPECTED)


FACILITY_COLUMNS: Final = (*FacilityRow.model_fields, *ATTRIBUTES)
FACILITY_NEEDED: Final = tuple(name for name, field in FacilityRow.model_fields.items() if field.is_required())
DEVICE_COLUMNS: Final = tuple(DeviceRow.model_fields)
DEVICE_NEEDED: Final = tuple(name for name, field in DeviceRow.model_fields.items() if field.is_required())
