"""The blocks of Decentlab's devices above ground: air, weather, light, distance, loggers.

A line is a block of the frame: how many words it has, then its values, `name[unit] formula`. A formula starts with a
word (`w3`) or with two words that are one number (`d0`, the low word first) and is then worked from left to right; `p`
puts the number into a polynomial, lowest power first; `lux` is the published reckoning of light from two channels. `B`
is the battery block. What needs the calibration of the single device is left out.
"""

from typing import Final

BLOCKS: Final = {
    "dl-ac": """
2 air_temperature[°C] w0 *175.72 /65536 -46.85; air_humidity[%] w1 *125 /65536 -6
2 ch4_no2_we[mV] w0 /32768 -1 *3 *1000; ch4_no2_we_aux[mV] w1 /32768 -1 *3 *1000
2 ch5_no_we[mV] w0 /32768 -1 *3 *1000; ch5_no_we_aux[mV] w1 /32768 -1 *3 *1000
2 ch6_ox_we[mV] w0 /32768 -1 *3 *1000; ch6_ox_we_aux[mV] w1 /32768 -1 *3 *1000
2 ch7_co_we[mV] w0 /32768 -1 *3 *1000; ch7_co_we_aux[mV] w1 /32768 -1 *3 *1000
B
""",
    "dl-alb": """
2 incoming_radiation[W⋅m⁻²] w0 -32768 /10; reflected_radiation[W⋅m⁻²] w1 -32768 /10
B
""",
    "dl-atm22": """
8 wind_speed[m⋅s⁻¹] w0 -32768 /100; wind_direction[°] w1 -32768 /10; maximum_wind_speed[m⋅s⁻¹] w2 -32768 /100;
  air_temperature[°C] w3 -32768 /10; x_orientation_angle[°] w4 -32768 /10; y_orientation_angle[°] w5 -32768 /10;
  north_wind_speed[m⋅s⁻¹] w6 -32768 /100; east_wind_speed[m⋅s⁻¹] w7 -32768 /100
B
""",
    "dl-atm41": """
17 solar_radiation[W⋅m⁻²] w0 -32768; precipitation[mm] w1 -32768 /1000; lightning_strike_count w2 -32768;
  lightning_average_distance[km] w3 -32768; wind_speed[m⋅s⁻¹] w4 -32768 /100; wind_direction[°] w5 -32768 /10;
  maximum_wind_speed[m⋅s⁻¹] w6 -32768 /100; air_temperature[°C] w7 -32768 /10; vapor_pressure[kPa] w8 -32768 /100;
  atmospheric_pressure[kPa] w9 -32768 /100; relative_humidity[%] w10 -32768 /10; sensor_temperature_internal[°C] w11
  -32768 /10; x_orientation_angle[°] w12 -32768 /10; y_orientation_angle[°] w13 -32768 /10; compass_heading[°] w14
  -32768; north_wind_speed[m⋅s⁻¹] w15 -32768 /100; east_wind_speed[m⋅s⁻¹] w16 -32768 /100
B
""",
    "dl-atm41g2": """
17 solar_radiation[W⋅m⁻²] w0 -32768 /10; precipitation[mm] w1 /1000; lightning_strike_count w2 -32768;
  lightning_average_distance[km] w3 -32768; wind_speed[m⋅s⁻¹] w4 -32768 /100; wind_direction[°] w5 -32768 /10;
  maximum_wind_speed[m⋅s⁻¹] w6 -32768 /100; air_temperature[°C] w7 -32768 /10; vapor_pressure[kPa] w8 -32768 /100;
  barometric_pressure[kPa] w9 -32768 /100; relative_humidity[%] w10 -32768 /10; internal_temperature[°C] w11 -32768
  /10; tilt_angle_x_orientation[°] w12 -32768 /10; tilt_angle_y_orientation[°] w13 -32768 /10;
  precipitation_electrical_conductivity[µS⋅cm⁻¹] w14 -32768; cumulative_precipitation[mm] d15 /1000
B
""",
    "dl-blg": """
2 voltage_ratio d0 /8388608 -1 /2
B
""",
    "dl-cws": """
6 surface_temperature[°C] w0 -32768 /100; air_temperature[°C] w1 -32768 /100; air_humidity[%] w2 -32768 /100;
  dew_point[°C] w3 -32768 /100; angle[°] w4 -32768; sensor_temperature[°C] w5 -32768 /100
B
""",
    "dl-cws2": """
2 air_temperature_radiation_shield[°C] w0 *175 /65535 -45; air_humidity_radiation_shield[%] w1 *100 /65535
6 surface_temperature[°C] w0 -32768 /100; air_temperature[°C] w1 -32768 /100; air_humidity[%] w2 -32768 /100;
  dew_point[°C] w3 -32768 /100; angle[°] w4 -32768; sensor_temperature[°C] w5 -32768 /100
B
""",
    "dl-dlr2-002": """
4 pulse_count w0; pulse_interval[s] w1; cumulative_pulse_count d2
B
""",
    "dl-dlr2-003": """
1 input w0
B
""",
    "dl-dlr2-004": """
1 -
B
""",
    "dl-dlr2-005": """
2 voltage[V] d0 /8388608 -1 *3
B
""",
    "dl-dlr2-006": """
2 potentiometer_position d0 /8388608 -1
B
""",
    "dl-dlr2-008": """
2 -
B
""",
    "dl-dlr2-009": """
2 -
B
""",
    "dl-dlr2-010": """
4 ch0_pulse_count w0; ch0_pulse_interval[s] w1; ch0_cumulative_pulse_count d2
4 ch1_pulse_count w0; ch1_pulse_interval[s] w1; ch1_cumulative_pulse_count d2
B
""",
    "dl-dlr2-011": """
1 ch0_input w0
1 ch1_input w0
B
""",
    "dl-dlr2-012": """
2 strain_gauge[µm⋅m⁻¹] d0 /8388608 -1 /64 *4 /2.02 *1000000
B
""",
    "dl-dws": """
3 -
B
""",
    "dl-epar": """
1 photosynthetically_active_radiation[µmol⋅m⁻²⋅s⁻¹] w0 /32768 -1 *3 /64 *1000 *100
B
""",
    "dl-fspar": """
1 photosynthetically_active_radiation[µmol⋅m⁻²⋅s⁻¹] w0 /32768 -1 *3 /64 *1000 *100
B
""",
    "dl-iam": """
B
2 air_temperature[°C] w0 *175 /65535 -45; air_humidity[%] w1 *100 /65535
1 barometric_pressure[Pa] w0 *2
2 ambient_light_visible_infrared w0; ambient_light_infrared w1; illuminance[lx] lux
3 co2_concentration[ppm] w0 -32768; co2_sensor_status w1; raw_ir_reading w2
1 activity_counter w0
1 total_voc[ppb] w0
""",
    "dl-itst": """
2 temperature_target[°C] w0 -1000 /10; temperature_head[°C] w1 -1000 /10
B
""",
    "dl-kl66": """
3 counter_reading w0; measurement_interval w1 /32768
B
""",
    "dl-lid": """
11 distance_average[mm] w0; distance_minimum[mm] w1; distance_maximum[mm] w2; distance_median[mm] w3;
  distance_10th_percentile[mm] w4; distance_25th_percentile[mm] w5; distance_75th_percentile[mm] w6;
  distance_90th_percentile[mm] w7; distance_most_frequent_value[mm] w8; number_of_samples w9;
  total_acquisition_time[ms] w10 /1.024
B
""",
    "dl-lid2": """
12 distance_average[mm] w0; distance_minimum[mm] w1; distance_maximum[mm] w2; distance_median[mm] w3;
  distance_10th_percentile[mm] w4; distance_25th_percentile[mm] w5; distance_75th_percentile[mm] w6;
  distance_90th_percentile[mm] w7; distance_most_frequent_value[mm] w8; number_of_valid_samples w9;
  total_acquisition_time[ms] w10 /1.024; number_of_total_samples w11
B
""",
    "dl-lp8p": """
2 air_temperature[°C] w0 *175.72 /65536 -46.85; air_humidity[%] w1 *125 /65536 -6
2 barometer_temperature[°C] w0 -5000 /100; barometric_pressure[Pa] w1 *2
8 co2_concentration[ppm] w0 -32768; co2_concentration_lpf[ppm] w1 -32768; co2_sensor_temperature[°C] w2 -32768 /100;
  capacitor_voltage_1[V] w3 /1000; capacitor_voltage_2[V] w4 /1000; co2_sensor_status w5; raw_ir_reading w6;
  raw_ir_reading_lpf w7
B
""",
    "dl-lpw": """
2 potentiometer_position[%] d0 /8388608 -1 *100
B
""",
    "dl-mbx": """
2 distance[mm] w0; number_of_valid_samples w1
B
""",
    "dl-par": """
1 photosynthetically_active_radiation[µmol⋅m⁻²⋅s⁻¹] w0 /32768 -1 *3 *1000 *5
B
""",
    "dl-pm": """
B
10 pm1_0_mass_concentration[µg⋅m⁻³] w0 /10; pm2_5_mass_concentration[µg⋅m⁻³] w1 /10; pm4_mass_concentration[µg⋅m⁻³]
  w2 /10; pm10_mass_concentration[µg⋅m⁻³] w3 /10; typical_particle_size[nm] w4; pm0_5_number_concentration[1⋅cm⁻³]
  w5 /10; pm1_0_number_concentration[1⋅cm⁻³] w6 /10; pm2_5_number_concentration[1⋅cm⁻³] w7 /10;
  pm4_number_concentration[1⋅cm⁻³] w8 /10; pm10_number_concentration[1⋅cm⁻³] w9 /10
2 air_temperature[°C] w0 *175.72 /65536 -46.85; air_humidity[%] w1 *125 /65536 -6
1 barometric_pressure[Pa] w0 *2
""",
    "dl-pyr": """
1 total_solar_radiation[W⋅m⁻²] w0 /32768 -1 *3 *1000 *5
B
""",
    "dl-rad": """
4 distance[mm] w0; temperature[°C] w1 -32768 /100; reliability[dB] w2 -32768 /100; status w3
B
""",
    "dl-rhc": """
4 sensor_id d0; air_humidity[%] w2 /100; air_temperature[°C] w3 -32768 /100
B
""",
    "dl-sht21": """
2 air_temperature[°C] w0 *175.72 /65536 -46.85; air_humidity[%] w1 *125 /65536 -6
B
""",
    "dl-sht35": """
2 air_temperature[°C] w0 *175 /65535 -45; air_humidity[%] w1 *100 /65535
B
""",
    "dl-tbrg": """
4 precipitation_interval[s] w1
B
""",
    "dl-wrm": """
2 air_temperature[°C] w0 *175 /65535 -45; air_humidity[%] w1 *100 /65535
2 surface_temperature[°C] w0 -1000 /10; head_temperature[°C] w1 -1000 /10
B
""",
}
