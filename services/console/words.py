"""What the page says, in Chinese and English. `WORDS[key]` is (English, Chinese); data carries its own two names."""

from typing import Final

from domain.naming import ELEMENT_ZH, KIND_ZH, QUANTITIES, Element, Kind
from services.dispatch.orders import OrderState
from services.live.standing import Standing

LANGUAGES: Final = ("zh", "en")

WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Tidewalk · live", "Tidewalk · 实时"),
    "drill": ("Exercise", "演练"),
    "drill.why": ("A make-believe coast: nobody is really sent", "模拟岸线，不会真正派人"),
    "map": ("Map of the coast", "岸线地图"),
    "map.help": (
        "Arrow keys move, + and − zoom, 0 shows all, N and P go from one trouble to the next, Escape closes.",
        "方向键平移，+ 和 − 缩放，0 显示全部，N、P 在异常之间切换，Esc 关闭。",
    ),
    "all": ("Whole coast", "全图"),
    "in": ("Zoom in", "放大"),
    "out": ("Zoom out", "缩小"),
    "next": ("Next trouble", "下一处异常"),
    "legend": ("Legend", "图例"),
    "orders": ("Work orders", "案卷"),
    "orders.none": ("No order yet.", "暂无案卷。"),
    "alarms": ("Alarms", "报警"),
    "alarms.none": ("No alarm yet.", "暂无报警。"),
    "elements": ("The four elements", "全要素"),
    "facilities": ("facilities", "处设施"),
    "in trouble": ("in trouble", "异常"),
    "in hand": ("in hand", "在办"),
    "ended": ("ended today", "24 小时办结"),
    "language": ("中文", "English"),
    "theme": ("Dark or light", "深色 / 浅色"),
    "live.connecting": ("Connecting…", "连接中…"),
    "live.live": ("Live", "实时"),
    "live.lost": ("Not live", "未连接"),
    "live.lost.why": (
        "What you see is as it was at {at}. Trying again in {s} s.",
        "画面停留在 {at}，{s} 秒后重试。",
    ),
    "live.again": ("Try now", "立即重试"),
    "status.ready": ("ready", "运行正常"),
    "status.degraded": ("degraded", "降级运行"),
    "status.not_ready": ("not ready", "未就绪"),
    "rate": ("{n} messages/s", "{n} 条/秒"),
    "speed": ("time ×{n}", "时间 ×{n}"),
    "past": ("playing yesterday, in seconds", "正在快放昨日"),
    "never": ("never heard", "从未上报"),
    "heard": ("heard {at}", "{at} 上报"),
    "zone": ("Zone", "片区"),
    "close": ("Close", "关闭"),
    "show": ("Show on the map", "在地图上显示"),
    "group": ("{n} facilities", "{n} 处"),
    "desk": ("and the duty desk", "并兜底值班席"),
    "overdue": ("overdue", "超时"),
    "rework": ("rework ×{n}", "返工 ×{n}"),
    "limit.accept": ("accept by {at}", "{at}前接单"),
    "limit.arrive": ("there by {at}", "{at}前到场"),
    "limit.finish": ("done by {at}", "{at}前完成"),
    "limit.verify": ("verified by {at}", "{at}前核查"),
    "lamp.green": ("in time", "正常"),
    "lamp.yellow": ("soon late", "即将超时"),
    "lamp.red": ("late", "超时"),
    "photos": ("Photos of the crew", "现场照片"),
    "photo": ("Photo {n}: {who}, {at}", "照片 {n}：{who}，{at}"),
    "by.telemetry": ("closed by the sensors", "传感器核查结案"),
    "open": ("open", "报警中"),
    "cleared": ("cleared", "已解除"),
    "announce": ("Alarm: {what}, {where}", "报警：{what}，{where}"),
    "break": ("Break the coast", "弄坏点什么"),
    "break.why": (
        "Break something, and watch: an alarm, an order, a crew on its way, and the sensors that see the repair.",
        "动手弄坏一处，看系统报警、立案、派遣、处置，再由传感器核查结案。",
    ),
    "break.feeder": ("Trip a feeder", "照明回路跳闸"),
    "break.bin": ("Fill a bin", "果皮箱满溢"),
    "break.toilet": ("Foul a toilet", "公厕异味"),
    "break.lamp": ("Put out a lamp", "路灯熄灭"),
    "break.gate": ("Jam a gate", "道闸故障"),
    "break.slow": (
        "Time is real now: sensors and crews take as long as they would.",
        "现在是真实时间：传感器上报和班组处置需要实际时长。",
    ),
    "break.done": ("Broken: {where}. The sensors will say so.", "已弄坏：{where}，等待传感器上报。"),
    "break.none": ("Nothing more of that kind can be broken just now.", "这一类暂时没有可弄坏的了。"),
    "break.failed": ("That did not work. Try again.", "没有成功，请再试一次。"),
    "signin": ("Sign in", "登录"),
    "signin.name": ("Name (leave empty for a token)", "姓名（用令牌则留空）"),
    "signin.password": ("Password or token", "密码或令牌"),
    "signin.go": ("Open the page", "进入"),
    "signin.wrong": ("That name and password, or that token, are not known.", "姓名与密码不符，或令牌不正确。"),
    "signin.early": ("Too many wrong tries: wait {s} s.", "尝试次数过多，请 {s} 秒后再试。"),
    "signout": ("Sign out", "退出"),
    "noscript": ("The map needs JavaScript.", "地图需要 JavaScript。"),
    "details": ("Details", "详情"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
}
STANDING: Final[dict[Standing, tuple[str, str]]] = {
    Standing.ALARM: ("alarm", "报警"),
    Standing.ATTENDED: ("crew at work", "处置中"),
    Standing.VERIFYING: ("being verified", "核查中"),
    Standing.HELD: ("on hold", "挂账"),
    Standing.SILENT: ("silent", "失联"),
    Standing.NOTED: ("due, next round", "待办"),
    Standing.OK: ("well", "正常"),
    Standing.UNKNOWN: ("not heard yet", "未上报"),
}
ORDER_STATE: Final[dict[OrderState, tuple[str, str]]] = {
    OrderState.DRAFT: ("draft", "拟立案"),
    OrderState.OPEN: ("filed", "立案"),
    OrderState.DISPATCHED: ("sent", "派遣"),
    OrderState.ACCEPTED: ("accepted", "接单"),
    OrderState.ARRIVED: ("on site", "到场"),
    OrderState.ON_HOLD: ("on hold", "挂账"),
    OrderState.DONE: ("done", "处理完毕"),
    OrderState.VERIFIED: ("verified", "核查通过"),
    OrderState.CLOSED: ("closed", "结案"),
    OrderState.WITHDRAWN: ("withdrawn", "撤单"),
    OrderState.VOID: ("void", "作废"),
    OrderState.MERGED: ("merged", "并案"),
}
ELEMENT: Final[dict[Element, tuple[str, str]]] = {
    Element.MUNICIPAL: ("Municipal", ELEMENT_ZH[Element.MUNICIPAL]),
    Element.SANITATION: ("Sanitation", ELEMENT_ZH[Element.SANITATION]),
    Element.GREENING: ("Greening", ELEMENT_ZH[Element.GREENING]),
    Element.ORDER: ("Order", ELEMENT_ZH[Element.ORDER]),
}
KIND_EN: Final[dict[Kind, str]] = {
    Kind.LIGHT: "lamp",
    Kind.FEEDER: "feeder",
    Kind.CABINET: "cabinet",
    Kind.BIN: "bin",
    Kind.TOILET: "toilet",
    Kind.PARKING: "car park",
    Kind.GREEN: "green bed",
    Kind.CROWD: "crowd counter",
    Kind.COAST: "tide and weather",
}


def words(language: str) -> dict[str, str]:
    """What the page itself says."""
    return {key: _one(pair, language) for key, pair in WORDS.items()}


def terms(language: str) -> dict[str, dict[str, object]]:
    """The words for what the data speaks of."""
    zh = language == "zh"
    return {
        "standing": {str(one): _one(pair, language) for one, pair in STANDING.items()},
        "state": {str(one): _one(pair, language) for one, pair in ORDER_STATE.items()},
        "element": {str(one): _one(pair, language) for one, pair in ELEMENT.items()},
        "kind": {str(kind): KIND_ZH[kind] if zh else KIND_EN[kind] for kind in Kind},
        "quantity": {q.name: [q.zh if zh else q.name.replace("_", " "), q.unit] for q in QUANTITIES.values()},
    }


def _one(pair: tuple[str, str], language: str) -> str:
    return pair[1] if language == "zh" else pair[0]
