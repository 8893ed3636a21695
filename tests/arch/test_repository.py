"""Rules of the repository as a whole: what its files may say, and what the lock must pin."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]

# Written so that this file does not match itself.
HOSTS = re.compile(
    r"([p]ypi|[p]ythonhosted|[n]pmjs|[d]ebian|[a]naconda|[d]ocker)\.(org|com|io)|[g]hcr\.io|[q]uay\.io|[a]stral\.sh"
    r"|[j]sdelivr\.net|[u]npkg\.com|[c]dnjs\.|[c]rates\.io|[r]awgithubusercontent|[r]aw\.githubusercontent",
    re.IGNORECASE,
)
MACHINE_PATHS = re.compile(r"/[r]oot/|/[w]ork/|/[f]arm/|/[t]mp/|/[h]ome/\w|/[U]sers/\w|\b[C]:\\\\?[U]sers")


def tracked_texts() -> list[tuple[str, str]]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    texts = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if not path.is_file():  # deleted, not yet committed
            continue
        content = path.read_bytes()
        if b"\0" not in content:
            texts.append((name, content.decode()))
    return texts


@pytest.mark.parametrize("pattern", [HOSTS, MACHINE_PATHS], ids=["package index or download host", "path of a machine"])
def test_no_tracked_file_names_a(pattern: re.Pattern[str]) -> None:
    found = [
        f"{name}:{number}: {match.group()}"
        for name, text in tracked_texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := pattern.search(line))
    ]
    assert found == []


def locked() -> dict[str, tuple[Requirement, int]]:
    """Each entry of the lock by its name, with the number of its hashes."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.lstrip().startswith("#")]
    entries: dict[str, tuple[Requirement, int]] = {}
    for line in lines:
        requirement, *hashes = re.split(r"\s+--hash=sha256:(?=[0-9a-f]{64}\b)", line.strip())
        parsed = Requirement(requirement)  # also refuses options such as another index
        entries[canonicalize_name(parsed.name)] = (parsed, len(hashes))
    return entries


def test_the_lock_pins_everything_with_hashes() -> None:
    for requirement, hashes in locked().values():
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert requirement.url is None, requirement
        assert hashes > 0, requirement


def test_the_lock_holds_what_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    asked = [
        *project["project"]["dependencies"],
        *project["build-system"]["requires"],
        *(line for group in groups.values() for line in group if isinstance(line, str)),
    ]
    lock = locked()
    for requirement in map(Requirement, asked):
        pinned, _ = lock[canonicalize_name(requirement.name)]
        version = str(pinned.specifier).removeprefix("==")
        assert requirement.specifier.contains(version), f"{requirement} is asked for, {pinned} is locked: run make lock"
