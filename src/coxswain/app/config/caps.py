"""Caps of the configuration, resolved: which accounts and which instruments each one means, one by one.

A selector that is left out selects all. One that selects nothing is a mistake: its cap would hold nobody.
"""

from collections.abc import Mapping

from coxswain.app.config.schema import CapEntry, ConfigFile
from coxswain.app.config.tree import Loc, Tree
from coxswain.model.setup import CapSpec
from coxswain.model.vocabulary import AccountId, Symbol


def read_caps(tree: Tree, config: ConfigFile, product_groups: Mapping[str, str]) -> tuple[CapSpec, ...]:
    """Name the members of every cap, or tell the tree that it has none."""
    return tuple(_cap(tree, ("caps", index), cap, config, product_groups) for index, cap in enumerate(config.caps))


def _cap(tree: Tree, loc: Loc, cap: CapEntry, config: ConfigFile, product_groups: Mapping[str, str]) -> CapSpec:
    members = tuple(
        AccountId(account.id)
        for account in config.accounts
        if (not cap.accounts or account.id in cap.accounts)
        and (cap.owner is None or account.owner == cap.owner)
        and (cap.firm is None or account.firm == cap.firm or account.firm.startswith(f"{cap.firm}."))
    )
    if not members:
        tree.wrong(loc, "found no account that it would hold; wanted accounts, firm and owner of at least one")
    symbols = {Symbol(symbol.upper()): None for symbol in cap.symbols}
    if cap.product_group is not None:
        of_group = [symbol for symbol, group in product_groups.items() if group == cap.product_group]
        symbols |= {Symbol(symbol): None for symbol in of_group}
        if not of_group:
            tree.refuse((*loc, "product_group"), "a product group with an instrument of the configuration")
    return CapSpec(cap.name, members, tuple(symbols), cap.share_pct, cap.lots)
