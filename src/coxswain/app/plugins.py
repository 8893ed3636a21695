"""Find the plug-ins: a file in the folder is all there is to it. The file name is the key in the configuration."""

import importlib
import pkgutil
from functools import partial
from types import ModuleType

from coxswain import allocation
from coxswain.core.engine import Engine
from coxswain.core.tx import Allocate
from coxswain.risk import checks


def check_modules() -> tuple[ModuleType, ...]:
    """Import every file in `risk/checks`, in order of name."""
    return _modules(checks)


def policy(name: str) -> Allocate:
    """Return an allocation policy with its default parameters."""
    module = importlib.import_module(f"{allocation.__name__}.{name}")
    return partial(module.allocate, params=module.Params())


def make_engine() -> Engine:
    return Engine(check_modules(), policy("risk_budget"))


def _modules(package: ModuleType) -> tuple[ModuleType, ...]:
    names = sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    return tuple(importlib.import_module(f"{package.__name__}.{name}") for name in names)
