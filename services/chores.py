"""Which chores are whose: each role forgets what it wrote."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from domain.errors import NotFoundError
from domain.readings import Millis
from services.housekeeping import MB, Chore, Keep, older
from services.roles import Role

if TYPE_CHECKING:
    from services.service import Service

_FAR: Final = 1 << 62


def chores_of(service: "Service", keep: Keep) -> tuple[Chore, ...]:
    """Those of the roles that this process has."""
    chores: list[Chore] = []
    if Role.DOOR in service.roles:
        chores += _of_the_journal(service, keep)
    if Role.STORE in service.roles:
        aside = service.quarantine
        chores += older(keep.journal, "quarantine", lambda before: asyncio.to_thread(aside.prune, before=before))
        if service.outside.forget is not None:
            chores += older(keep.readings, "readings", service.outside.forget)
    if Role.JUDGE in service.roles:
        chores += older(keep.journal, "letters", lambda before: asyncio.to_thread(service.books.prune, before))
    if Role.API in service.roles and (photos := service.outside.photos) is not None:
        ended = partial(_ended, service)
        chores += older(keep.photos, "photos", lambda before: asyncio.to_thread(photos.prune, before, ended))
    if Role.API in service.roles and (trail := service.outside.trail) is not None:
        chores += older(keep.trail, "audit trail", lambda before: asyncio.to_thread(trail.prune, before))
    if Role.DISPATCH in service.roles and (post := service.outside.post) is not None:
        box = post.box
        chores += older(keep.journal, "letters to contacts", lambda before: asyncio.to_thread(box.prune, before))
    return tuple(chores)


def _of_the_journal(service: "Service", keep: Keep) -> tuple[Chore, ...]:
    """Rows go only where every consumer has passed them, in whichever process it is."""

    def rows(before: Millis) -> None:
        service.journal.prune(before_row=_passed(service), before=before)

    def more_rows() -> None:
        service.journal.shrink(before_row=_passed(service), most=keep.journal_mb * MB)

    return (
        *older(keep.journal, "journal", lambda before: asyncio.to_thread(rows, before)),
        *((Chore("journal", lambda _: asyncio.to_thread(more_rows)),) if keep.journal_mb else ()),
    )


def _ended(service: "Service", order: str, before: Millis) -> bool:
    """Whether an order ended before then, or is not known at all. Blocking. Raises UnavailableError."""
    try:
        found = service.books.order(order)
    except NotFoundError:
        return True
    return found.closed is not None and found.closed < before


def _passed(service: "Service") -> int:
    """The first row that not every consumer has behind it. Blocking. Raises UnavailableError."""
    cursor = service.books.cursor
    return min(
        service.judging.needed_after if Role.JUDGE in service.roles else cursor("judge.needed"),
        service.writing.status.cursor if Role.STORE in service.roles else cursor("store"),
        service.keeping.cursor if Role.STORE in service.roles else cursor("quarantine"),
        service.shadowing.needed_after if service.shadowing is not None else _FAR,
    )
