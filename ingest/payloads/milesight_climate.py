"""Milesight's climate: air in rooms, temperature probes, weather stations. Lines as in milesight_table.py."""

from typing import Final

_THRESHOLD: Final = "{threshold alarm release|threshold alarm}"
_CHANGE_: Final = "{threshold_alarm_release|threshold_alarm|mutation_alarm}"
_MUTATION: Final = "{threshold alarm release|threshold alarm|mutation alarm}"
_MAGNET: Final = "{close|open}"
_CROSSING: Final = (
    "{above_threshold_alarm|above_threshold_alarm_release|below_threshold_alarm|below_threshold_alarm_release"
    "|between_threshold_alarm|between_threshold_alarm_release|outside_threshold_alarm|outside_threshold_alarm_release"
    "|mutation_alarm}"
)
_FAILED: Final = "{collection_failed|over_range|under_range}"
_SENSOR: Final = "{1:PT100|2:SHT4X|3:DS18B20|4:MAGNET}"


def _am3(history: str, *rest: str) -> str:
    """An ambience sensor's history, which comes with TVOC as an index (20) or in µg/m³ (21)."""
    first = "temperature:i16/10; humidity:u16/2; pir:u8 {idle|trigger}; light_level:u8; co2:u16; "
    return "\n".join(
        f"{key}ce >history timestamp:u32; {first}tvoc:u16{scale}; pressure:u16/10{''.join('; ' + r for r in rest)}"
        for key, scale in ((history, "/100"), (f"{int(history, 16) + 1:02x}", ""))
    )


def _ts30(n: str, key: str) -> str:
    """One of the two connectors of a TS30x (v2): `n` is what its names end in."""
    at = int(key, 16)
    return f"""
{at:02x}67 temperature{n}:i16/10
{at:02x}00 magnet{n}:u8 {_MAGNET}
{at:02x}9a humidity{n}:i16/10
{at + 0x80:02x}67 >event temperature{n}^:i16/10; temperature{n}_alarm^:u8 {_CROSSING}
{at + 0x80:02x}9a >event humidity{n}^:i16/10; humidity{n}_alarm^:u8 {_CROSSING}
{at + 0x90:02x}67 >event temperature{n}^:i16/10; temperature{n}_mutation^:i16/10;
  temperature{n}_alarm^:u8 =mutation_alarm
{at + 0x90:02x}9a >event humidity{n}^:i16/10; humidity{n}_mutation^:i16/10; humidity{n}_alarm^:u8 =mutation_alarm
{at + 0xB0:02x}67 temperature{n}_sensor_status:u8 {_FAILED}
{at + 0xB0:02x}9a humidity{n}_sensor_status:u8 {_FAILED}
"""


def _ts30_first(n: str, key: str) -> str:
    """The same of the first TS30x."""
    at = int(key, 16)
    return f"""
{at:02x}67 temperature{n}:i16/10
{at:02x}00 magnet{n}:u8 {_MAGNET}
{at + 0x80:02x}67 temperature{n}:i16/10; temperature{n}_alarm:u8 {_CHANGE_}
{at + 0x90:02x}d7 temperature{n}:i16/10; temperature{n}_mutation:i16/100; temperature{n}_alarm:u8 {_CHANGE_}
"""


GROUPS: Final[dict[str, str]] = {
    "gs601": """
00 battery:u8
01 vaping_index:u8
02 *air_alarm vaping_index u8 1
03 pm1_0:u16
04 *air_alarm pm1_0 u16 1
05 pm2_5:u16
06 *air_alarm pm2_5 u16 1
07 pm10:u16
08 *air_alarm pm10 u16 1
09 temperature:i16/10
0a *air_alarm temperature i16 10
0b humidity:u16/10
0c *air_alarm humidity u16 10
0d tvoc:u16
0e *air_alarm tvoc u16 1
0f tamper_status:u8 {normal|triggered}
10 tamper_status_alarm.type:u8 {32:normal|33:trigger}
11 buzzer:u8 {normal|triggered}
12 occupancy_status:u8 {vacant|occupied}
c8 device_status:u8 {off|on}
cf :u16
d9 oem_id:hex2
da version.hardware_version:v2; :hex6
db product_sn:hex8
df tsl_version:v2
ee :hex0
fe :u8
""",
    "am10x": "ff18 :u16",
    "am103": "077d co2:u16\n20ce >history timestamp:u32; temperature:i16/10; humidity:u8/2; co2:u16",
    "am104": "056a activity:u16\n0665 illumination:u16; infrared_and_visible:u16; infrared:u16",
    "am107": "077d co2:u16\n087d tvoc:u16\n0973 pressure:u16/10",
    "am3": """
0500 pir:u8 {idle|trigger}
06cb light_level:u8
077d co2:u16
087d tvoc:u16/100
08e6 tvoc:u16
0973 pressure:u16/10
0e01 buzzer_status:u8 {off|on}
""",
    "pm": "0b7d pm2_5:u16\n0c7d pm10:u16",
    "am307-history": _am3("20"),
    "am308-history": _am3("20", "pm2_5:u16", "pm10:u16"),
    "hcho": "0a7d hcho:u16/100\n" + _am3("20", "pm2_5:u16", "pm10:u16", "hcho:u16/100"),
    "hcho-well": "0b7d pm2_5:u16\n0f7d hcho:u16/1000\n" + _am3("22", "pm2_5:u16", "hcho:u16/1000"),
    "o3": "0d7d o3:u16/100\n" + _am3("20", "pm2_5:u16", "pm10:u16", "o3:u16/100"),
    "am30xl": """
0500 pir.pir_status:u8 {vacant|trigger}
059f pir.pir_status:u16@15 {vacant|trigger}; +pir.pir_count:u16@0.15
06cb als_level:u8
069d Lux:u16
ff09 hardware_version:v2
ff0a firmware_version:v2
077d co2:u16
8367 temperature:i16/10; temperature_alarm.alarm_type:u8
869d Lux:u16; Lux_alarm.alarm_type:u8
877d co2:u16; co2_alarm.alarm_type:u8
b367 temperature_collection_anomaly.type:u8
b468 humidity_collection_anomaly.type:u8
b6cb illuminace_collection_anomaly.type:u8
b69d Lux_collection_anomaly.type:u8
b77d co2_collection_anomaly.type:u8
20ce *checked_history als_level
21ce *checked_history Lux
""",
    "am305l": "20ce *checked_history als_level co2\n21ce *checked_history Lux co2",
    "ts101": f"""
8367 temperature:i16/10; temperature_alarm:u8 {_MUTATION}
93d7 temperature:i16/10; temperature_mutation:i16/100; temperature_alarm:u8 {_MUTATION}
20ce >history timestamp:u32; temperature:i16/10
""",
    "ts201": f"""
8367 >event temperature^:i16/10; temperature_alarm:u8 {_MUTATION}
9367 >event temperature^:i16/10; temperature_mutation:i16/10; temperature_alarm:u8 {_MUTATION}
b367 >event temperature_sensor_status:u8 {{read error|out of range}}
ffa0 :hex9
""",
    "ts201-history": "20ce *one_wire_history",
    "ts201-v2": f"""
8468 >event humidity^:u8/2; humidity_alarm:u8 {_MUTATION}
9468 >event humidity^:u8/2; humidity_mutation:u8/2; humidity_alarm:u8 {_MUTATION}
b468 >event humidity_sensor_status:u8 {{read error|out of range}}
20ce *probe_history
ffeb :u8
""",
    "ts301": _ts30_first("", "03"),
    "ts302": _ts30_first("_chn1", "03") + _ts30_first("_chn2", "04"),
    "ts301-v2": _ts30("", "03") + f"ffa0 sensor_type:u8@0.4 {_SENSOR}; sensor_sn:hex8\n20ce *plug_history",
    "ts302-v2": _ts30("_chn1", "03")
    + _ts30("_chn2", "04")
    + "ffa0 :hex9\n20ce *plug_history _chn1\n21ce *plug_history _chn2",
    "ts601": """
01 battery:u8
03 sensor_id.type:u8 {none|PT100|SHT41|DS18B20}; sensor_id.id:hex8
04 temperature:i32/100
05 humidity:u16/10
06 base_station_position.latitude:i32/1000000; base_station_position.longitude:i32/1000000
07 airplane_mode_state:u8
08 *probe_alarm temperature i32 100
09 *probe_alarm humidity u16 10
0a tilt_alarm.type:u8
0b light_alarm.type:u8
0c probe_connect_status:u8 {disconnect|connect}
0d relative_surface_info.angle_x:i16/100; relative_surface_info.angle_y:i16/100; relative_surface_info.angle_z:i16/100
0e report_package_type:u8
1a temperature_alarm_types:u8
1b humidity_alarm_types:u8
1c tilt_alarm_types:u8
1d light_alarm_types:u8
c8 device_status:u8 {off|on}
d9 oem_id:hex2
da version.hardware_version:v2; :hex6
db product_sn:hex8
df tsl_version:v2
ed *earlier
ee :hex0
fe :u8
""",
    "weather": f"""
0584 wind_direction:i16/10
0673 pressure:u16/10
0792 wind_speed:u16/10
0877 rainfall_total:u16/100; rainfall_counter:u8
08ec rainfall_total:u32/100; rainfall_counter:u8
8367 temperature:i16/10; temperature_alarm:u8 {_THRESHOLD}
8673 pressure:u16/10; pressure_alarm:u8 {_THRESHOLD}
8792 wind_speed:u16/10; wind_speed_alarm:u8 {_THRESHOLD}
88ec rainfall_total:u32/100; rainfall_counter:u8; rainfall_alarm:u8 {_THRESHOLD}
20ce >history timestamp:u32; temperature:i16/10; humidity:u8/2; pressure:u16/10; wind_direction:i16/10;
  wind_speed:u16/10; rainfall_total:u16/100
21ce >history timestamp:u32; temperature:i16/10; humidity:u8/2; pressure:u16/10; wind_direction:i16/10;
  wind_speed:u16/10; rainfall_total:u32/100
""",
}

SPOKEN: Final[dict[str, str]] = {
    "gs601": "gs601",
    "am102 am102l": "th th-history-7 am10x",
    "am103 am103l": "th am10x am103",
    "am104": "th am10x am104",
    "am107": "th am10x am104 am107",
    "am304l": "th am30xl",
    "am305l": "th am30xl am305l",
    "am307 am307l": "th am3 am307-history",
    "am308 am308l": "th am3 pm am308-history",
    "am319-hcho am319-hcho-ir am319l-hcho-ir": "th am3 pm hcho",
    "am319-hcho-well": "th am3 hcho-well",
    "am319-o3 am319l-o3": "th am3 pm o3",
    "ts101": "temperature ts101",
    "ts201": "temperature ts201 ts201-history",
    "ts201-v2": "th ts201 ts201-v2",
    "ts301": "ts301",
    "ts302": "ts302",
    "ts301-v2": "ts301-v2",
    "ts302-v2": "ts302-v2",
    "ts601 ts602": "ts601",
    "wts305 wts505 wts506": "th weather",
}
