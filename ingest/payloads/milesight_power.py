"""Milesight's meters, sockets, switches, valves, controllers and thermostats. Lines as in milesight_table.py."""

from typing import Final

_OVER: Final = "!fffd temperature_sensor_status:over range alarm !ffff temperature_sensor_status:read failed"
_YES: Final = "{no|yes}"
_ON: Final = "{off|on}"
_ERROR: Final = "{1:collection error}"


def _crossed(name: str) -> str:
    """The four bits of a current alarm."""
    words = ("threshold_alarm", "threshold_alarm_release", "over_range_alarm", "over_range_alarm_release")
    return "; ".join(f"{'+' if n else ''}{name}.current_{word}:u8@{n} {_YES}" for n, word in enumerate(words))


def _phases() -> str:
    """CT3xx: three phases, each two channels on from the last."""
    return "\n".join(
        f"{2 * n + 1:02x}97 current_chn{n}_total:u32/100\n"
        f"{2 * n + 2:02x}99 current_chn{n}:u16/10 !ffff current_chn{n}_sensor_status:read failed\n"
        f"{2 * n + 0x82:02x}99 current_chn{n}_max:u16/10; current_chn{n}_min:u16/10; current_chn{n}:u16/10;"
        f" {_crossed(f'current_chn{n}_alarm')}"
        for n in (1, 2, 3)
    )


def _switches(key: str, count: int) -> str:
    parts = (f"switch_{n}:u8@{n - 1} {_ON}; +switch_{n}_change:u8@{n + 3} {_YES}" for n in range(1, count + 1))
    return f"{key} " + "; +".join(parts)


def _spread(key: str, name: str, of: str, order: tuple[str, ...]) -> str:
    return f"{key} {name}:{of}; " + "; ".join(f"{name}_{tail}:{of}" for tail in order)


_MIN: Final = ("min", "max", "avg")
_MAX: Final = ("max", "min", "avg")

GROUPS: Final[dict[str, str]] = {
    "ct": f"""
0967 temperature:i16/10 {_OVER}
8967 temperature:i16/10; temperature_alarm:u8 {{temperature threshold alarm release|temperature threshold alarm}}
""",
    "ct1": f"""
0397 total_current:u32/100
0498 current:u16/100 !ffff current_sensor_status:read failed
8498 current_max:u16/100; current_min:u16/100; current:u16/100; {_crossed("current_alarm")}
""",
    "ct3": _phases(),
    "ct-v2": """
1063 ch1_sumkwh:u32/100
1163 ch2_sumkwh:u32/100
1263 ch3_sumkwh:u32/100
1375 low_voltage_alarm.alarm_type:u8 {1:low voltage alarm}
""",
    "meter": """
0374 voltage:u16/10
0480 active_power:u32
0581 power_factor:u8
0683 power_consumption:u32
07c9 current:u16
ff26 :u8
""",
    "meter-v4": f"""
0374 voltage:u16
0480 electric_power:u32
0581 power_factor:u8
0683 power_consumption:u32
07c9 current_rating:u16
87c9 overcurrent_alarm.current:u16; overcurrent_alarm.status:u8 {{1:overcurrent}}
8829 device_abnormal_alarm.status:u8 {{1:abnormal}}
89df :u8
b374 voltage_collect_error.type:u8 {_ERROR}
b480 electric_power_collect_error.type:u8 {_ERROR}
b581 power_factor_collect_error.type:u8 {_ERROR}
b683 power_consumption_collect_error.type:u8 {_ERROR}
b7c9 current_collect_error.type:u8 {_ERROR}
ff26 :u8
""",
    "socket": f"0870 socket_status:u8@0 {_ON}",
    "warm-socket": f"""
0967 temperature:i16/10 {_OVER}
8967 temperature:i16/10;
  temperature_alarm:u8 {{threshold alarm release|threshold alarm|overheat alarm|mutation alarm}}
9967 temperature:i16/10; temperature_mutation:i16/10; temperature_alarm:u8 =mutation alarm
""",
    "socket-v3": f"""
0374 voltage:u16
0480 electric_power:u32
0581 power_factor:u8
0683 power_consumption:u32/100000
07c9 current_rating:u16/1000
0870 socket_status.switch_status_1:u8@0 {_ON}
0967 temperature:i16/10 !ffff temperature_error:sensor not recognized !fffd temperature_error:out of range
8967 temperature_alarm.temperature:i16/10; temperature_alarm.alarm_type:u8
87c9 overcurrent_alarm.current:u16/1000; overcurrent_alarm.status:u8 {{1:overcurrent}}
8829 device_abnormal_alarm.status:u8 {{1:abnormal}}
b374 voltage_collection_error_report.type:u8
b480 electric_power_collection_error_report.type:u8
b581 power_factor_collection_error_report.type:u8
b683 power_consumption_collection_error_report.type:u8
b7c9 current_collection_error_report.type:u8
ff26 :u8
""",
    "ws501": _switches("ff29", 1) + "\nff2b function_key_event:u8 =yes",
    "ws502": _switches("ff29", 2) + "\nff2b function_key_event:u8 =yes",
    "ws503": _switches("ff29", 3) + "\nff2b function_key_event:u8 =yes",
    "ws501-eu": _switches("0829", 1) + "\n" + _switches("ff29", 1),
    "ws502-eu": _switches("0829", 2) + "\n" + _switches("ff29", 2),
    "ws503-eu": _switches("0829", 3) + "\n" + _switches("ff29", 3),
    "ws558": "07c9 total_current:u16\n0831 :u8; "
    + "; ".join(f"{'+' if n > 1 else ''}switch_{n}:u8@{n - 1} {_ON}" for n in range(1, 9)),
    "uc11-t1": "0167 temperature:i16/10\n0268 humidity:u8/2\n0375 battery:u8",
    "uc100": "ff15 *modbus_failed\nff19 *modbus_uc100\nffee *modbus_uc100_alarm\nf95f :hex7\n20ce :hex10\n20cd *noted",
    "uc100-v2": "ff15 *modbus_failed\nf973 *modbus_uc100_v2\nf974 :hex9\n21ce :hex23\n21cd *noted",
    "uc300": "\n".join(
        (
            *(f"{n + 2:02x}00 gpio_input_{n}:u8 {_ON}\n{n + 2:02x}c8 gpio_counter_{n}:u32" for n in (1, 2, 3, 4)),
            *(f"{n + 6:02x}01 gpio_output_{n}:u8 {_ON}" for n in (1, 2)),
            *(
                f"{n + 8:02x}67 pt100_{n}:i16/10\n" + _spread(f"{n + 8:02x}e2", f"pt100_{n}", "f16", _MAX)
                for n in (1, 2)
            ),
            *(
                f"{n + 10:02x}02 adc_{n}:u32/100\n" + _spread(f"{n + 10:02x}e2", f"adc_{n}", "f16", _MAX)
                for n in (1, 2)
            ),
            *(
                f"{n + 12:02x}02 adv_{n}:u32/100\n" + _spread(f"{n + 12:02x}e2", f"adv_{n}", "f16", _MAX)
                for n in (1, 2)
            ),
            "ff15 *modbus_failed\nff19 *modbus_uc300",
        )
    ),
    "uc501": "\n".join(
        (
            *(
                f"{n + 2:02x}00 gpio_input_{n}:u8 {_ON}\n{n + 2:02x}01 gpio_output_{n}:u8 {_ON}\n"
                f"{n + 2:02x}c8 gpio_counter_{n}:u32\n"
                + _spread(f"{n + 4:02x}02", f"analog_input_{n}", "i16/1000", _MIN)
                + "\n"
                + _spread(f"{n + 4:02x}e2", f"analog_input_{n}", "f16", _MIN)
                + "\n"
                + _spread(f"{n + 0x84:02x}e2", f"analog_input_{n}", "f16", _MIN)
                + f"; analog_input_{n}_alarm:u8 {{1:threshold alarm|2:value change alarm}}"
                for n in (1, 2)
            ),
            "08db *sdi12\nff0e *modbus_uc501\n800e *modbus_uc501 alarm\nff14 :u8\nff15 *modbus_failed 5",
            "20dc *wired_history",
        )
    ),
    "uc511": f"""
0301 valve_1:u8 {{close|open}} !ff valve_1_result:failed
04c8 valve_1_pulse:u32
0501 valve_2:u8 {{close|open}} !ff valve_2_result:failed
06c8 valve_2_pulse:u32
0701 gpio_1:u8 {_ON}
0801 gpio_2:u8 {_ON}
097b pressure:u16
b97b pressure_sensor_status:u8 {{1:sensor error}}
0bf5 :hex9
0eaf :u24
0faf :u24
20ce *valve_history
21ce >history timestamp:u32; pressure:u16
""",
    "uc521": "\n".join(
        (
            *(
                f"{2 * n + 1:02x}f6 *ball_valve {n}\n{2 * n + 2:02x}c8 valve_{n}_pulse:u32\n"
                f"{n + 6:02x}01 gpio_{n}:u8 {{low|high}}\n{n + 8:02x}7b pressure_{n}:u16\n"
                f"{n + 10:02x}f5 :hex6; pressure_{n}:u16; :u8\n"
                f"{n + 13:02x}01 valve_{n}_opening_duration:u8\n"
                f"{2 * n + 0xB1:02x}f6 valve_{n}_type:u8 {{2_way_ball_valve|3_way_ball_valve}};"
                f" valve_{n}_sensor_status:u8"
                " {low battery power|shutdown after getting io feedback|incorrect opening time|timeout|valve stall}\n"
                f"{n + 0xB8:02x}7b pressure_{n}_sensor_status:u8 {{1:read error}}"
                for n in (1, 2)
            ),
            "0de3 :u32",
        )
    ),
    "uc11xx": "\n".join(
        f"{n:02x}00 gpio_input_{n}:u8 {{low|high}}\n{n:02x}c8 gpio_counter_{n}:u32\n"
        f"{n + 8:02x}01 gpio_output_{n}:u8 {{low|high}}\n" + _spread(f"{n + 16:02x}02", f"adc_{n}", "i16/100", _MIN)
        for n in (1, 2)
    )
    + "\nff0e *modbus_uc11",
    "uc11-n1": "\n".join(
        f"{n + 2:02x}00 gpio_{n}:u8 {{low|high}}\n" + _spread(f"{n + 4:02x}02", f"adc_{n}", "i16/100", _MIN)
        for n in (1, 2)
    )
    + "\n04c8 gpio_counter:u32\nff0e *modbus_uc501",
    "wt101": """
0367 temperature:i16/10
0467 target_temperature:i16/10
0592 valve_opening:u8
0600 tamper_status:u8 {installed|uninstalled}
0700 window_detection:u8 {normal|open}
08e5 motor_calibration_result:u8
  {success|fail: out of range|fail: uninstalled|calibration cleared|temperature control disabled}
0990 motor_stroke:u16
0a00 freeze_protection:u8 {normal|triggered}
0b90 motor_position:u16
""",
    "wt2": f"""
0367 temperature:i16/10
0467 target_temperature:i16/10
05e7 :u8
06e8 :u8
07bc :u8
088e system_status:u8 {_ON}
0968 humidity:u8/2
0a6e :u8
b367 temperature_sensor_status:u8 {{1:read failed|2:out of range}}
b968 humidity_sensor_status:u8 {{1:read failed|2:out of range}}
ffcb :u24
""",
    "wt2-v2": "0367 ambient_temperature:i16/10\n07e9 :u8\n0b67 target_temperature_2:i16/10\n87e9 :u16",
}

SPOKEN: Final[dict[str, str]] = {
    "ct101 ct103 ct105": "ct ct1",
    "ct101-v2 ct103-v2 ct105-v2": "ct ct1 ct-v2",
    "ct303 ct305 ct310": "ct ct3",
    "ct303-v2 ct305-v2 ct310-v2": "ct ct3 ct-v2",
    "ws501": "ws501",
    "ws502": "ws502",
    "ws503": "ws503",
    "ws501-cn": "ws501-eu",
    "ws502-cn": "ws502-eu",
    "ws503-cn": "ws503-eu",
    "ws501-eu ws501-us": "meter ws501-eu",
    "ws502-eu": "meter ws502-eu",
    "ws501-v4": "meter-v4 ws501-eu",
    "ws502-v4": "meter-v4 ws502-eu",
    "ws503-v4": "meter-v4 ws503-eu",
    "ws513 ws515": "meter socket warm-socket",
    "ws513-v3 ws515-v3": "socket-v3",
    "ws523 ws525 ws52x": "meter socket",
    "ws558": "meter ws558",
    "uc11-t1": "uc11-t1",
    "uc11-n1": "uc11-n1",
    "uc11xx uc1114 uc1122 uc1152": "uc11xx",
    "uc100": "uc100",
    "uc100-v2": "uc100-v2",
    "uc300": "uc300",
    "uc501 uc502": "uc501",
    "uc511 uc512": "uc511",
    "uc521": "uc521",
    "wt101": "wt101",
    "wt201": "wt2",
    "wt201-v2 wt211": "wt2 wt2-v2",
}
