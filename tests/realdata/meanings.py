"""What the dictionary of the second opinion says often: places, cells, words."""

from typing import Final

from tests.realdata.oracle import levels, places, times, volts

AS_IS: Final = times(1)
# What a sensor inside or at a facility measures of its surroundings.
ROOM: Final = {"bin": "bin_temperature", "toilet": "temperature", "": "air_temperature temperature"}
PROBE: Final = {
    "bin": "bin_temperature",
    "toilet": "temperature",
    "green": "soil_temp",
    "": "air_temperature temperature",
}
PROBE: Final = {**ROOM, "green": "soil_temp temperature", "light": "lamp_temperature temperature"}
BOARD: Final = {**ROOM, "light": "lamp_temperature temperature air_temperature", "green": "air_temperature temperature"}
WET: Final = "floor_wet water_immersion"
AT_BIN: Final = {"bin": "distance"}
IN_BIN: Final = {"bin": "tipped"}
STALL: Final = {"toilet": "stalls_free"}
LAMP: Final = {"light": "commanded_level", "feeder": "commanded_level", "cabinet": "commanded_level"}
DOOR: Final = {"bin": "lid_open", "": "door_open"}
POWER: Final = {"light": "active_power", "": "total_active_power"}  # of a lamp, or of a circuit
LITHIUM: Final = volts(3.0, 3.6)  # Li-SOCl2, 3.6 V: flat until it dies
LITHIUM_MV: Final = volts(3.0, 3.6, 0.001)
COIN: Final = volts(2.4, 3.0)  # LiMnO2 and two of 1.5 V
ALKALINE: Final = volts(2.1, 3.0)
ON: Final = levels("on true 1 closed", "off false 0 open")
TAKEN: Final = {"parking": "occupied_spots"}
FREE: Final = {"parking": "available_spots"}
OCCUPIED: Final = places("true on 1", "false off 0", count_taken=True)
VACANT: Final = places("true on 1", "false off 0", count_taken=False)
