"""Milesight's channels, as published: one line a channel, and which lines each model speaks.

A line is `key part; part; …`. The key is the channel id and type in hex (one byte where the model uses one-byte
commands). A part is `name:type/divisor {words} !raw status:word`:

    name        the vendor's; `a.b` is b within a; none: the bytes say nothing to us; `name^`: outside the list too
    type        u8 i16 f32 … little-endian, hex6, asc4, dots4, and the vendor's ways of writing a version
    @4.2        two bits from bit 4 up (one, where no width stands); `+name` reads the same bytes as the part before
    {a|b|7:c}   words for 0, 1 and 7; any other code is "unknown"
    =on         the word, whatever the byte
    !ffff s:w   where the bytes are this, there is no value, and `s` is `w`

`>list` puts the parts into a list of that name as one entry (in `history` at the entry's own timestamp), `*reader …`
hands over to a function of milesight_irregular.py, an indented line goes on with the one before, and `none`
takes a key away. The same id and type mean different things on different models, so lines are grouped by who
speaks them.
"""

from typing import Final

from ingest.payloads import milesight_climate, milesight_counters, milesight_power, milesight_probes

DEVICE: Final = """
ff01 ipso_version:v1
ff09 hardware_version:hw
ff0a firmware_version:fw
ff0b device_status:u8 =on
ff0f lorawan_class:u8 {Class A|Class B|Class C|Class CtoB}
ff16 sn:hex8
fffe reset_event:u8 =reset
ffff tsl_version:v2
ff08 sn:hex6
0175 battery:u8
"""

# Answers to downlinks: read so that what follows them is, and told to nobody.
ANSWERS: Final = """
ff02 :u16
ff03 :u16
ff10 :u8
ff27 :u8
ff28 :u8
ff35 :hex8
ff4a :u8
ff68 :u8
ff69 :u8
ff6a :u24
fe02 :u16
fe03 :u16
fe10 :u8
fe27 :u8
fe28 :u8
fe35 :hex8
fe68 :u8
fe69 :u8
fe6a :u24
"""

_PARTS: Final = (milesight_probes, milesight_climate, milesight_counters, milesight_power)
_GROUPS: Final = {key: said for part in _PARTS for key, said in part.GROUPS.items()}
_SPOKEN: Final = {key: said for part in _PARTS for key, said in part.SPOKEN.items()}
MODELS: Final[dict[str, tuple[str, ...]]] = {
    model: tuple(groups.split()) for said, groups in _SPOKEN.items() for model in said.split()
}
ONE_BYTE: Final = frozenset(("gs601", "ts601", "ts602"))
# They give common channels names of their own, so that nothing would be agreed on if they were asked about bytes of
# a model that is not known.
OWN_NAMES: Final = frozenset(("ts302", "ts302-v2", "wt201-v2", "wt211", "vs360", "uc11-t1"))


def lines(model: str) -> str:
    """All lines that a model speaks; a later one goes before an earlier one of the same key."""
    own = "\n".join(_GROUPS[group] for group in MODELS[model])
    return own if model in ONE_BYTE else f"{DEVICE}\n{ANSWERS}\n{own}"
