"""A small site that is sound, to be broken in one place at a time."""

SITE = """\
id: cove
name: {en: Cove, zh: 小湾}
timezone: Asia/Shanghai
simulated: true
region: "370202"
box: {south: 36.0, west: 120.0, north: 37.0, east: 121.0}
desk: desk
parties:
  office: {name: {en: Office, zh: 局}, level: district}
  street: {name: {en: Street, zh: 街道}, level: subdistrict}
  hamlet: {name: {en: Hamlet, zh: 社区}, level: community}
zones:
  west:
    name: {en: West, zh: 西}
    subdistrict: street
    community: hamlet
    neighbours: [east]
    outline: [[36.1, 120.1], [36.2, 120.1], [36.2, 120.2], [36.1, 120.2]]
    nodes:
      pier: {name: {en: Pier, zh: 桥}, position: [36.15, 120.15], grade: key_node}
  east:
    name: {en: East, zh: 东}
    subdistrict: street
    community: hamlet
    neighbours: [west]
    outline: [[36.1, 120.2], [36.2, 120.2], [36.2, 120.3], [36.1, 120.3]]
sections:
  trail: {zone: west, from: K1+000, to: K2+000, line: [[36.15, 120.15], [36.159, 120.15]], grade: key_node}
gateways:
  gate: {zone: west, position: [36.15, 120.15]}
kinds:
  light: {element: municipal, owner: office, supervisor: office, maintainer: office, parts: ["0118"], interval_s: 3600}
  feeder: {element: municipal, owner: office, supervisor: office, maintainer: office, interval_s: 300}
  cabinet: {element: municipal, owner: office, supervisor: office, maintainer: office, interval_s: 300}
  bin: {element: sanitation, owner: office, supervisor: office, maintainer: office, interval_s: 1800}
  parking: {element: order, owner: office, supervisor: office, maintainer: office, interval_s: 300}
shifts:
  day: {name: {en: Day, zh: 白班}, hours: 06:00-22:00}
crews:
  all-hands:
    name: {en: All hands, zh: 全员}
    trades: all
    zones: all
    shifts: [day]
    capacity: 5
    base: [36.15, 120.15]
    party: office
  desk:
    {name: {en: Desk, zh: 席}, trades: all, zones: all, shifts: all, capacity: 9, base: [36.15, 120.15], party: office}
"""
FACILITIES = """\
id,kind,en,zh,zone,lat,lon,section,chainage,part_code,feeder,cabinet,gateway,hours,rated_power,depth_mm,capacity
cab-1,cabinet,Cabinet,箱,west,36.15,120.15,,,,,,,,,,
feeder-1,feeder,Feeder,回路,west,36.15,120.15,,,,,cab-1,,,,,
light-1,light,Lamp,灯,west,36.152,120.15,trail,K1+200,3702020118000001,feeder-1,cab-1,,,60,,
bin-1,bin,Bin,箱,west,36.153,120.15,trail,1300,,,,gate,,,900,
lot-1,parking,Lot,场,east,36.15,120.25,,,,,,,18:00-08:00,,,50
"""
DEVICES = """\
id,facility,interval_s,played
eye-1,bin-1,600,false
"""


def small_site() -> dict[str, bytes]:
    """Its files, anew."""
    return {"site.yaml": SITE.encode(), "facilities.csv": FACILITIES.encode(), "devices.csv": DEVICES.encode()}
