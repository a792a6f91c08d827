"""The steps of deploy/Dockerfile, run one by one in a scratch folder that stands for the root of the image."""

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OWNED = ("/opt/tidewalk", "/var/lib/tidewalk", "/src")  # folders of the image that the steps make
RIGHTS = {"groupadd", "useradd", "install"}  # steps that only root can take


@dataclass
class Image:
    """What the last stage leaves: its folder, and how a container of it begins."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "0:0"
    start: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def inside(self, text: str) -> str:
        """Paths of the image as paths of this machine."""
        for folder in OWNED:
            text = re.sub(rf"(?<![\w/.-]){folder}(?![\w-])", str(self.root) + folder, text)
        return text

    def command(self) -> list[str]:
        """ENTRYPOINT and CMD."""
        return [self.inside(word) for word in self.start]


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """(instruction, rest) in order. Continued lines are none of ours."""
    lines = dockerfile.read_text("utf-8").splitlines()
    kept = [line for line in lines if line.strip() and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in kept)]


def built(dockerfile: Path, root: Path) -> Image:
    """Take every step. Stages share one root: the second copies from the first what is there already."""
    image, here = Image(root), "/"
    for word, rest in instructions(dockerfile):
        if word == "FROM":
            here = "/"
        elif word == "WORKDIR":
            here = rest
            Path(image.inside(here)).mkdir(parents=True, exist_ok=True)
        elif word == "RUN":
            _run(image, json.loads(rest), Path(image.inside(here)))
        elif word == "COPY":
            _copy(image, rest, Path(image.inside(here)))
        else:
            _note(image, word, rest)
    return image


def _note(image: Image, word: str, rest: str) -> None:
    """What is said of containers of the image."""
    match word:
        case "ENV":
            image.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
        case "USER":
            image.user = rest
        case "ENTRYPOINT":
            image.start = json.loads(rest)
        case "CMD":
            image.start += json.loads(rest)
        case "HEALTHCHECK":
            image.health = json.loads(rest[rest.index("CMD ") + 4 :])
        case "VOLUME":
            assert all(Path(image.inside(folder)).is_dir() for folder in json.loads(rest)), rest
        case "EXPOSE":
            pass
        case _:
            raise AssertionError(f"nobody has taught the test what {word} is")


def _run(image: Image, words: list[str], here: Path) -> None:
    program = words[0]
    if program in RIGHTS and os.geteuid() != 0:
        Path(f"{image.root}/var/lib/tidewalk").mkdir(parents=True, exist_ok=True)
        image.left_out.append(shlex.join(words))
        return
    if program in {"groupadd", "useradd"}:
        (image.root / "etc").mkdir(exist_ok=True)
        for file in ("passwd", "group", "shadow", "gshadow"):
            (image.root / "etc" / file).touch()
        words = [program, "--prefix", str(image.root), *words[1:]]
    else:
        words = [image.inside(word) for word in words]
    if program == "install":
        Path(words[-1]).parent.mkdir(parents=True, exist_ok=True)
    taken = subprocess.run(words, cwd=here, capture_output=True, text=True, check=False)
    assert taken.returncode == 0, (words, taken.stdout[-2000:], taken.stderr[-2000:])
    image.done.append(shlex.join(words))


def _copy(image: Image, rest: str, here: Path) -> None:
    if rest.startswith("--from="):
        _, source, target = rest.split()
        assert source == target, rest
        assert Path(image.inside(source)).exists(), rest
        return
    *sources, target = rest.split()
    for source in sources:
        start = ROOT / source
        if start.is_dir():
            shutil.copytree(start, here / target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(start, here / target)
