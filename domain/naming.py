"""What things are called, everywhere: kinds, elements, quantities with their one unit and one type, tags, topics.

The wording follows LwM2M/uCIFI and TALQ. A quantity keeps its unit and its type for ever, because an InfluxDB
field can never change type; numbers are always floats.
"""

from enum import StrEnum
from typing import Final, Literal, NamedTuple, get_args


class Element(StrEnum):
    """The elements (要素) of full-element management. The programme says "等": the list may grow."""

    MUNICIPAL = "municipal"  # 市政设施
    SANITATION = "sanitation"  # 环境卫生
    GREENING = "greening"  # 园林绿化
    ORDER = "order"  # 市容秩序


class Priority(StrEnum):
    """How urgent (紧急程度). Compares as text: P0 is before P4."""

    P0 = "P0"  # 特急, life safety
    P1 = "P1"  # 紧急
    P2 = "P2"  # 较急
    P3 = "P3"  # 一般
    P4 = "P4"  # 计划


class Kind(StrEnum):
    """The kinds of facility that report. Also the measurement name in the store and the {kind} level of a topic."""

    LIGHT = "light"  # 路灯
    FEEDER = "feeder"  # 照明回路: the circuit monitor that sits in the cabinet
    CABINET = "cabinet"  # 配电箱
    BIN = "bin"  # 果皮箱
    TOILET = "toilet"  # 公共厕所
    PARKING = "parking"  # 停车场
    GREEN = "green"  # 绿地
    CROWD = "crowd"  # 客流计
    COAST = "coast"  # 潮位、风、天气


class Matter(StrEnum):
    """What an order is about. Faults of components go to their owner first, events to the place first
    (部件先属主后属地，事件先属地后属主).
    """

    COMPONENT = "component"  # 部件: a thing that somebody owns is broken
    EVENT = "event"  # 事件: something is the matter in a place


Trade = Literal[
    "lighting",
    "power",
    "structures",
    "collection",
    "patrol",
    "cleaning",
    "plumbing",
    "lots",
    "gardening",
    "instruments",
]
# What a crew can know (工种). Rules ask for a trade by these words, and no others.
TRADES: Final[tuple[str, ...]] = get_args(Trade)


class CrewAction(StrEnum):
    """What a crew may answer to an order (docs/wire.md); the last three from the duty desk alone."""

    ACCEPT = "accept"  # 接单
    DECLINE = "decline"  # 退回
    ARRIVE = "arrive"  # 到场
    DONE = "done"  # 处理反馈
    EXTEND = "extend"  # 延时申请: asks for more time
    HOLD = "hold"  # 挂账
    RESUME = "resume"  # 恢复
    CONFIRM = "confirm"  # 人工核查
    GRANT = "grant"  # 准予延时
    REFUSE = "refuse"  # 不予延时


class OperatorAction(StrEnum):
    """What an operator may command of an order."""

    CLOSE = "close"  # 人工结案
    CONFIRM = "confirm"  # 人工核查
    REASSIGN = "reassign"  # 转派
    NOTE = "note"  # 备注
    HOLD = "hold"  # 挂账
    RESUME = "resume"  # 恢复
    GRANT = "grant"  # 准予延时
    REFUSE = "refuse"  # 不予延时
    REWORK = "rework"  # 返工: what was said to be done is not
    VOID = "void"  # 作废: filed in error
    MERGE = "merge"  # 并案: into another order
    FOLLOW_UP = "follow_up"  # 续办: another order that follows this one


class PlanAction(StrEnum):
    """What an operator may command of planned work (计划养护)."""

    MAINTAIN = "maintain"  # announce it
    END = "end_maintenance"  # end it before its time, or take it back


class StopAction(StrEnum):
    """What an operator may command of all work in a zone."""

    STOP = "stop_work"  # 停工: because of tide or wind, until a time
    GO = "resume_work"  # 复工


KIND_ZH: Final = {
    Kind.LIGHT: "路灯",
    Kind.FEEDER: "照明回路",
    Kind.CABINET: "配电箱",
    Kind.BIN: "果皮箱",
    Kind.TOILET: "公厕",
    Kind.PARKING: "停车场",
    Kind.GREEN: "绿地",
    Kind.CROWD: "客流计",
    Kind.COAST: "潮位气象",
}
ELEMENT_ZH: Final = {
    Element.MUNICIPAL: "市政设施",
    Element.SANITATION: "环境卫生",
    Element.GREENING: "园林绿化",
    Element.ORDER: "市容秩序",
}


class Quantity(NamedTuple):
    """One thing that can be measured. Outside `low`…`high` (inclusive) it cannot be believed: a sensor fault."""

    name: str
    type: str  # float | bool | text
    unit: str  # UCUM-like; "" for counts, booleans and text
    low: float | None
    high: float | None
    zh: str
    choices: tuple[str, ...] = ()


def _number(name: str, unit: str, low: float | None, high: float | None, zh: str) -> Quantity:
    return Quantity(name, "float", unit, low, high, zh)


def _flag(name: str, zh: str) -> Quantity:
    return Quantity(name, "bool", "", None, None, zh)


def _text(name: str, zh: str, *choices: str) -> Quantity:
    return Quantity(name, "text", "", None, None, zh, choices)


QUANTITIES: Final[dict[str, Quantity]] = {
    q.name: q
    for q in (
        # lights, feeders, cabinets (TALQ LampMonitor, SegmentMonitor, CabinetMonitor)
        _number("commanded_level", "%", 0, 100, "调光指令"),
        _number("active_power", "W", 0, 2000, "有功功率"),
        _number("total_active_power", "W", 0, 200_000, "回路总功率"),
        _number("supply_voltage", "V", 0, 500, "供电电压"),
        _number("power_factor", "", -1, 1, "功率因数"),
        _number("active_energy", "kWh", 0, None, "电能"),
        _number("operating_hours", "h", 0, None, "累计点亮时间"),
        _number("leakage_current", "mA", 0, 1000, "漏电电流"),
        _number("tilt_deg", "deg", 0, 90, "倾斜角"),
        _number("lamp_temperature", "Cel", -40, 150, "灯具温度"),
        _number("illuminance", "lx", 0, 150_000, "照度"),
        _flag("lamp_failure", "灯具故障"),
        _flag("supply_loss", "失电"),
        _flag("breaker_tripped", "断路器跳闸"),
        _flag("door_open", "箱门打开"),
        _flag("water_immersion", "浸水"),
        # bins (LwM2M 3435)
        _number("fill_level", "%", 0, 100, "满溢度"),
        _number("distance", "mm", 20, 5000, "测距"),
        _number("bin_temperature", "Cel", -30, 120, "箱内温度"),
        _number("weight_kg", "kg", 0, 500, "重量"),
        _flag("tipped", "倾倒"),
        _flag("lid_open", "箱盖打开"),
        # toilets (no published model exists; proposed)
        _number("stalls_free", "", 0, 100, "空闲厕位"),
        _number("people_since_clean", "", 0, 100_000, "保洁后人次"),
        _number("nh3_ppm", "ppm", 0, 100, "氨"),
        _number("h2s_ppm", "ppm", 0, 100, "硫化氢"),
        _number("temperature", "Cel", -40, 60, "温度"),
        _number("humidity", "%RH", 0, 100, "湿度"),
        _number("water_flow", "L/min", 0, 500, "用水流量"),
        _number("paper_level", "%", 0, 100, "厕纸余量"),
        _number("soap_level", "%", 0, 100, "洗手液余量"),
        _flag("floor_wet", "地面湿滑"),
        _flag("sos", "紧急呼叫"),
        _flag("smoke", "烟感"),
        _number("rating", "", 1, 5, "满意度"),
        # lots (FIWARE OffStreetParking)
        _number("total_spots", "", 0, 20_000, "总泊位"),
        _number("available_spots", "", 0, 20_000, "空余泊位"),
        _number("occupied_spots", "", 0, 20_000, "占用泊位"),
        _number("vehicles_in", "", 0, None, "累计驶入"),
        _number("vehicles_out", "", 0, None, "累计驶出"),
        _text("gate_state", "道闸状态", "up", "down", "fault"),
        _text("lot_status", "车场状态", "open", "closed", "full"),
        # green beds (FIWARE GreenspaceRecord)
        _number("soil_moisture", "%", 0, 100, "土壤含水率"),
        _number("soil_temp", "Cel", -30, 60, "土壤温度"),
        _number("soil_ec", "dS/m", 0, 30, "土壤电导率"),
        _number("valve_open_pct", "%", 0, 100, "阀门开度"),
        # crowd
        _number("people_in", "", 0, None, "累计进入"),
        _number("people_out", "", 0, None, "累计离开"),
        _number("people_now", "", 0, 500_000, "在场人数"),
        # coast
        _number("tide_level", "cm", -500, 1000, "潮位"),
        _number("wind_speed", "m/s", 0, 90, "风速"),
        _number("wind_gust", "m/s", 0, 120, "阵风"),
        _number("wave_height", "m", 0, 30, "波高"),
        _number("rain_rate", "mm/h", 0, 300, "雨强"),
        _number("visibility", "m", 0, 100_000, "能见度"),
        _number("air_temperature", "Cel", -40, 60, "气温"),
        # radio and power of any device (LwM2M 3411, 3412)
        _number("battery", "%", 0, 100, "电量"),
        _number("rssi", "dBm", -200, 20, "信号强度"),
        _number("snr", "dB", -50, 50, "信噪比"),
    )
}

# Attributes of a facility that a rule may name beside the quantities it measures: name -> unit. Numbers all.
ATTRIBUTES: Final[dict[str, str]] = {
    "rated_power": "W",  # light
    "depth_mm": "mm",  # bin, sensor to floor
    "volume_l": "L",  # bin
    "stalls": "",  # toilet
    "capacity": "",  # lot: spots; crowd point: people
    "deck_level_cm": "cm",  # height of the deck above the tide gauge's datum
    "holding_capacity": "%",  # green bed: volumetric water content at field capacity
    "area_m2": "m2",  # green bed
}

TAGS: Final = ("site", "zone", "facility", "device")
FIELD_QUALITY: Final = "q"
FIELD_SEQ: Final = "seq"

# Topics of ours (docs/wire.md). Topics that begin with "$tidewalk/" never travel: they are what the service itself
# writes into the journal, and no client can publish to them because brokers keep "$" topics out of "#".
LINK: Final = "$tidewalk/link"  # {"state": "started" | "down" | "up" | "passed" | "unmeasured", "marker", "why"}
TAKEN_OVER: Final = "taken over"  # why it is down: another program came with our client id
COMMAND: Final = "$tidewalk/command"  # an operator's command, JSON
EDIT: Final = "$tidewalk/edit"  # rules, site or profiles changed: {"what", "hash", "text"}
RETRY: Final = "$tidewalk/retry"  # try a message of the quarantine again: {"id", "row", "place", "by", "reason"}
DELIVERY: Final = "$tidewalk/delivery"  # a channel's answer that changes what comes next


def up_topic(site: str, zone: str, kind: str, device: str) -> str:
    """Where a device publishes its readings."""
    return f"tidewalk/{site}/{zone}/{kind}/{device}/up"


def status_topic(site: str, zone: str, kind: str, device: str) -> str:
    """Where a device's `online`/`offline` is retained."""
    return f"tidewalk/{site}/{zone}/{kind}/{device}/status"


def gateway_topic(site: str, gateway: str) -> str:
    """Where a gateway's `online`/`offline` is retained."""
    return f"tidewalk/{site}/gateway/{gateway}/status"


def clock_topic(site: str) -> str:
    """Simulators → service, simulated sites only: `{step, at}`, everything up to `at` has been acknowledged."""
    return f"tidewalk/{site}/clock"


def judged_topic(site: str) -> str:
    """Service → simulators: `{step}`, everything up to that step is judged, committed and sent."""
    return f"tidewalk/{site}/clock/judged"


def marker_topic(site: str, client: str) -> str:
    """Our own topic for the numbered marker that tells when the back-log has passed."""
    return f"tidewalk/{site}/marker/{client}"


def order_topic(site: str, crew: str, order: str) -> str:
    """Where an order lies retained for its crew while it is open."""
    return f"tidewalk/{site}/crew/{crew}/orders/{order}"


def replies_topic(site: str, crew: str) -> str:
    """Where a crew answers."""
    return f"tidewalk/{site}/crew/{crew}/replies"


def receipts_topic(site: str, crew: str) -> str:
    """Where a crew hears what became of its answers."""
    return f"tidewalk/{site}/crew/{crew}/receipts"
