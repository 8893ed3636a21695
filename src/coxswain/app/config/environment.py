"""The `.env` file beside the configuration, and `${NAME}` references to it and to the environment.

Values from here are secrets until proven otherwise: no message may quote one, nor the line that holds it.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from coxswain.app.config.problems import Problem

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_QUOTED = re.compile(r"""(?:"([^"]*)"|'([^']*)')\s*(?:#.*)?""")
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def read_env_file(path: Path) -> tuple[dict[str, str], list[Problem]]:
    """Read lines of NAME=value. Quotes are taken off, ` # ...` after a value is a comment, nothing is expanded."""
    if not path.exists():
        return {}, []
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        return {}, [Problem(0, "", f"cannot be read: {reason}", path.name)]
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        match = _LINE.fullmatch(content)
        value = _unquoted(match[2]) if match else None
        if match is None or value is None:
            problems.append(Problem(number, "", "cannot be read; wanted NAME=value, or a comment", path.name))
        elif match[1] in values:
            problems.append(Problem(number, match[1], "set twice; wanted once", path.name))
        else:
            values[match[1]] = value
    return values, problems


def _unquoted(written: str) -> str | None:
    if written.startswith(('"', "'")):
        match = _QUOTED.fullmatch(written)
        return None if match is None else match[1] if match[1] is not None else match[2]
    return re.sub(r"(^|\s)#.*", "", written).strip()


def resolve(written: str, values: Mapping[str, str]) -> tuple[str, list[str]]:
    """Put values in the place of `${NAME}` references, and say what is wrong with each that has none."""
    faults = [f"${{{name}}} is not set; wanted it in the environment or in .env" for name in _missing(written, values)]
    if "${" in _REFERENCE.sub("", written):
        faults.append("holds ${ without a name; wanted ${NAME}")
    return _REFERENCE.sub(lambda match: values.get(match[1], ""), written), faults


def refers(written: str) -> bool:
    return "${" in written


def _missing(written: str, values: Mapping[str, str]) -> list[str]:
    return [name for name in dict.fromkeys(_REFERENCE.findall(written)) if name not in values]
