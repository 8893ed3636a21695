"""Find the plug-ins: a file in the folder is all there is to it. The file name is the key in the configuration."""

import importlib
import pkgutil
from types import ModuleType

import msgspec

from coxswain import algos, allocation
from coxswain.core.engine import Engine
from coxswain.model.allocation import Allocation, Candidate, Parent
from coxswain.model.setup import AllocationSpec
from coxswain.risk import checks


def check_modules() -> tuple[ModuleType, ...]:
    """Import every file in `risk/checks`, in order of name."""
    return _modules(checks)


def algo_modules() -> dict[str, ModuleType]:
    """Import every file in `algos`, by name."""
    return {module.__name__.rpartition(".")[2]: module for module in _modules(algos)}


def policies() -> list[str]:
    return sorted(found.name for found in pkgutil.iter_modules(allocation.__path__))


def policy_module(name: str) -> ModuleType:
    return importlib.import_module(f"{allocation.__name__}.{name}")


def allocate(spec: AllocationSpec, parent: Parent, candidates: tuple[Candidate, ...]) -> Allocation:
    """Split a parent by the policy that the setup names, with its parameters."""
    module = policy_module(spec.policy)
    params = msgspec.json.decode(spec.params, type=module.Params)
    split: Allocation = module.allocate(parent, candidates, params)
    return split


def make_engine() -> Engine:
    return Engine(check_modules(), allocate, algo_modules())


def _modules(package: ModuleType) -> tuple[ModuleType, ...]:
    names = sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    return tuple(importlib.import_module(f"{package.__name__}.{name}") for name in names)
