"""The allocation policy and its parameters, checked against its own `Params`, so that every problem has its line.

No policy is named here: the policy in the file is the name of a module in `coxswain.allocation`.
"""

import msgspec

from coxswain.app.config.across import account_ids
from coxswain.app.config.problems import unknown
from coxswain.app.config.tree import Tree
from coxswain.app.config.venue_params import read_struct, report_params
from coxswain.model.setup import AllocationSpec
from coxswain.runtime.plugins import policies, policy_module


def read_allocation(tree: Tree) -> AllocationSpec:
    """Read `allocation`, or tell the tree what is wrong with it. Without it the default policy is in force."""
    loc = ("allocation",)
    default = AllocationSpec()
    if not isinstance(tree.at(loc), dict):
        return default  # the shape has said so, where it is something else
    name = tree.text_at(*loc, "policy") or default.policy
    if name not in policies():
        tree.wrong((*loc, "policy"), f"found {tree.shown((*loc, 'policy'))}, which is {unknown(name, policies())}")
        return default
    kind: type[msgspec.Struct] = policy_module(name).Params
    before = tree.problem_count()
    found = read_struct(tree, loc, kind, account_ids(tree), named_by="policy")
    if tree.problem_count() > before:
        return default
    try:
        params = msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        report_params(tree, loc, str(error))
        return default
    return AllocationSpec(name, msgspec.json.encode(params).decode())
