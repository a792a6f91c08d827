"""docker-compose.yml and what it names, read by hand: no engine is at hand where these tests run."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.errors import ConflictError
from services.api.access import access_of
from services.settings import EXAMPLE, Settings, settled

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(:?[-?])?")

# Of the compose specification, the parts that are used: key → types.
KEYS: dict[str, tuple[type, ...]] = {
    "build": (dict,),
    "cap_drop": (list,),
    "command": (list,),
    "depends_on": (dict,),
    "entrypoint": (list,),
    "environment": (dict,),
    "healthcheck": (dict,),
    "image": (str,),
    "logging": (dict,),
    "mem_limit": (str,),
    "network_mode": (str,),
    "ports": (list,),
    "profiles": (list,),
    "read_only": (bool,),
    "restart": (str,),
    "security_opt": (list,),
    "shm_size": (str,),
    "stop_grace_period": (str,),
    "tmpfs": (list,),
    "user": (str,),
    "volumes": (list,),
}
HEALTH = {"test", "interval", "timeout", "retries", "start_period", "disable"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
SPAN = re.compile(r"\d+[sm]")
SIZE = re.compile(r"\d+[mg]")


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def settings_named(environment: dict[str, str]) -> set[str]:
    return {name.removeprefix("TIDEWALK_").lower() for name in environment if name.startswith("TIDEWALK_")}


def test_only_keys_of_the_specification_stand_at_the_top():
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"name", "services", "volumes"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_well_formed(name: str):
    service = SERVICES[name]
    assert set(service) <= set(KEYS), set(service) - set(KEYS)
    for key, value in service.items():
        assert isinstance(value, KEYS[key]), key
    assert all(isinstance(value, str | int) for value in service.get("environment", {}).values())
    assert all(not isinstance(value, bool) for value in service.get("environment", {}).values()), "quote true and false"
    assert SIZE.fullmatch(service.get("mem_limit", "1g"))
    assert SPAN.fullmatch(service.get("stop_grace_period", "1s"))
    health = service.get("healthcheck", {})
    assert set(health) <= HEALTH
    assert all(SPAN.fullmatch(health.get(key, "1s")) for key in ("interval", "timeout", "start_period"))
    assert health.get("test", ["CMD"])[0] == "CMD"


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_to_a_whole_version(name: str):
    image, _, tag = SERVICES[name]["image"].partition(":")
    assert re.fullmatch(r"\d+\.\d+(\.\d+)?(-\w+)?", tag), (image, tag)


def test_our_image_has_the_version_of_the_project():
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert version is not None
    ours = {service["image"] for service in SERVICES.values() if service["image"].startswith("tidewalk")}
    assert ours == {f"tidewalk:{version[1]}"}
    assert (ROOT / SERVICES["tidewalk"]["build"]["dockerfile"]).is_file()


@pytest.mark.parametrize("name", SERVICES)
def test_whatever_is_mounted_is_there(name: str):
    for mount in SERVICES[name].get("volumes", []):
        source, target = re.sub(r"\$\{\w+:-([^}]+)\}", r"\1", mount).split(":")[:2]
        assert target.startswith("/")
        if source.startswith("."):
            assert (ROOT / source).exists(), source
        else:
            assert source in COMPOSE["volumes"], source


def test_every_named_volume_is_used():
    used = {mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])}
    assert set(COMPOSE["volumes"]) <= used


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_this_machine_alone(name: str):
    for port in SERVICES[name].get("ports", []):
        assert re.sub(r"\$\{BIND:-([^}]+)\}", r"\1", port).startswith("127.0.0.1:"), port


@pytest.mark.parametrize("name", SERVICES)
def test_what_others_wait_for_can_be_waited_for(name: str):
    image = (ROOT / "deploy/Dockerfile").read_text("utf-8")
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert how["condition"] in CONDITIONS
        if how["condition"] == "service_healthy":
            built = "build" in SERVICES[other] and "HEALTHCHECK" in image
            assert built or "test" in SERVICES[other]["healthcheck"], other


def test_services_come_back_have_limits_and_gain_no_rights():
    for name, service in SERVICES.items():
        assert service["security_opt"] == ["no-new-privileges:true"]
        if name != "users":
            assert service["restart"] == "unless-stopped"
            assert "mem_limit" in service
    for name in ("users", "mosquitto", "tidewalk", "coast"):
        assert SERVICES[name]["read_only"] is True
        assert SERVICES[name]["cap_drop"] == ["ALL"]


def test_every_variable_is_in_the_example_and_every_line_of_the_example_is_used():
    assert {name for name, _ in VARIABLE.findall(TEXT)} == set(example())


def test_secrets_have_no_default_and_the_example_marks_each():
    secrets = {name for name, value in example().items() if EXAMPLE in value}
    for name, how in VARIABLE.findall(TEXT):
        assert (how == ":?") == (name in secrets), name
    unlike = {name for name in example() if re.search("PASSWORD|TOKEN", name)} - secrets
    assert unlike == {"GRAFANA_INFLUX_TOKEN", "INFLUX_ADMIN_TOKEN"}, "may be empty"
    assert set(SERVICES["users"]["environment"]) == secrets, "users.sh looks at all of them"
    assert set(shlex.split(_loop(ROOT / "deploy/mosquitto/users.sh"))) == secrets


def _loop(script: Path) -> str:
    found = re.search(r"^for name in (.+?); do$", script.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1].replace("\\\n", " ")


@pytest.mark.parametrize("name", SERVICES)
def test_every_setting_is_one_that_the_service_knows(name: str):
    if SERVICES[name]["image"].startswith("tidewalk"):
        assert settings_named(SERVICES[name]["environment"]) <= set(Settings.model_fields)


def test_the_settings_of_the_unit_are_those_that_the_service_knows():
    lines = (ROOT / "deploy/tidewalk.env.example").read_text("utf-8").splitlines()
    named = {found[1]: found[2] for line in lines if (found := re.match(r"(?:# )?(TIDEWALK_\w+)=(.*)", line))}
    assert settings_named(named) <= set(Settings.model_fields)


def filled(template: str, values: dict[str, str]) -> str:
    """As compose fills in a value that nests once."""
    whole = re.compile(r"\$\{(\w+)(?::-((?:[^${}]|\$\{[^}]*\})*)|:\?)?\}")
    while found := whole.search(template):
        template = template.replace(found[0], values.get(found[1]) or found[2] or "")
    return template


def test_the_service_starts_on_nothing_of_the_example(monkeypatch: pytest.MonkeyPatch):
    for name, value in SERVICES["tidewalk"]["environment"].items():
        monkeypatch.setenv(name, filled(value, example()))
    with pytest.raises(ConflictError) as refused:
        settled()
    for name in ("broker_password", "influx_token", "api_tokens", "api_token", "sql"):
        assert f"{name}: " in str(refused.value)
    assert "change-me-" not in str(refused.value), "a refusal shows no secret, not even this one"


def test_with_secrets_of_ones_own_the_settings_fit(monkeypatch: pytest.MonkeyPatch):
    values = {name: value.replace(EXAMPLE, "0123456789abcdef0123") for name, value in example().items()}
    for name, value in SERVICES["tidewalk"]["environment"].items():
        monkeypatch.setenv(name, filled(value, values))
    settings = settled()
    assert settings.broker_address() == ("mosquitto", 1883)
    assert settings.sql_url().startswith("postgresql+psycopg://tidewalk:0123456789abcdef")
    assert filled(SERVICES["grafana"]["environment"]["READINGS_TOKEN"], values) == values["TIDEWALK_INFLUX_TOKEN"]
    access = access_of(settings)
    assert access.beyond, "who comes through the published port needs the token"
    assert access.answers_to("localhost")
    assert access.tokens.whose(values["TIDEWALK_API_TOKEN"]) == "operator"


def test_grafana_is_given_what_its_provisioning_names():
    folder = ROOT / "dashboards/provisioning"
    named = {
        name
        for path in folder.rglob("*.yaml")
        for name in re.findall(r"\$\{?(READINGS_[A-Z]+)", path.read_text("utf-8"))
    }
    environment = SERVICES["grafana"]["environment"]
    assert named == {name for name in environment if name.startswith("READINGS_")}
    targets = [mount.split(":")[1] for mount in SERVICES["grafana"]["volumes"]]
    providers = yaml.safe_load((folder / "dashboards/tidewalk.yaml").read_text("utf-8"))["providers"]
    assert {str(Path(one["options"]["path"]).parent) for one in providers} <= set(targets)
    home = Path(filled(environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"], example()))
    assert home.parent.name == "zh"
    assert str(home.parent.parent) in targets
    assert json.loads((ROOT / "dashboards/grafana/zh" / home.name).read_text("utf-8"))["uid"]


def test_grafana_asks_nothing_of_the_world_and_finds_every_folder_of_provisioning():
    """What a real Grafana 12.3.0 tried to fetch, and which folders it complained of, at its start."""
    environment = SERVICES["grafana"]["environment"]
    for name in ("PREINSTALL", "PUBLIC_KEY_RETRIEVAL"):
        assert environment[f"GF_PLUGINS_{name}_DISABLED"] == "true"
    folder = ROOT / "dashboards/provisioning"
    assert {"alerting", "dashboards", "datasources", "plugins"} == {path.name for path in folder.iterdir()}


def test_only_what_the_image_copies_goes_to_the_engine():
    copied = {
        word.rstrip("/")
        for line in (ROOT / "deploy/Dockerfile").read_text("utf-8").splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    }
    sent = {
        line[1:].rstrip("/")
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    }
    assert copied == sent
