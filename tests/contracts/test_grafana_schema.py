"""Every dashboard is a `Dashboard` of `@grafana/schema`, in the version of the Grafana that compose pins."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from dashboards.build import files
from rules.book import shipped
from services.grafana.facts import facts_of
from tests.machines.needed import needed

pytestmark = [pytest.mark.machine, pytest.mark.soak]

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / ".venv/schema"
TYPESCRIPT = "5.9.3"
IMAGE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]["grafana"]["image"]
RAW = "@grafana/schema/dist/types/raw/composable"
KINDS = {
    "stat": "Stat",
    "timeseries": "TimeSeries",
    "table": "Table",
    "bargauge": "BarGauge",
    "statetimeline": "StateTimeline",
    "geomap": "Geomap",
}
INFLUX_S_OWN = "target"  # of a note; the schema knows Grafana's own notes alone
# An enum of text is written as its text in JSON. A key that is not known is refused, as in any literal.
LOOSE = """
import type { Dashboard } from '@grafana/schema';
%s
type Loose<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T
  : T extends (infer U)[] ? Loose<U>[] : T extends object ? { [K in keyof T]: Loose<T[K]> } : T;
"""


def typescript(version: str) -> Path:
    """A folder with the schema and a compiler, fetched once. Skips where npm cannot fetch them."""
    npm = needed("npm", "apt-get install nodejs npm")
    have = PACKAGES / "node_modules/@grafana/schema/package.json"
    if not have.is_file() or json.loads(have.read_text("utf-8"))["version"] != version:
        PACKAGES.mkdir(parents=True, exist_ok=True)
        wanted = [f"@grafana/schema@{version}", f"typescript@{TYPESCRIPT}"]
        fetched = subprocess.run(
            [npm, "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", ".", *wanted],
            cwd=PACKAGES,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if fetched.returncode:
            pytest.skip(f"npm cannot fetch {wanted}: {fetched.stderr[-200:]}")
    return PACKAGES


def program() -> str:
    """Each dashboard as a typed constant, and each panel's options and field configuration as its plugin types them."""
    imports = "\n".join(
        f"import type * as {name} from '{RAW}/{name}/panelcfg/x/{file}PanelCfg_types.gen.d.ts';"
        for name, file in KINDS.items()
    )
    parts = [LOOSE % imports]
    for n, (name, text) in enumerate(files(facts_of(shipped())).items()):
        if not name.startswith("grafana/"):
            continue
        board = json.loads(text)
        for note in board["annotations"]["list"]:
            del note[INFLUX_S_OWN]
        parts.append(f"export const d{n}: Loose<Dashboard> = {json.dumps(board)};")
        for panel in board["panels"]:
            kind = panel["type"].replace("-", "")
            at = f"d{n}p{panel['id']}"
            parts.append(f"export const {at}: Loose<{kind}.Options> = {json.dumps(panel['options'])};")
            if kind in ("timeseries", "statetimeline"):
                custom = json.dumps(panel["fieldConfig"]["defaults"]["custom"])
                parts.append(f"export const {at}c: Loose<{kind}.FieldConfig> = {custom};")
    return "\n".join(parts)


def compiled(text: str, folder: Path, packages: Path) -> str:
    """What the compiler complains of."""
    (folder / "check.ts").write_text(text, encoding="utf-8")
    (folder / "node_modules").symlink_to(packages / "node_modules")
    node = shutil.which("node")
    assert node
    options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--moduleResolution", "nodenext"]
    ran = subprocess.run(
        [node, str(packages / "node_modules/typescript/bin/tsc"), *options, "--preserveSymlinks", "check.ts"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return ran.stdout


def test_every_dashboard_is_what_grafana_s_own_types_allow(tmp_path: Path):
    version = re.fullmatch(r"grafana/grafana:([\d.]+)", IMAGE)
    assert version, f"{IMAGE} is not pinned"
    packages = typescript(version[1])
    text = program()
    assert not compiled(text, tmp_path, packages)
    spoilt = tmp_path / "spoilt"
    spoilt.mkdir()
    wrong = text.replace('"graphTooltip": 1', '"graphTooltip": "one"', 1)
    assert "DashboardCursorSync" in compiled(wrong, spoilt, packages), "the check finds what is wrong"
