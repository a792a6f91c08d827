"""Where the API begins, and names that come in addresses, with what they may be."""

from typing import Annotated, Final

from fastapi import Path, Query

V1: Final = "/api/v1"
_ID: Final = r"^[a-z0-9-]+$"

SiteId = Annotated[
    str | None,
    Query(pattern=_ID, max_length=128, description="The id that the site file gives it", examples=["bin-hand"]),
]
RuleName = Annotated[str | None, Query(pattern=_ID, max_length=128, description="A rule's name", examples=["bin-full"])]
OrderName = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9-]+$",
        max_length=64,
        description="The order's id, or its 案号",
        examples=["SN-20261001-0007"],
    ),
]
FacilityId = Annotated[
    str, Path(pattern=_ID, max_length=128, description="The facility's id in the site file", examples=["bin-hand"])
]
