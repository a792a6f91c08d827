"""Examples for the OpenAPI document: alarms, orders, how the service stands. Its generator leaves nulls out."""

from typing import Any, Final

_AT: Final = "2026-10-01T12:31:00.000Z"
_LATER: Final = "2026-10-01T13:01:00.000Z"

ALARM: Final[Any] = {
    "id": "3a9be2c8d1f04b67",
    "rule": "bin-full",
    "state": "cleared",
    "subject": "facility:bin-hand",
    "facility": "bin-hand",
    "members": [],
    "cause": _AT,
    "since": _AT,
    "opened": _AT,
    "until": _LATER,
    "why": {"fill_level": 97.0},
    "cleared_why": {"fill_level": 5.0},
    "order": "8f5bd1a4f7f5a2c0",
}
ORDER: Final[Any] = {
    "id": "8f5bd1a4f7f5a2c0",
    "case": "SN-20261001-0007",
    "state": "closed",
    "revision": 5,
    "priority": "P3",
    "element": "sanitation",
    "kind": "bin",
    "rule": "bin-full",
    "safety": False,
    "subject": "facility:bin-hand",
    "facility": "bin-hand",
    "zone": "qingdaowan",
    "members": [],
    "alarms": ["3a9be2c8d1f04b67"],
    "why": {"fill_level": 97.0},
    "crew": "collect-w1",
    "desk": False,
    "since": _AT,
    "opened": _AT,
    "dispatched": _AT,
    "accepted": "2026-10-01T12:33:10.000Z",
    "arrived": "2026-10-01T12:48:00.000Z",
    "done": "2026-10-01T12:56:00.000Z",
    "closed": _LATER,
    "closed_by": "telemetry",
    "limits": {
        "accept": "2026-10-01T12:46:00.000Z",
        "arrive": "2026-10-01T13:16:00.000Z",
        "finish": "2026-10-01T14:31:00.000Z",
        "verify": "2026-10-01T13:26:00.000Z",
    },
    "recovered": False,
    "escalated": False,
    "overdue": False,
    "reworks": 0,
    "matter": "event",
    "responsible": {
        "territorial": "zhongshan-subdistrict",
        "functional": "sanitation-section",
        "execution": "coast-clean",
        "owner": "district-office",
    },
    "yellow": {
        "accept": "2026-10-01T12:43:00.000Z",
        "arrive": "2026-10-01T13:07:00.000Z",
        "finish": "2026-10-01T14:07:00.000Z",
        "verify": "2026-10-01T13:20:00.000Z",
    },
    "extensions": 0,
    "returns": 0,
    "rungs": [],
    "merged_into": "",
    "follows": "",
    "followed_by": [],
}
WHOLE: Final[Any] = ORDER | {
    "history": [
        {
            "at": _AT,
            "who": "tidewalk",
            "step": "dispatch",
            "why": "nearest on shift in the zone",
            "before": "open",
            "after": "dispatched",
            "crew": "collect-w1",
        }
    ],
    "legal": ["close", "reassign", "note", "hold", "void", "merge", "follow_up"],
}
PARTS: Final[Any] = {
    "door": {"ok": True, "why": "", "since": _AT},
    "judge": {"ok": True, "why": "", "since": _AT},
    "store": {"ok": False, "why": "InfluxDB at http://127.0.0.1:8086 does not answer", "since": _LATER},
    "dispatch": {"ok": True, "why": "", "since": _AT},
}
READY: Final[Any] = {"status": "degraded", "parts": PARTS}
_BEHIND: Final[Any] = {"rows": 0, "seconds": 0.0}
STATUS: Final[Any] = {
    "site": "shinan",
    "simulated": True,
    "version": "0.1.0",
    "now": _AT,
    "up_since": _AT,
    "door": {"row": 5310, "at": _AT, "messages": 18231, "messages_per_second": 12.4, "held": 0},
    "judge": {"row": 5310, "behind": _BEHIND, "at": _AT, "committed": 5308, "waiting_for": ""},
    "store": {
        "row": 5310,
        "behind": _BEHIND,
        "written": 17950,
        "written_per_second": 12.1,
        "pending": 0,
        "refused": 0,
        "retries": 0,
        "waiting_for": "",
    },
    "quarantine": {"row": 5310, "behind": _BEHIND, "kept": {"unknown device": 3}},
    "dispatch": {"outbox": {"pending": 0, "sent": 412, "dead": 0}, "waiting_for": ""},
}


def shown(*examples: Any) -> Any:
    """What pydantic's configuration takes for them."""
    return {"examples": list(examples)}
