"""The blocks of Decentlab's devices in soil, water and plants.

A line is a block of the frame: how many words it has, then its values, `name[unit] formula`. A formula starts with a
word (`w3`) or with two words that are one number (`d0`, the low word first) and is then worked from left to right; `p`
puts the number into a polynomial, lowest power first; `lux` is the published reckoning of light from two channels. `B`
is the battery block. What needs the calibration of the single device is left out.
"""

from typing import Final

BLOCKS: Final = {
    "dl-10hs": """
1 raw_sensor_reading[mV] w0 -32768 /32768 *3 *1000; volumetric_water_content[m³⋅m⁻³] w0 -32768 /32768 *3000
  p-1.92,6.69e-3,-7.37e-6,2.97e-9
B
""",
    "dl-5te": """
3 dielectric_permittivity w0 /50; volumetric_water_content[m³⋅m⁻³] w0 /50 p-0.053,0.0292,-0.00055,0.0000043;
  soil_temperature[°C] w1 -400 /10; electrical_conductivity[µS⋅cm⁻¹] w2 *10
B
""",
    "dl-5tm": """
2 dielectric_permittivity w0 /50; volumetric_water_content[m³⋅m⁻³] w0 /50 p-0.053,0.0292,-0.00055,0.0000043;
  soil_temperature[°C] w1 -400 /10
B
""",
    "dl-ctd10": """
4 water_depth[mm] w0 -32768; temperature[°C] w1 -32768 /10; electrical_conductivity[µS⋅cm⁻¹] w2; freezing_flag w3
B
""",
    "dl-ctd10b": """
4 water_depth[mm] w0 -32768; temperature[°C] w1 -32768 /10; electrical_conductivity[µS⋅cm⁻¹] w2 *2; freezing_flag w3
B
""",
    "dl-ds18": """
1 temperature[°C] w0 -32768 /16
B
""",
    "dl-ds182": """
2 ch0_temperature[°C] w0 -32768 /16; ch0_id w1
2 ch1_temperature[°C] w0 -32768 /16; ch1_id w1
B
""",
    "dl-gmm": """
7 photosynthetically_active_radiation[µmol⋅m⁻²⋅s⁻¹] w0 -32768 /10; air_temperature[°C] w1 -32768 /100;
  air_humidity[%] w2 -32768 /10; co2_concentration[ppm] w3 -32768 /1; atmospheric_pressure[kPa] w4 -32768 /100;
  vapor_pressure_deficit[kPa] w5 -32768 /100; dew_point[°C] w6 -32768 /100
B
""",
    "dl-gs3": """
3 dielectric_permittivity w0 /100; volumetric_water_content[m³⋅m⁻³] w0 /100 p-0.0753,0.0367,-0.000762,0.00000589;
  soil_temperature[°C] w1 -32768 /10; electrical_conductivity[µS⋅cm⁻¹] w2
B
""",
    "dl-ifd": """
1 fruit_size[mm] w0 /100
B
""",
    "dl-ilt": """
1 leaf_temperature[°C] w0 -32768 /100
B
""",
    "dl-isd": """
1 stem_size[mm] w0 /1000
B
""",
    "dl-isf": """
16 sap_flow[l⋅h⁻¹] w0 *16 -50000 /1000; heat_velocity_outer[cm⋅h⁻¹] w1 *16 -50000 /1000; heat_velocity_inner[cm⋅h⁻¹]
  w2 *16 -50000 /1000; alpha_outer w3 *32 -1000000 /100000; alpha_inner w4 *32 -1000000 /100000; beta_outer w5 *32
  -1000000 /100000; beta_inner w6 *32 -1000000 /100000; tmax_outer[s] w7 *2 /1000; tmax_inner[s] w8 *2 /1000;
  temperature_outer[°C] w9 -32768 /100; max_voltage[V] w10 -32768 /1000; min_voltage[V] w11 -32768 /1000; diagnostic
  d12; upstream_tmax_outer[s] w14 *2 /1000; upstream_tmax_inner[s] w15 *2 /1000
B
""",
    "dl-lws": """
2 leaf_wetness_index d0 /8388608 -1
B
""",
    "dl-mes5": """
5 status w0; temperature[°C] w1 -32768 /100; sludge_blanket[%] w2 /100; suspended_solid[g⋅L⁻¹] w3 /100;
  turbidity[FAU] w4 /10
B
""",
    "dl-ntu": """
5 status w0; temperature[°C] w1 -32768 /100; turbidity_in_ntu[NTU] w2 /10; turbidity_in_fnu[FNU] w3 /10;
  turbidity_in_mg_l[mg⋅L⁻¹] w4 /10
B
""",
    "dl-optod": """
5 status w0; temperature[°C] w1 -32768 /100; oxygen_saturation[%] w2 -32768 /100; oxygen_concentration[mg⋅L⁻¹] w3
  -32768 /100; oxygen_concentration_alt[ppm] w4 -32768 /100
B
""",
    "dl-pheht": """
5 status w0; temperature[°C] w1 -32768 /100; ph w2 -32768 /100; redox[mV] w3 -32768 /10; ph_mv[mV] w4 -32768 /10
B
""",
    "dl-pr21": """
2 temperature[°C] w1 -384 *0.003125 -50
B
""",
    "dl-pr26": """
2 temperature[°C] w1 -384 *0.003125 -50
B
""",
    "dl-pr36": """
2 temperature[°C] w1 -32768 /256
B
""",
    "dl-pr36ctd": """
4 temperature_electronics[°C] w1 -32768 /256; temperature_pt1000[°C] w2 -32768 /256
B
""",
    "dl-sdd": """
18 moisture_at_level_0[%] w0 -32768 /100; moisture_at_level_1[%] w1 -32768 /100; moisture_at_level_2[%] w2 -32768
  /100; moisture_at_level_3[%] w3 -32768 /100; moisture_at_level_4[%] w4 -32768 /100; moisture_at_level_5[%] w5
  -32768 /100; temperature_at_level_0[°C] w6 -32768 /100; temperature_at_level_1[°C] w7 -32768 /100;
  temperature_at_level_2[°C] w8 -32768 /100; temperature_at_level_3[°C] w9 -32768 /100; temperature_at_level_4[°C]
  w10 -32768 /100; temperature_at_level_5[°C] w11 -32768 /100; salinity_at_level_0 w12 -100; salinity_at_level_1 w13
  -100; salinity_at_level_2 w14 -100; salinity_at_level_3 w15 -100; salinity_at_level_4 w16 -100;
  salinity_at_level_5 w17 -100
18 moisture_at_level_6[%] w0 -32768 /100; moisture_at_level_7[%] w1 -32768 /100; moisture_at_level_8[%] w2 -32768
  /100; moisture_at_level_9[%] w3 -32768 /100; moisture_at_level_10[%] w4 -32768 /100; moisture_at_level_11[%] w5
  -32768 /100; temperature_at_level_6[°C] w6 -32768 /100; temperature_at_level_7[°C] w7 -32768 /100;
  temperature_at_level_8[°C] w8 -32768 /100; temperature_at_level_9[°C] w9 -32768 /100; temperature_at_level_10[°C]
  w10 -32768 /100; temperature_at_level_11[°C] w11 -32768 /100; salinity_at_level_6 w12 -100; salinity_at_level_7
  w13 -100; salinity_at_level_8 w14 -100; salinity_at_level_9 w15 -100; salinity_at_level_10 w16 -100;
  salinity_at_level_11 w17 -100
B
""",
    "dl-smtp": """
16 soil_moisture_at_depth_0 w0 -2500 /500; soil_temperature_at_depth_0[°C] w1 -32768 /100; soil_moisture_at_depth_1
  w2 -2500 /500; soil_temperature_at_depth_1[°C] w3 -32768 /100; soil_moisture_at_depth_2 w4 -2500 /500;
  soil_temperature_at_depth_2[°C] w5 -32768 /100; soil_moisture_at_depth_3 w6 -2500 /500;
  soil_temperature_at_depth_3[°C] w7 -32768 /100; soil_moisture_at_depth_4 w8 -2500 /500;
  soil_temperature_at_depth_4[°C] w9 -32768 /100; soil_moisture_at_depth_5 w10 -2500 /500;
  soil_temperature_at_depth_5[°C] w11 -32768 /100; soil_moisture_at_depth_6 w12 -2500 /500;
  soil_temperature_at_depth_6[°C] w13 -32768 /100; soil_moisture_at_depth_7 w14 -2500 /500;
  soil_temperature_at_depth_7[°C] w15 -32768 /100
B
""",
    "dl-tp": """
16 temperature_at_level_0[°C] w0 -32768 /100; temperature_at_level_1[°C] w1 -32768 /100; temperature_at_level_2[°C]
  w2 -32768 /100; temperature_at_level_3[°C] w3 -32768 /100; temperature_at_level_4[°C] w4 -32768 /100;
  temperature_at_level_5[°C] w5 -32768 /100; temperature_at_level_6[°C] w6 -32768 /100; temperature_at_level_7[°C]
  w7 -32768 /100; temperature_at_level_8[°C] w8 -32768 /100; temperature_at_level_9[°C] w9 -32768 /100;
  temperature_at_level_10[°C] w10 -32768 /100; temperature_at_level_11[°C] w11 -32768 /100;
  temperature_at_level_12[°C] w12 -32768 /100; temperature_at_level_13[°C] w13 -32768 /100;
  temperature_at_level_14[°C] w14 -32768 /100; temperature_at_level_15[°C] w15 -32768 /100
B
""",
    "dl-trs11": """
2 dielectric_permittivity w0 /10 p-43.39,0.05276,-0.0000208,0.000000002887 p0,0,1; volumetric_water_content[m³⋅m⁻³]
  w0 /10 *0.0003879 -0.6956; soil_temperature[°C] w1 -32768 /10
B
""",
    "dl-trs12": """
3 dielectric_permittivity w0 /10 p-43.39,0.05276,-0.0000208,0.000000002887 p0,0,1; volumetric_water_content[m³⋅m⁻³]
  w0 /10 *0.0003879 -0.6956; soil_temperature[°C] w1 -32768 /10; electrical_conductivity[µS⋅cm⁻¹] w2
B
""",
    "dl-trs21": """
2 water_potential[kPa] w0 /10 *-1; soil_temperature[°C] w1 -32768 /10
B
""",
    "dl-zn1": """
2 dendrometer_position[µm] d0 /8388608 -1 *20000
B
""",
    "dl-zn2": """
4 dendrometer_a_position[µm] d0 /8388608 -1 *20000
B
""",
}
