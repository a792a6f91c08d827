"""What has a name and a place, as the API shows it."""

from typing import Any, Final

from pydantic import BaseModel, Field

from domain.site import Name, Position

NAME: Final[Any] = {"en": "Zhanqiao bay", "zh": "青岛湾"}
PLACE: Final[Any] = {"lat": 36.0605, "lon": 120.3152}


class Named(BaseModel):
    """What people call it."""

    en: str
    zh: str


class Place(BaseModel):
    """WGS-84, degrees."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


def named(name: Name) -> Named:
    """A name as it is shown."""
    return Named(en=name.en, zh=name.zh)


def place(position: Position) -> Place:
    """A position as it is shown."""
    return Place(lat=position.lat, lon=position.lon)
