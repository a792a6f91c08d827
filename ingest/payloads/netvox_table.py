"""What each Netvox device type reports, as published: byte positions in a report of eleven bytes on FPort 6.

A field reads `Name@position:form`. Forms: `u8 u16 u32 i16` big-endian, `/10` divides, `f16` an IEEE half float with the
low byte first, `no|yes` the words for zero and anything else. A `?` after the form: all ones mean that no such sensor
is fitted. Volt is in byte 3 of every battery report and stands in none of these lines.
"""

from typing import Final

_TEMPERATURE_HUMIDITY: Final = "Temp@4:i16/100 Humi@6:u16/100"
_STATUS_2: Final = "status1@4:u8 status2@5:u8"
_LEAK: Final = "WaterLeak@4:NoLeak|Leak"
_ALARM: Final = "Alarm@4:u8"
_AIR: Final = {
    1: "PM1_0@4:u16? PM2_5@6:u16? PM10@8:u16?",
    2: "PM1_0@4:u16? PM2_5@6:u16? PM10@8:u16?",
    3: "um0_3@4:u16? um0_5@6:u16? um1_0@8:u16?",
    4: "um2_5@4:u16? um5_0@6:u16? um10@8:u16?",
    5: "O3@4:u16/10? CO@6:u16/10? NO@8:u16/10?",
    6: "NO2@4:u16/10? SO2@6:u16/10? H2S@8:u16/10?",
    7: "CO2@4:u16/10? NH3@6:u16/10? Noise@8:u16/10?",
    8: "PH@4:u16/100? TempPH@6:i16/100? ORP@8:i16?",
    9: "NTU@4:u16/10? TempNTU@6:i16/100? EC5SoildHumi@8:u16/100?",
    10: "SoildHumi5TE@4:u16/100? SoildTemp5TE@6:i16/100? WaterLevel@8:u16? EC5TE@10:u8/10?",
    11: "TempLDO@4:i16/100? LDO_DO@6:u16/100? LDO_Sat@8:u16/10?",
    12: "Temperature@4:i16/100? Humidity@6:u16/100? WindSpeed@8:u16/100?",
    13: "WindDirection@4:u16? Atomsphere@6:u32/100?",
    14: "VOC@4:u16/10?",
}
_METER: Final = {
    1: (
        "OnOff@3:OFF|ON Energy@4:u32 OverCurrentAlarm@8:No_alarm|Alarm"
        " DashCurrentAlarm@9:No_alarm|Alarm PowerOffAlarm@10:No_alarm|Alarm"
    ),
    2: "Vol@3:u16 Current@5:u16 Power@7:u16",
}
_VIBRATION: Final = {1: "AccelerationX@4:f16 AccelerationY@6:f16 AccelerationZ@8:f16"}
_THREE_CURRENTS: Final = {
    1: "Current1@4:u16 Current2@6:u16 Current3@8:u16 Multiplier1@10:u8",
    2: "Multiplier2@4:u8 Multiplier3@5:u8",
}

AIR: Final = frozenset({5, 9, 13})  # supplied from 12 or 24 V: the whole byte is the voltage
METERS: Final = frozenset({14, 115})  # on mains: no Volt in the report

# device type: (name, what its reports hold: one line for report 1, or one for each)
TYPES: Final[dict[int, tuple[str, str | dict[int, str]]]] = {
    1: ("R711(R712)", _TEMPERATURE_HUMIDITY),
    2: ("R311A", "OnOff@4:u8"),
    3: ("RB11E", "Temp@4:i16/100 Illuminance@6:u16 Occupy@8:u8 DisassembledAlarm@9:u8"),
    4: ("R311G", "Illuminance@4:u16"),
    5: ("RA07Series", _AIR),
    6: ("R311W", "WaterLeak_1@4:NoLeak|Leak WaterLeak_2@5:NoLeak|Leak"),
    9: ("R726Series", _AIR),
    10: ("RA02A", "FireAlarm@4:No_Alarm|Alarm HighTempAlarm@5:No_Alarm|Alarm Temp@6:i16/10"),
    11: ("R718A", _TEMPERATURE_HUMIDITY),
    13: ("RA07**YSeries", _AIR),
    14: ("R809A", _METER),
    16: ("RB02I", _ALARM),
    17: ("RA02C", "COAlarm@4:No_Alarm|Alarm HighTempAlarm@5:No_Alarm|Alarm"),
    18: ("R718WB", _LEAK),
    19: ("R718AB", _TEMPERATURE_HUMIDITY),
    20: ("R718B2", "Temp1@4:i16/10 Temp2@6:i16/10"),
    22: ("R718CK2", "Temp1@4:i16/10 Temp2@6:i16/10"),
    23: ("R718CT2", "Temp1@4:i16/10 Temp2@6:i16/10"),
    26: ("R718DA", "status@4:u8"),
    27: ("R718DB", "status@4:u8"),
    28: ("R718E", _VIBRATION),
    29: ("R718F", "OnOff@4:u8"),
    30: ("R718G", "Illuminance@4:u32"),
    31: ("R718H", "PulseCount@4:u16"),
    32: ("R718IA", "ADCRaw@4:u16"),
    33: ("R718J", "status@4:u8"),
    34: ("R718KA", "Current@4:u8 FineCurrent@5:u8/10"),
    37: ("R718LB", "status@4:u8"),
    38: ("R718MA", "Rssi@4:u16 Snr@6:u8 HeartInterval@7:u16"),
    39: ("R718MBA", "status@4:u8"),
    42: ("R718IB", "ADCRaw@4:u16"),
    43: ("R718MBB", "WorkCount@4:u32"),
    44: ("R718MBC", "WorkDurationTime@4:u32"),
    47: ("R718DA2", _STATUS_2),
    49: ("R718T", _ALARM),
    50: ("R718WA", _LEAK),
    52: (
        "R718X",
        "Status@4:OFF|ON Distance@5:u16 Temp@7:i16/10 FillLevel@9:u8 AngleOfInclination@10:u8",
    ),
    53: ("RA0716", f"{_TEMPERATURE_HUMIDITY} PM25@8:u16"),
    54: ("R72616", f"{_TEMPERATURE_HUMIDITY} PM25@8:u16"),
    55: ("R72716", f"{_TEMPERATURE_HUMIDITY} PM25@8:u16"),
    61: ("R718DB2", _STATUS_2),
    62: ("R718F2", _STATUS_2),
    63: ("R718H2", "PulseCount1@4:u16 PulseCount2@6:u16"),
    67: ("R718J2", _STATUS_2),
    69: ("R718LB2", _STATUS_2),
    73: ("R718N1", "Current@4:u16 Multiplier@6:u8"),
    74: ("R718N3", _THREE_CURRENTS),
    75: ("R311B", "Illuminance@4:u16"),
    76: ("R311CA", _STATUS_2),
    77: ("R312A", _ALARM),
    78: ("R311D", "Rssi@4:u16 Snr@6:u8 HeartInterval@7:u16"),
    79: ("R311FA", "status@4:u8"),
    80: ("R311FB", "WorkCount@4:u32"),
    81: ("R311FC", "WorkDurationTime@4:u32"),
    85: ("R312", "Doorbell@4:u8"),
    86: ("R311CB", _STATUS_2),
    89: ("R719A", "CarOnOff@4:u8"),
    90: ("R311WA", "Status_1@4:OFF|ON Status_2@5:OFF|ON"),
    91: ("R718Q", "status@4:u8"),
    106: ("R72616A", f"{_TEMPERATURE_HUMIDITY} PM25@8:u16"),
    108: ("R311CC", _STATUS_2),
    110: ("R720A", _TEMPERATURE_HUMIDITY),
    115: ("R816B", _METER),
    116: ("R730IA", "ADCRaw@4:u16"),
    117: ("R730IB", "ADCRaw@4:u16"),
    125: ("R730F", "OnOff@4:u8"),
    126: ("R730F2", _STATUS_2),
    129: ("R730MA", "Rssi@4:u16 Snr@6:u8 HeartInterval@7:u16"),
    130: ("R730MBA", "status@4:u8"),
    131: ("R730MBB", "WorkCount@4:u32"),
    132: ("R730MBC", "WorkDurationTime@4:u32"),
    137: ("R730DA", "status@4:u8"),
    138: ("R730DA2", _STATUS_2),
    139: ("R730DB", "status@4:u8"),
    140: ("R730DB2", _STATUS_2),
    141: ("R730LB", "status@4:u8"),
    142: ("R730LB2", _STATUS_2),
    144: ("R718CJ", "Temp@4:i16/10"),
    145: ("R718CK", "Temp@4:i16/10"),
    146: ("R718CT", "Temp@4:i16/10"),
    147: ("R718CR", "Temp@4:i16/10"),
    148: ("R718CE", "Temp@4:i16/10"),
    149: ("R718B", "Temp@4:i16/10"),
    151: ("R718QA", "status@4:u8"),
    155: ("R718PA22", "Depth@4:u16 Temp@6:i16 InstallStatus@8:Success|Failure"),
    156: ("R718AD", "Temp@4:i16/100"),
    157: ("R720D", "Temp@4:i16/100"),
    168: ("R311DA", "status@4:u8"),
    169: ("R311DB", "status@4:u8"),
    170: ("R311LA", "Status@4:OFF|ON RawSenseData@5:u16"),
    175: ("R719B", "CarOnOff@4:u8"),
    177: ("R718PE", "Status@4:OFF|ON Distance@5:u16 FillLevel@7:u8"),
    183: ("R720F", "status@4:u8"),
    188: ("R711A", "Temp@4:i16/100"),
}
