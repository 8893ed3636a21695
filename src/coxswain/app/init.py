"""Write the files that a new user starts from: `coxswain.yaml`, with every default explained, and an empty `.env`.

The instruments and accounts stand in `starter.yaml`, the limits and settings come from the table of keys. No secret
may ever be written here, and none that a user wrote may be lost.
"""

import os
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from coxswain.model.decimals import text
from coxswain.model.keys import GROUPS, Key, Scope, Unit

CONFIG_FILE = "coxswain.yaml"
ENV_FILE = ".env"

ENV_TEXT = """\
# Secrets, one NAME=value a line; coxswain.yaml refers to them as ${NAME}.
# Only you can read this file. Keep it out of repositories, chats and tickets.
#
# Paper accounts need none. Venues that ask for keys will want names such as these:
#
# ALPACA_API_KEY=
# ALPACA_API_SECRET=
# SCHWAB_CLIENT_ID=
# SCHWAB_CLIENT_SECRET=
# TRADELOCKER_PASSWORD=
"""


def write_starter(folder: Path, force: bool = False) -> list[Path]:
    """Write the starter files into `folder` and return their paths. Raises `FileExistsError`, having written nothing.

    With `force` an existing configuration is overwritten. An existing `.env` never is: there may be no other copy of
    what it holds.
    """
    config, env = folder / CONFIG_FILE, folder / ENV_FILE
    in_the_way = [path for path in (config, env) if path.exists()]
    if in_the_way and not force:
        names = " and ".join(map(str, in_the_way))
        raise FileExistsError(f"{names}: there already; nothing was written")
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder}: is a file, wanted a folder; nothing was written")
    folder.mkdir(parents=True, exist_ok=True)
    config.write_text(starter_config(), encoding="utf-8")
    if env in in_the_way:
        return [config]
    _write_private(env, ENV_TEXT)
    return [config, env]


def starter_config() -> str:
    """Return the text of the starter configuration."""
    template = resources.files("coxswain.app").joinpath("starter.yaml").read_text(encoding="utf-8")
    settings, limits = _explained(Scope.DESK), _explained(Scope.ACCOUNT)
    return template.replace("@settings@", settings).replace("@limits@", limits)


def _write_private(path: Path, content: str) -> None:
    # Private from its first byte, whatever the umask.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content)


def _explained(scope: Scope) -> str:
    parts = []
    for heading, keys in GROUPS:
        if keys[0].scope is scope:
            parts.append(f"  # {heading}\n{_lines(keys)}")
    return "\n\n".join(parts)


def _lines(keys: Iterable[Key]) -> str:
    return "\n".join(f"  {f'{key.name}: {text(key.default)}':<38}  # {_comment(key)}" for key in keys)


def _comment(key: Key) -> str:
    unit = "" if key.unit is Unit.COUNT else f"{key.unit}; "
    return f"{unit}{key.comment}{'' if key.enforced else ' (not enforced yet)'}"
