"""From files that somebody recorded to messages in the order in which they were sent."""

import gzip
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from domain.errors import ConflictError, FaultyFileError, NotFoundError
from domain.naming import Kind
from domain.site import Site
from services.commands.replay import replay_command
from services.replay.captured import read_captured
from services.replay.car_parks import read_car_parks
from services.replay.emptyings import EVERY, read_emptyings
from services.replay.recording import Recording, Sent, Tape, read
from services.replay.relayed import read_relayed
from services.replay.replaying import stops
from services.replay.site_files import drill_of, site_id, write_site
from services.site import load_site, sample

HOUR = 3_600_000
COLLECTIONS = """Site,Site name,Date & Time of bin collection,Fill level before collection (%) [Nb],Fill level after
7,Pier,2016-07-02 12:00:00,80,0
7,Pier,2016-07-01 12:00:00,50,0
8,Beach,2016-07-01 09:00:00,99,0
8,Beach,never,99,0
"""


def told(sent: Sent) -> dict[str, object]:
    found: dict[str, object] = json.loads(sent.payload)
    return found


def chirpstack(eui: str, data: str) -> str:
    device = {"devEui": eui, "deviceName": "eye"}
    return json.dumps(
        {"deviceInfo": device, "time": "2026-10-01T08:00:00Z", "fCnt": 1, "fPort": 85, "data": data, "rxInfo": []}
    )


def test_between_two_emptyings_a_line_is_drawn_and_said_to_be_drawn(tmp_path: Path):
    file = tmp_path / "litter_bin_collections.csv"
    file.write_text(COLLECTIONS)
    found = read_emptyings(tmp_path, None)
    assert found is not None
    assert dict(found.left_out) == {"a row without time or level": 1}
    assert [(place.id, place.kind) for place in found.places] == [("bin-7", Kind.BIN), ("bin-8", Kind.BIN)]
    mine = [told(sent) for sent in found.messages if sent.device == "bin-7"]
    levels = [one["values"]["fill_level"] for one in mine]  # type: ignore[index]
    assert levels[:2] == [50.0, 0.0]
    assert levels[-2:] == [80.0, 0.0]
    assert levels[2:-2] == sorted(levels[2:-2])
    assert len(levels[2:-2]) == 24 * HOUR // EVERY - 1
    assert [one.get("derived", False) for one in mine] == [False, False, *[True] * len(levels[2:-2]), False, False]
    assert mine[0]["at"] == 1_467_370_800_000  # noon in London is 11:00 UTC in July
    assert [sent.at for sent in found.messages] == sorted(sent.at for sent in found.messages)


def test_free_places_are_said_as_they_were_written_and_a_lot_may_have_no_capacity(tmp_path: Path):
    with gzip.open(tmp_path / "town_2020.csv.gz", "wt") as out:
        out.write("timestamp,place_id,free\n2020-07-01T00:00:02+00:00,lot_1,181\n2020-07-01T00:00:02+00:00,lot-2,\n")
        out.write("2020-07-01T00:05:02+00:00,lot-3,-4\n")
    (tmp_path / "meta-data.csv").write_text('place_id,place_name,num_all\nlot_1,"Beach\nwest",200\n')
    found = read_car_parks(tmp_path, None)
    assert found is not None
    assert [told(sent)["values"] for sent in found.messages] == [{"available_spots": 181.0}, {"available_spots": -4.0}]
    assert [(p.id, p.name, dict(p.attributes)) for p in found.places] == [
        ("lot-1", "Beach west", {"capacity": 200.0}),
        ("lot-3", "lot-3", {}),
    ]
    assert found.left_out == {"a row without time or number": 1}


def test_a_capture_of_mosquitto_sub_is_read_as_both_of_its_versions_write_it(tmp_path: Path):
    file = tmp_path / "coast.jsonl"
    up = {"topic": "tidewalk/shinan/qingdaowan/bin/bin-hand/up", "payload": '{"values":{"fill_level":9}}', "retain": 0}
    lines = [
        {"tst": "2026-11-22T18:49:12.194062Z+0800", **up},
        {"tst": "2026-11-22T10:49:13.5+0000", **up, "payload": {"values": {"fill_level": 9}}},
        {"tst": "2026-11-22T10:49:14+0000", **up, "retain": 1},
        {"tst": "2026-11-22T10:49:14+0000", **up, "topic": "tidewalk/shinan/crew/desk/orders/1"},
    ]
    file.write_text("\n".join(map(json.dumps, lines)))
    found = read_captured(file, sample("shinan"))
    assert found is not None
    assert [(sent.at, told(sent)["values"], sent.device) for sent in found.messages] == [
        (1_795_344_552_194, {"fill_level": 9}, "bin-hand"),
        (1_795_344_553_500, {"fill_level": 9}, "bin-hand"),
    ]
    assert sum(found.left_out.values()) == 2
    with pytest.raises(FaultyFileError, match="--site"):
        read_captured(file, None)
    file.write_text("{}\n")
    with pytest.raises(FaultyFileError, match=r"coast.jsonl:1: has 1 lines and no message"):
        read_captured(file, sample("shinan"))


@pytest.mark.parametrize(
    "torn",
    [
        b'{"tst":"2026-11-22T10:49:14+00',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"tst":"2026-11-22T10:49:14+0000","topic":5,"payload":""}',
        b'{"tst":"9999-12-31T23:59:59-1200","topic":"a","payload":""}',
        b'{"tst":"2026-11-22T10:49:14","topic":"a","payload":""}',
    ],
)
def test_a_torn_line_costs_itself_and_not_the_season(tmp_path: Path, torn: bytes):
    up = b'{"tst":"2026-11-22T10:49:13+0000","topic":"tidewalk/shinan/qingdaowan/bin/bin-hand/up","payload":"{}"}'
    (tmp_path / "coast.JSONL").write_bytes(b"\n".join((torn, up, torn)))
    found = read_captured(tmp_path / "coast.JSONL", sample("shinan"))
    assert found is not None
    assert len(found.messages) == 1
    assert sum(found.left_out.values()) == 2


def test_a_capture_may_be_gzipped_and_its_end_may_be_missing(tmp_path: Path):
    up = b'{"tst":"2026-11-22T10:49:%02d+0000","topic":"tidewalk/shinan/qingdaowan/bin/bin-hand/up","payload":"{}"}\n'
    packed = gzip.compress(b"".join(up % second for second in range(60)))
    (tmp_path / "coast.jsonl.gz").write_bytes(packed)
    (tmp_path / "torn.jsonl.gz").write_bytes(packed[:-4])
    (tmp_path / "none.jsonl.gz").write_bytes(b"no gzip")
    found, torn = (read_captured(tmp_path / f"{name}.jsonl.gz", sample("shinan")) for name in ("coast", "torn"))
    assert found is not None
    assert torn is not None
    assert (found.name, len(found.messages), found.left_out) == ("coast", 60, {})
    assert (len(torn.messages), sum(torn.left_out.values())) == (60, 1)
    with pytest.raises(FaultyFileError, match="cannot be read"):
        read(tmp_path / "none.jsonl.gz", (read_captured, read_relayed), sample("shinan"))


def test_a_capture_of_a_real_coast_is_played_as_a_drill(tmp_path: Path):
    real, text = tmp_path / "real", (sample("shinan") / "site.yaml").read_text("utf-8")
    shutil.copytree(sample("shinan"), real)
    (real / "site.yaml").write_text(text.replace("simulated: true", "simulated:  false  # at last"), "utf-8")
    assert not load_site(real).simulated
    drill = load_site(drill_of(real, tmp_path / "drill"))
    assert drill.simulated
    assert drill.facilities == load_site(real).facilities


def test_a_real_coast_is_not_played_at_a_broker_where_its_own_service_may_listen(tmp_path: Path):
    real, up = (
        tmp_path / "real",
        '{"tst":"2026-11-22T10:49:13+0000","topic":"tidewalk/shinan/z/bin/b/up","payload":"{}"}',
    )
    shutil.copytree(sample("shinan"), real)
    text = (real / "site.yaml").read_text("utf-8")
    (real / "site.yaml").write_text(text.replace("simulated: true", "simulated: false"), "utf-8")
    (tmp_path / "coast.jsonl").write_text(up)
    said = CliRunner().invoke(
        replay_command, [str(tmp_path / "coast.jsonl"), "--site", str(real), "--broker", "127.0.0.1:1"]
    )
    assert isinstance(said.exception, ConflictError)
    assert "is a real coast" in str(said.exception)


@pytest.mark.parametrize("name", ["litter_bin_collections.csv", "town.csv", "town.csv.gz"])
def test_what_cannot_be_read_is_said_in_words(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(b"\xd5\x00\xff" * 100)
    for path in (tmp_path / name, tmp_path):
        with pytest.raises(FaultyFileError, match=r"cannot be read|no recording that we know"):
            read(path, (read_captured, read_relayed, read_emptyings, read_car_parks), None)


def test_a_placeholder_that_several_files_share_becomes_an_eui_of_each(tmp_path: Path):
    for name in ("chirpstack-em310-udl", "chirpstack-em310-udl-b"):
        (tmp_path / f"{name}.json").write_text(chirpstack("1000000000000001", "AXVk"))
    (tmp_path / "chirpstack-gs301.json").write_text(chirpstack("24e124136c191967", "AXVk"))
    (tmp_path / "chirpstack-gs301.expected.json").write_text("{}")
    (tmp_path / "notes.json").write_text('"nothing that is sent"')
    found = read_relayed(tmp_path, None)
    assert found is not None
    euis = {place.id: place.eui for place in found.places}
    assert euis["chirpstack-gs301"] == "24e124136c191967"
    assert len(set(euis.values())) == 3
    for sent in found.messages:
        assert euis[sent.device].encode() in sent.payload
        assert sent.topic == f"tidewalk/relayed/uplink/chirpstack/{euis[sent.device]}"
    profiles = {place.id: place.profile for place in found.places}
    assert profiles["chirpstack-em310-udl-b"] == "milesight-iot/em310-udl"
    assert found.left_out == {"no envelope that we read": 1}


def test_the_site_that_is_made_of_a_recording_is_a_sound_one_and_a_drill(tmp_path: Path):
    (tmp_path / "litter_bin_collections.csv").write_text(COLLECTIONS)
    found = read(tmp_path, (read_emptyings,), None)
    site = load_site(write_site(found, tmp_path / "site"))
    assert isinstance(site, Site)
    assert site.simulated
    assert sorted(site.facilities) == sorted(site.devices) == ["bin-7", "bin-8"]
    assert {sent.topic.split("/")[1] for sent in found.messages} == {site.id}


def test_what_is_no_recording_is_told_what_would_be(tmp_path: Path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(FaultyFileError, match="is no recording that we know"):
        read(tmp_path / "a.csv", (read_captured, read_relayed, read_emptyings, read_car_parks), None)
    with pytest.raises(NotFoundError, match="there is no"):
        read(tmp_path / "b.csv", (read_emptyings,), None)


def test_the_clock_stands_only_where_something_was_said_and_the_last_time_at_the_last_message():
    messages = [Sent(at, "t", b"{}") for at in (1_000, 61_000, 62_000, 9_000_000_001)]
    found = Recording("r", "UTC", messages)
    assert stops(found) == [60_000, 120_000, 9_000_000_001]
    tape = Tape(load_site(sample("shinan")), found)
    assert [len(tape.step(at)) for at in stops(found)] == [1, 2, 1]
    assert found.between(61_000, 2_000).messages == messages[1:3]
    with pytest.raises(NotFoundError):
        found.between(70_000, 1_000)


def test_an_id_is_made_of_any_name():
    assert site_id("Straße 7 / P_2") == "stra-e-7-p-2"
    assert site_id("市南") == "recording"
