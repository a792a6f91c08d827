"""Edited rule files, read again by a running service: SIGHUP, or over its API."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from rules.book import LIBRARY, load_rules
from tests.machines.mosquitto import Mosquitto, free_port
from tests.walk.processes import serving, until
from tests.walk.test_over_http import SOON_S, Api, crews_of, only_order, said, tidewalk


def _edit(rules: Path, old: str, new: str) -> None:
    file = rules / "bin-full.yaml"
    file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")


@pytest.mark.machine
def test_edited_rules_are_in_force_without_a_restart(mosquitto: Mosquitto, tmp_path: Path):
    api, state, rules = Api(free_port()), tmp_path / "state", tmp_path / "rules"
    shutil.copytree(LIBRARY, rules)
    options = ("--api", api.url.removeprefix("http://"), "--rules", rules)
    with crews_of(mosquitto) as crews, serving(f"127.0.0.1:{mosquitto.port}", state, *options) as service:
        until(api.ready, SOON_S, "the service to be ready")
        before = api.get("/api/v1/rules").body["hash"]
        crews.bin_says(80)
        assert said("rules", "reload", "--api", api.url) == {"row": 0, "changed": False}

        _edit(rules, "fill_level >= 95", "fill_level >= 75")
        wanted = load_rules(rules).version
        os.kill(service.pid, signal.SIGHUP)
        until(lambda: api.get("/api/v1/rules").body["hash"] == wanted, SOON_S, "the edited rules to be in force")
        assert api.get("/api/v1/orders").body["orders"] == []  # what was heard before was judged by the others
        crews.bin_says(81)
        order = only_order(api)
        assert (order["rule"], order["why"]) == ("bin-full", {"fill_level": 81.0})

        _edit(rules, "fill_level >= 75", "fill_lvl >= 75")
        refused = tidewalk("rules", "reload", "--api", api.url)
        assert refused.returncode == 1
        assert "bin-full.yaml" in refused.stderr
        assert "fill_level" in refused.stderr
        os.kill(service.pid, signal.SIGHUP)
        service.says("the rules are not reloaded")
        assert api.get("/api/v1/rules").body["hash"] == wanted

        _edit(rules, "fill_lvl >= 75", "fill_level >= 95")
        told = said("rules", "reload", "--api", api.url)
        assert told["changed"]
        until(lambda: api.get("/api/v1/rules").body["hash"] == before, SOON_S, "the first rules to be in force again")
        case = order["case"]
    proof = tidewalk("prove", case, "--state", state, "--json")
    line = json.loads(proof.stdout.splitlines()[-1])
    assert (line["identical"], line["orders"][0]["caveats"]) == (True, []), line
