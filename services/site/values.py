"""The shape of a single value in the site's files: an id, a name, a position, a stretch of time."""

from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from domain.site import Hours, Name
from services.site import notation

LONGEST_S: Final = 3_660 * 86_400  # ten years: of a recording of single messages nobody falls silent

ID_PATTERN: Final = r"^[a-z0-9-]+$"
ID_EXPECTED: Final = "an id of a-z, 0-9 and -"


def _time_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, OSError) as wrong:  # unknown; a folder of the database
        raise ValueError(name) from wrong


Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Degrees = Annotated[float, Field(ge=-180, le=180)]  # the site's box says the rest, and sees when the two are swapped
Point = tuple[Latitude, Longitude]
Span = Annotated[tuple[int, int], BeforeValidator(lambda text: notation.span(str(text)))]
Chainage = Annotated[float, BeforeValidator(lambda text: notation.chainage(str(text)))]
OpenHours = Annotated[tuple[Hours, ...], BeforeValidator(lambda text: notation.hours(str(text)))]
Eui = Annotated[str, BeforeValidator(lambda text: notation.eui(str(text)))]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
# Many ids, or the one word `all`.
Ids = Annotated[list[Id] | None, BeforeValidator(lambda given: None if given == "all" else given)]

NAME_EXPECTED: Final = "a name in both tongues, {en: …, zh: …}"
POINT_EXPECTED: Final = "a WGS-84 position, [latitude, longitude] in degrees"


class Shape(BaseModel):
    """Strict about what is there: an unknown key is a fault, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class NameShape(Shape):
    """What people call it."""

    en: Text = Field(description="the English name")
    zh: Text = Field(description="the Chinese name")

    def name(self) -> Name:
        """As the domain has it."""
        return Name(self.en, self.zh)
