"""The broker: whether it lets us in, what it grants, and how much it keeps for a session that is away."""

import secrets
from typing import Any, Final

from domain.naming import marker_topic
from services.doctor.finding import Finding, fail, ok, warn
from services.doctor.line import EXPIRY_S, Line, Place, RefusedError

PART: Final = "broker"
BURST: Final = 5_000
_AWAY_S: Final = 300  # the throw-away session, should we die before it is removed
_BYTES: Final = 120
_FEW_IN_FLIGHT: Final = 1_000
_SMALL_PACKET: Final = 262_144
_VERSION: Final = "$SYS/broker/version"
_DROPPED: Final = "$SYS/broker/publish/messages/dropped"
_NOT_5: Final = (1, 132)  # "unacceptable protocol version" of a 3.1.1 CONNACK, and of MQTT 5
_NOT_US: Final = (4, 5, 134, 135)
_MOSQUITTO: Final = (
    "deploy/mosquitto/limits.conf has all of them for mosquitto; other brokers have the same under other names"
)


def look(place: Place, site: str, rate: float, burst: int = BURST) -> list[Finding]:
    """Everything about it. `rate` is messages a second, for saying how long a queue lasts. Leaves nothing behind."""
    name = f"tidewalk-doctor-{secrets.token_hex(4)}"
    line = Line(place, name)
    try:
        line.open(clean=True, expiry_s=EXPIRY_S)
    except RefusedError as refused:
        return [_refused(place, refused)]
    told = _told_of_itself(place, f"{name}-sys")
    found = [ok(PART, f"{_at(place)} lets us in, with MQTT 5 ({told.get(_VERSION) or 'it does not say what it is'})")]
    found += [*_limits(line.given), *_dropped(told.get(_DROPPED, ""))]
    try:
        if burst:
            found += _queue(line, place, name, marker_topic(site, name), rate, burst)
        else:
            line.close()
    except RefusedError as refused:
        found.append(fail(PART, f"the connection was lost while it was looked at: {refused}", *_unsteady()))
    finally:
        _removed(place, name)
    return found


def _unsteady() -> tuple[str, str]:
    return "a broker that throws its clients out holds up everything behind it", "see the broker's log"


def _at(place: Place) -> str:
    return f"{place.host}:{place.port}"


def _refused(place: Place, refused: RefusedError) -> Finding:
    what = f"{_at(place)}: {refused}"
    if refused.code in _NOT_5:
        return warn(
            PART,
            f"{what}: it speaks no MQTT 5",
            "its limits cannot be looked at, and the quick way in needs MQTT 5",
            "use the slower way: --source paho (TIDEWALK_SOURCE=paho); or a broker with MQTT 5, such as mosquitto 2",
        )
    if refused.code in _NOT_US:
        return fail(
            PART,
            what,
            "nothing is heard, and no crew is told",
            "set TIDEWALK_BROKER_USER and TIDEWALK_BROKER_PASSWORD to a user that the broker knows",
        )
    return fail(
        PART,
        what,
        "nothing is heard, and no crew is told",
        "start it (`systemctl status mosquitto`), open its port, or name another with --broker HOST:PORT",
    )


def _told_of_itself(place: Place, name: str) -> dict[str, str]:
    """What mosquitto and its like tell on $SYS, where we may hear it."""
    line = Line(place, name)
    try:
        line.open(clean=True, expiry_s=0)
    except RefusedError:
        return {}
    if max(line.subscribe(topic) for topic in (_VERSION, _DROPPED)) < 128:
        line.acknowledge()
        line.settled(first_s=1.0)
    line.close()
    return {topic: payload.decode("utf-8", "replace") for topic, payload in line.heard}


def _dropped(count: str) -> list[Finding]:
    if not count.isdecimal() or int(count) == 0:
        return []
    what = f"it has dropped {int(count):,} messages since it was started, for clients whose queue was full"
    why = "they were acknowledged to who sent them, and nobody will have them; they may be another client's"
    return [warn(PART, what, why, f"make queues longer, and look who was away; {_MOSQUITTO}")]


def _limits(given: Any) -> list[Finding]:
    """What CONNACK says. What it leaves out is as MQTT 5 has it by default, which loses nothing."""
    found = []
    if getattr(given, "MaximumQoS", 2) < 1:
        what = "it grants QoS 0 alone"
        found.append(fail(PART, what, "what is on its way when a connection breaks is lost", "allow QoS 1"))
    if not getattr(given, "RetainAvailable", 1):
        why = "a crew's device that reconnects would not have its open orders"
        found.append(
            fail(PART, "it keeps no retained messages", why, "allow retained messages (retain_available true)")
        )
    if not getattr(given, "WildcardSubscriptionAvailable", 1):
        why = "the service subscribes with + and hears nothing"
        found.append(fail(PART, "it grants no wildcard subscriptions", why, "allow them"))
    granted = getattr(given, "SessionExpiryInterval", EXPIRY_S)
    if granted < EXPIRY_S:
        found.append(
            warn(
                PART,
                f"it keeps a session for {_span(granted)} only, we ask for {_span(EXPIRY_S)}",
                "after a longer pause of ours everything that waited is gone",
                "allow longer sessions (mosquitto: persistent_client_expiration)",
            )
        )
    packet = getattr(given, "MaximumPacketSize", 1 << 28)
    if packet < _SMALL_PACKET:
        what = f"it takes packets of at most {packet:,} bytes"
        found.append(warn(PART, what, "larger ones are thrown away in silence", "raise it to 16 MB (max_packet_size)"))
    return found


def _queue(line: Line, place: Place, name: str, topic: str, rate: float, burst: int) -> list[Finding]:
    """Go away, have messages published, come back, and count."""
    granted = line.subscribe(topic)
    speaker = Line(place, f"{name}-out")
    speaker.open(clean=True, expiry_s=0)
    speaker.publish(topic, [b"to ourselves"])
    line.acknowledge()
    if granted != 1 or not line.settled():
        speaker.close()
        line.close()
        return [_untried(topic, granted)]
    line.close()
    line.open(clean=False, expiry_s=_AWAY_S)
    line.close()
    acknowledged = speaker.publish(topic, [b"%d" % n + b"." * _BYTES for n in range(burst)])
    speaker.close()
    line.open(clean=False, expiry_s=_AWAY_S)
    in_flight = line.settled()
    line.acknowledge()
    line.settled()
    kept = len({payload for _, payload in line.heard})
    line.close()
    return [_kept(kept, burst, rate, acknowledged=acknowledged), *_in_flight(in_flight, kept)]


def _untried(topic: str, granted: int) -> Finding:
    why = "what we publish there does not come back"
    if granted != 1:
        why = f"subscribing to it was answered with {granted}"
    return warn(
        PART,
        f"how much it keeps for us while we are away could not be tried on {topic}: {why}",
        "a queue that is too short drops what it had acknowledged; and our marker, by which we know that a back-log has"
        " passed, goes the same way",
        "let the service's user read and write tidewalk/# (deploy/mosquitto/acl does)",
    )


def _kept(kept: int, burst: int, rate: float, *, acknowledged: bool) -> Finding:
    lasts = f"{_span(kept / rate)} at the present {rate:,.1f} messages a second" if rate > 0 else "no rate is known yet"
    if kept >= burst:
        return ok(PART, f"it kept all of {burst:,} messages while we were away: at least {lasts}")
    if not acknowledged:
        return warn(
            PART,
            f"it took {kept:,} of {burst:,} messages for a session that is away, and then no more",
            "senders must keep what it does not take; nothing that was acknowledged is lost",
            "give it a longer queue (mosquitto: max_queued_messages 1000000)",
        )
    return fail(
        PART,
        f"it kept {kept:,} of {burst:,} messages while we were away, and had acknowledged them all: {lasts}",
        "what comes beyond that while the service is stopped, or slower than the sensors, is lost without a word",
        f"max_queued_messages 1000000, max_queued_bytes 1073741824; {_MOSQUITTO}",
    )


def _in_flight(in_flight: int, kept: int) -> list[Finding]:
    if in_flight >= min(kept, _FEW_IN_FLIGHT):
        return []
    return [
        warn(
            PART,
            f"it has at most {in_flight:,} messages on their way to us unacknowledged",
            "each must be on the disk before the next is sent: under load its queue fills, and then drops",
            f"max_inflight_messages 65535; {_MOSQUITTO}",
        )
    ]


def _removed(place: Place, name: str) -> None:
    """End the throw-away session, with whatever it still holds."""
    last = Line(place, name)
    try:
        last.open(clean=True, expiry_s=0)
    except RefusedError:
        return  # it expires by itself
    last.close()


def _span(seconds: float) -> str:
    for size, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {name}"
    return f"{seconds:,.0f} seconds"
