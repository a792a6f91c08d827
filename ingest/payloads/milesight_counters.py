"""Milesight's counters of people and presence, and their buttons. Lines as in milesight_table.py."""

from typing import Final

_THRESHOLD: Final = "{threshold alarm release|threshold alarm}"
_HEAT: Final = "{threshold alarm release|threshold alarm|3:high temperature alarm|4:high temperature alarm release}"
_SEAT: Final = "{vacant|occupied}"
_FALL: Final = "{normal|vacant|in_bed|out_of_bed|fall}"
_TARGET: Final = "{normal|motionless|abnormal|lying_down}"


def _regions(first: int, last: int, tail: str) -> str:
    return "; ".join(f"region_{n}{tail}" for n in range(first, last + 1))


def _directions(origin: str) -> str:
    return "; ".join(f"{origin}_to_{end}:u16" for end in "abcd")


def _lines(first: int, of: str) -> str:
    """Four counting lines: in, out and the period's, each three channels on from the last."""
    return "\n".join(
        f"{first + 3 * n:02x}d2 line_{n + 1}_{of}total_in:u32\n"
        f"{first + 3 * n + 1:02x}d2 line_{n + 1}_{of}total_out:u32\n"
        f"{first + 3 * n + 2:02x}cc line_{n + 1}_{of}period_in:u16; line_{n + 1}_{of}period_out:u16"
        for n in range(4)
    )


GROUPS: Final[dict[str, str]] = {
    "vs121": f"""
ff01 protocol_version:u8
ff09 hardware_version:dots2
ff0a none
ff1f firmware_version:dots4
04c9 *people_regions
05cc people_in:i16; people_out:i16
06cd people_count_max:u8
07d5 {_regions(1, 8, "_count:u8")}
08d5 {_regions(9, 16, "_count:u8")}
09da {_directions("a")}
0ada {_directions("b")}
0bda {_directions("c")}
0cda {_directions("d")}
0dcc people_total_in:u16; people_total_out:u16
0ee4 :u8; dwell_time_avg:u16; dwell_time_max:u16
0f85 timestamp:u32
10f7 line_in:u16; line_out:u16
20ce *people_history
""",
    "vs132": """
ff01 protocol_version:u8
ff09 hardware_version:dots2
ff0a none
ff1f firmware_version:dots4
03d2 total_counter_in:u32
04d2 total_counter_out:u32
05cc periodic_counter_in:u16; periodic_counter_out:u16
""",
    "vs133": f"""
ff1f firmware_version:vdots4
{_lines(0x03, "")}
{_lines(0x11, "child_")}
0fe3 {_regions(1, 4, "_count:u8")}
10e4 *region_dwell
1de3 {_regions(1, 4, "_child_count:u8")}
1ee4 *region_dwell child_
20ce *line_history
50fc *occlusion
""",
    "vs321": """
0367 temperature:i16/10 !ffff temperature_sensor_status:read_failed
0468 humidity:u8/2 !ff humidity_sensor_status:read_failed
05fd people_total_counts:u16
06fe *desk_regions
07ff illuminance_status:u8 {dim|bright}
08f4 :u8; detection_status:u8 {normal|unavailable}
0aef timestamp:u32
8367 temperature:i16/10; temperature_alarm:u8 {threshold_alarm_release|threshold_alarm}
8468 humidity:u8/2; humidity_alarm:u8 {threshold_alarm_release|threshold_alarm}
20ce *desk_history
""",
    "vs330": f"""
0282 distance:u16
038e occupancy:u8 {_SEAT}
048e calibration_status:u8 {{failed|success}}
""",
    "vs340": f"0300 occupancy:u8 {_SEAT}",
    "passage": f"""
04cc total_in:u16; total_out:u16
05cc period_in:u16; period_out:u16
0aef timestamp:u32
84cc total_in:u16; total_out:u16; total_count_alarm:u8 {_THRESHOLD}
85cc period_in:u16; period_out:u16; period_count_alarm:u8 {_THRESHOLD}
20ce *passage_history
""",
    "vs350": f"""
0367 temperature:i16/10
8367 temperature:i16/10; temperature_alarm:u8 {_HEAT}
81ee :u8
ffac :hex5
ffad :u8
ffcc power_status:u8 {{battery supply|external power supply|battery charging}}
""",
    "vs360": """
0175 battery_main:u8
0275 battery_node:u8
03f4 >event type:u8 {counting_anomaly|node_device_without_response|devices_misaligned};
  status:u8 {alarm_release|alarm}
""",
    "vs370": f"""
0300 occupancy:u8 {_SEAT}
0400 illuminance:u8 {{dim|bright|254:disable}}
""",
    "vs373": f"""
03f8 detection_status:u8 {_FALL}; target_status:u8 {_TARGET}; use_time_now:u16; use_time_today:u16
04f9 {_regions(1, 4, "_occupancy:u8 {occupied|vacant}")}
05fa {_regions(1, 4, "_out_of_bed_time:u16")}
06fb *bed_events
07b0 detection_status:u8 {_FALL}; target_status:u8 {_TARGET}; use_time_now:u24; use_time_today:u24
08b1 respiratory_status:u8 {{1:no_data_input|2:normal|3:tachypnea|4:bradypnea|5:undetectable}};
  respiratory_rate:u16/100
09b2 {_regions(1, 6, "_type:u8 {custom|bed|door|ignore|255:unset}")}
0ab3 *bed_regions
0bb4 {_regions(1, 3, "_out_of_bed_time:u24")}
0cb4 {_regions(4, 6, "_out_of_bed_time:u24")}
20ce *bed_history
""",
    "ws202": "0300 pir:u8 {normal|trigger}\n0400 daylight:u8 {dim|bright}",
    "ws203": f"""
0500 occupancy:u8 {_SEAT}
8367 temperature:i16/10; temperature_alarm:u8 {_THRESHOLD}
20ce >history timestamp:u32;
  report_type:u8@0.3 {{temperature threshold alarm release|temperature threshold alarm|pir idle|pir trigger|period}};
  occupancy:u8 {_SEAT}; temperature:i16/10; humidity:u8/2
""",
    "ws101": "ff2e button_event.status:u8 {1:short press|2:long press|3:double press}",
    "ws156": "ff34 *pressed\nff2e press:u8 {1:short|2:long|3:double}",
    "ds3604": """
fb01 *shown
ff73 current_template_id:u8
ff2e button_status:u8 {single_click|double_click|short_press|long_press}
""",
    "ft101": """
03a1 longitude:i32/1000000; latitude:i32/1000000
04a2 rssi:i16/10; snr:i16/10
05a3 sf:u8
06a4 tx_power:i16/100
""",
    "at101": """
0488 latitude:i32/1000000; longitude:i32/1000000; motion_status:u8@0.4 {unknown|start|moving|stop};
  +geofence_status:u8@4.4 {inside|outside|unset|unknown}
8488 latitude:i32/1000000; longitude:i32/1000000; motion_status:u8@0.4 {unknown|start|moving|stop};
  +geofence_status:u8@4.4 {inside|outside|unset|unknown}
0500 position:u8 {normal|tilt}
06d9 :hex8; motion_status:u8@0.4 {unknown|start|moving|stop}
0700 tamper_status:u8 {install|uninstall}
8367 temperature:i16/10; temperature_alarm:u8 {normal|abnormal}
20ce >history timestamp:u32; longitude:i32/1000000; latitude:i32/1000000
""",
}

SPOKEN: Final[dict[str, str]] = {
    "vs121": "vs121",
    "vs132": "vs132",
    "vs133 vs135": "vs133",
    "vs321": "vs321",
    "vs330": "vs330",
    "vs340 vs341 vs34x": "vs340",
    "vs350 vs351": "passage vs350",
    "vs360": "passage vs360",
    "vs370": "vs370",
    "vs373": "vs373",
    "ws202": "ws202",
    "ws203": "th ws203",
    "ws101": "ws101",
    "ws136 ws156": "ws156",
    "ds3604": "ds3604",
    "ft101": "ft101",
    "at101": "temperature at101",
}
