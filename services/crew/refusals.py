"""Why an answer or a photo was not taken: as the service says it, in English, and the same in Chinese, for the page.

What stands in braces is whatever is said there; of steps, states and crews the page says its own words.
"""

from typing import Final

REFUSALS: Final[tuple[tuple[str, str], ...]] = (
    ("{step} does not fit an order that is {state}; legal now: {steps}", "案卷{state}，不能{step}；现在可以：{steps}"),
    ("{step} does not fit an order that is {state}; it has ended", "案卷{state}，已经结束，不能{step}"),
    (
        "{step} does not fit an order that is {state}; the sensors are to verify it",
        "案卷{state}，等待传感器核查，不能{step}",
    ),
    ("the order is {state} with {crew}: an operator may reassign it", "案卷由{crew}承办（{state}），可请值班席转派"),
    ("the order is with somebody else", "案卷不在本班组"),
    ("the order is with {crew}", "案卷已由{crew}承办"),
    ("the order is {state}", "案卷已结束（{state}）"),
    ("no such order, or it ended more than two days ago", "没有此案卷，或两天前已结束"),
    ("there is no order {what}", "没有此案卷"),
    ("{step} needs a reason", "{step}需填写理由"),
    ("more time was asked for already; the duty desk is to answer", "已申请过延时，等待值班席答复"),
    ("more time is what ends later than the limit, and is still to come", "延时须晚于原时限，且为将来的时间"),
    ("all extensions together are {n} times the finish limit at most", "累计延时最多为完成时限的{n}倍"),
    ("nobody asked for more time: say until when", "无人申请延时，请写明延至何时"),
    ("nobody asked for more time", "无人申请延时"),
    ("the duty desk grants or refuses more time", "延时由值班席批准"),
    ("the duty desk is the last to be asked; an operator may reassign it", "值班席为兜底，不能退回，可以转派"),
    ("work is not to go on now: the service, or an operator, resumes it", "停工或不在作业窗口，到时自动恢复"),
    ("say until when it is held, and a time that is still to come", "请写明挂账至何时，须为将来的时间"),
    ("an order is held for {n} days at most: hold it again then, or close it", "挂账最长{n}天，到期可再挂账"),
    ("only the duty desk confirms", "只有值班席可以核查"),
    ("the duty desk is to confirm", "等待值班席核查"),
    ("the sensors verify this order; nobody has to confirm it", "本案卷由传感器核查，无需人工确认"),
    ("legal now: confirm, decline", "现在可以：核查通过、退回"),
    (
        "the sensors still show it: decline to send the crew again, or have it closed with a reason",
        "传感器仍显示异常：请退回重派，或写明理由人工结案",
    ),
    ("these photos are not here: {what}", "照片没有收到，请重新拍照"),
    ("the id {what} was given to another answer: make one for each", "该回复编号已用过，请重新提交"),
    ("a photo has at most {n} bytes", "照片最大 {n} 字节"),
    ("a photo has at most {n} pixels a side", "照片边长最多 {n} 像素"),
    ("that is no JPEG, or is cut short", "不是 JPEG 照片，或不完整"),
    ("that is no JPEG with a picture in it", "不是有效的 JPEG 照片"),
    ("a photo is sent without EXIF: it tells more than the picture does", "照片不得带 EXIF 信息（含拍摄地点等）"),
    ("an order has at most {n} photos", "每件案卷最多 {n} 张照片"),
    ("there is no room for more photos: {what}", "照片存储已满，请联系值班席"),
    ("it took too long to come: send a smaller one", "照片上传超时，请发送小一些的"),
)
