"""Milesight's probes: level, water, doors, tilt, soil, gas, sound. Lines as in milesight_table.py."""

from typing import Final

_THRESHOLD: Final = "{threshold alarm release|threshold alarm}"
_THRESHOLD_: Final = "{threshold_alarm_release|threshold_alarm}"
_MUTATION: Final = "{threshold alarm release|threshold alarm|mutation alarm}"
_LEAK: Final = "{normal|leak}"
_MAGNET: Final = "{close|open}"
_TILT: Final = "{normal|tilt}"
_TRIGGER: Final = "{normal|trigger}"
_OUTSIDE: Final = "!fffd temperature_error:out of range !ffff temperature_error:collection failed"
_WATER: Final = "water_conv:u16/10; pulse_conv:u16/10; water:f32"
_WATER_ALARM: Final = (
    "{1:water outage timeout alarm|2:water outage timeout alarm release"
    "|3:water flow timeout alarm|4:water flow timeout alarm release}"
)
_UNREADABLE: Final = (
    "!8001 temperature:collection_err !8002 temperature:lower_range_err !8003 temperature:over_range_err"
)


GROUPS: Final[dict[str, str]] = {
    "temperature": "0367 temperature:i16/10",
    "humidity": "0468 humidity:u8/2",
    "th": "0367 temperature:i16/10\n0468 humidity:u8/2",
    "hot": f"8367 temperature:i16/10; temperature_alarm:u8 {_THRESHOLD}",
    "th-history-8": "20ce >history timestamp:u32; temperature:i16/10; humidity:u8/2; :u8",
    "th-history-7": "20ce >history timestamp:u32; temperature:i16/10; humidity:u8/2",
    "leak": f"""
0500 leakage_status:u8 {_LEAK}
20ce >history timestamp:u32; temperature:i16/10; humidity:u8/2; leakage_status:u8 {_LEAK}
""",
    "leak-only": f"""
0500 leakage_status:u8 {_LEAK}
20ce >history timestamp:u32; :u24; leakage_status:u8 {_LEAK}
""",
    "ws303": f"0300 leakage_status:u8 {_LEAK}",
    "door": f"""
0600 magnet_status:u8 {_MAGNET}
20ce >history timestamp:u32; temperature:i16/10; humidity:u8/2; magnet_status:u8 {_MAGNET}
""",
    "ws301": f"0300 magnet_status:u8 {_MAGNET}\n0400 tamper_status:u8 {{installed|uninstalled}}",
    "pulse": f"""
0500 gpio:u8 {{low|high}}
05c8 pulse:u32
05e1 {_WATER}
8500 gpio:u8 {{low|high}}; gpio_alarm:u8 {{gpio alarm release|gpio alarm}}
85e1 {_WATER}; water_alarm:u8 {_WATER_ALARM}
20ce *pulse_history climate
21ce *water_history climate
""",
    "pulse-hall": f"""
0500 gpio:u8 {{low|high}}
05c8 pulse:u32
05e1 {_WATER}
8500 gpio:u8 {{low|high}}; gpio_alarm:u8 {{gpio alarm release|gpio alarm}}
85e1 {_WATER}; water_alarm:u8 {_WATER_ALARM}
21ce *water_history
""",
    "em300-cl": """
03ed liquid:u8 {uncalibrated|full|critical liquid level alert|255:error}
04ee calibration_result:u8 {failed|success}
83ed liquid:u8 {uncalibrated|full|critical liquid level alert|255:error};
  liquid_alarm:u8 {critical liquid level alarm release|critical liquid level alarm}
""",
    "em310-udl": f"0382 distance:u16\n0400 position:u8 {_TILT}",
    "em310-tilt": f"""
03cf angle_x:i16/100; angle_y:i16/100; angle_z:i16/100; threshold_x:u8@0 {_TRIGGER}; +threshold_y:u8@1 {_TRIGGER};
  +threshold_z:u8@2 {_TRIGGER}
""",
    "em320-tilt": "03d4 *fine_angles",
    "em320-th": f"""
0367 temperature:i16/10 {_UNREADABLE}
0468 humidity:u8/2 !ff humidity:collection_err
049a humidity:u16/10 !ffff humidity:collection_err
059c storage_status:u8 {{1:sufficient|2:less_than_10_percent|3:full|4:overwritten}}
056b trigger_type:u8 {{1:external_trigger}}
b367 temperature_error:u8 {{1:collection_err|2:lower_range_err|3:over_range_err}}; :u8
b468 humidity_error:u8 {{1:collection_err}}; :u8
b49a humidity_error:u8 {{1:collection_err}}; :u8
8367 temperature_threshold_alarm.temperature:i16/10; temperature_threshold_alarm.alarm_type:u8
8468 humidity_threshold_alarm.relative_humidity:u8/2; humidity_threshold_alarm.alarm_type:u8
849a humidity_threshold_alarm.relative_humidity:i16/10; humidity_threshold_alarm.alarm_type:u8
9367 temperature_mutation_alarm.temperature:i16/10; temperature_mutation_alarm.temperature_change:i16/10; :u8
9468 humidity_mutation_alarm.relative_humidity:u8/2; humidity_mutation_alarm.relative_humidity_change:u8/2; :u8
949a humidity_mutation_alarm.relative_humidity:i16/10; humidity_mutation_alarm.relative_humidity_change:i16/10; :u8
""",
    "em320-th-history": """
20ce >history timestamp:u32; temperature:i16/10; humidity:u16/10 !ffff humidity:collection_err; record_type:u8
""",
    "em400": f"""
0482 distance:u16
0500 position:u8 {_TILT}
8367 temperature:i16/10; temperature_alarm:u8 {_THRESHOLD_}
8482 distance:u16; distance_alarm:u8 {_THRESHOLD_}
0688 latitude:i32/1000000; longitude:i32/1000000; motion_status:u8@0.2 {{unknown|start|moving|stop}};
  +geofence_status:u8@4.4 {{inside|outside|unset|unknown}}
""",
    "em410": f"""
0482 distance:i16 !fffd distance_sensor_status:no target !ffff distance_sensor_status:sensor exception
  !fffe distance_sensor_status:disabled
0500 position:u8 {_TILT}
06c7 radar_signal_rssi:i16/100
8482 >event distance^:i16; distance_alarm:u8 {_MUTATION}
9482 >event distance^:i16; distance_mutation:i16; distance_alarm:u8 {_MUTATION}
b482 >event distance:i16 !fffd : !ffff : !fffe :;
  distance_exception:u8 {{blind spot alarm release|blind spot alarm|no target|sensor exception}}
20ce *radar_history
""",
    "em500-co2": """
057d co2:u16
0673 pressure:u16/10
83d7 temperature:i16/10; temperature_mutation:i16/10;
  temperature_alarm:u8 {threshold alarm|threshold alarm release|mutation alarm}
20ce >history timestamp:u32; co2:u16; pressure:u16/10; temperature:i16/10; humidity:u8/2
""",
    "em500-lgt": "0394 illumination:u32\n20ce >history timestamp:u32; illumination:u32",
    "em500-pp": "037b pressure:i16\n20ce >history timestamp:u32; pressure:i16",
    "em500-pt100": """
83d7 temperature:i16/10; temperature_mutation:i16/10;
  temperature_alarm:u8 {threshold alarm|threshold alarm release|mutation alarm}
20ce >history timestamp:u32; temperature:i16/10
ff1b :hex5
""",
    "em500-smtc": f"""
0367 temperature:i16/10 {_OUTSIDE}
0468 moisture:u8/2
04ca moisture:u16/100 !fffd moisture_error:out of range !ffff moisture_error:collection failed
057f electricity:u16 !fffd electricity_error:out of range !ffff electricity_error:collection failed
83d7 temperature:i16/10; temperature_mutation:i16/10; temperature_alarm:u8 {_MUTATION}
20ce >history timestamp:u32; electricity:u16 !fffd electricity_error:out of range
  !ffff electricity_error:collection failed; temperature:i16/10 {_OUTSIDE};
  moisture:u16/100 !fffd moisture_error:out of range !ffff moisture_error:collection failed
""",
    "em500-swl": """
0377 depth:u16 !fffd depth_error:out of range !ffff depth_error:collection failed
20ce >history timestamp:u32; depth:u16 !fffd depth_error:out of range !ffff depth_error:collection failed
ff1b :hex5
""",
    "em500-udl": """
0382 distance:u16
83e9 distance:u16/10; distance_mutation:u16/10; distance_alarm:u8 {normal|threshold_alarm|mutation_alarm}
20ce >history timestamp:u32; distance:u16
""",
    "gs101": """
058e gas_status:u8 {normal|alarm}
0601 valve_status:u8 {off|on}
0701 relay_output_status:u8 {off|on}
0890 life_remain:u32
ff3f alarm:u8 {power off|power on|device fault|device fault recovered|device will be invalid soon|device invalid}
""",
    "gs301": """
0267 temperature:i16/10
0368 humidity:u8/2
047d nh3:u16/100 !fffe nh3_sensor_status:polarizing !ffff nh3_sensor_status:device error
057d h2s:u16/100 !fffe h2s_sensor_status:polarizing !ffff h2s_sensor_status:device error
067d h2s:u16/1000 !fffe h2s_sensor_status:polarizing !ffff h2s_sensor_status:device error
07ea :hex5
ff7c sensor_id:asc43
""",
    "ws201": "0382 distance:u16\n04d6 remaining:u8",
    "ws302": "055b *sound",
}

SPOKEN: Final[dict[str, str]] = {
    "em300-th": "th th-history-8",
    "em300-mcs": "th door",
    "em300-sld em300-zld": "th leak",
    "em300-mld": "leak-only",
    "em300-di": "th pulse",
    "em300-di-hall": "pulse-hall",
    "em300-cl": "em300-cl",
    "em310-udl": "em310-udl",
    "em310-tilt": "em310-tilt",
    "em320-tilt": "em320-tilt",
    "em320-th": "em320-th th-history-7",
    "em320-th-v2": "em320-th em320-th-history",
    "em400-mud em400-tld em400-udl": "temperature em400",
    "em410-rdl em411-rdl": "temperature em410",
    "em500-co2": "th em500-co2",
    "em500-lgt": "em500-lgt",
    "em500-pp": "em500-pp",
    "em500-pt100": "temperature em500-pt100",
    "em500-smtc": "em500-smtc",
    "em500-swl": "em500-swl",
    "em500-udl": "em500-udl",
    "gs101": "gs101",
    "gs301": "gs301",
    "ws201": "ws201",
    "ws301": "ws301",
    "ws302": "ws302",
    "ws303": "ws303",
}
