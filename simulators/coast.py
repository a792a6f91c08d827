"""The tide gauge and weather station 潮位气象."""

# ruff: noqa: D102 - what these promise is said once, in simulators.thing

from domain.readings import Millis, Value
from simulators.chance import Dice
from simulators.thing import Thing


class CoastStation(Thing):
    """One station: it reports what the weather is."""

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
