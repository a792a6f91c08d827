"""The tide gauge and weather station 潮位气象."""

# ruff: noqa: D102 - what these promise is said once, in simulators.thing

from typing import Final

from domain.readings import Millis, Value
from domain.site import Facility
from simulators.almanac import HOUR
from simulators.chance import Dice
from simulators.thing import Scene, Thing

_GALE: Final = 17.2  # m/s in gusts
_HIGH_CM: Final = 494.0  # from here on noise can show the 500 at which low decks are closed
_DECK_CM: Final = 535.0  # … and the 540 of the lowest deck


class CoastStation(Thing):
    """One station: it reports what the weather is."""

    def __init__(self, facility: Facility, scene: Scene, start: Millis) -> None:
        super().__init__(facility, scene, start)
        self.flooded: Millis | None = None  # when the sea last stood over the lowest deck

    def advance(self, at: Millis) -> None:
        weather, self.seen = self.scene.weather, at
        tide = weather.tide_cm(at)
        if tide >= _DECK_CM:
            self.flooded = at
        self.note("gale", at, holds=weather.gust(at) >= _GALE - 1.0, over=weather.gust(at) < _GALE - 5.0)
        self.note("high_tide", at, holds=tide >= _HIGH_CM, over=tide < _HIGH_CM - 30.0)
        self.note("over_deck", at, holds=self.flooded == at, over=self.flooded is None or at > self.flooded + 8 * HOUR)

    def values(self, at: Millis, dice: Dice) -> dict[str, Value]:
        weather = self.scene.weather
        return {
            "tide_level": round(weather.tide_cm(at) + dice.around(2.0), 1),
            "wind_speed": round(weather.wind(at) + abs(dice.around(0.4)), 1),
            "wind_gust": round(weather.gust(at) + abs(dice.around(0.6)), 1),
            "wave_height": round(max(0.05, weather.wave_m(at) + dice.around(0.05)), 2),
            "rain_rate": round(weather.rain(at), 1),
            "visibility": round(max(50.0, weather.visibility_m(at))),
            "air_temperature": round(weather.air(at) + dice.around(0.2), 1),
        }
