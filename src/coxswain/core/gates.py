"""Each account's gate: the checks with the parameters in force, made when it is first asked for after they changed.

`evolve` makes an account's parameters anew whenever its limits change, so a gate cannot be older than they are. It is
an index of the state, never part of it.
"""

from collections.abc import Iterable

from coxswain.core.in_force import account_values
from coxswain.core.params import AccountParams
from coxswain.core.state import State
from coxswain.model.vocabulary import AccountId
from coxswain.risk.gate import CheckModule, Gate, rules_for


class Gates:
    def __init__(self, state: State, modules: Iterable[CheckModule]) -> None:
        self._state = state
        self._modules = tuple(modules)
        self._made: dict[AccountId, tuple[AccountParams, Gate]] = {}

    def __getitem__(self, account_id: AccountId) -> Gate:
        account = self._state.accounts[account_id]
        made = self._made.get(account_id)
        if made is None or made[0] is not account.params:
            gate = rules_for(self._modules, account_values(self._state, account))
            made = self._made[account_id] = account.params, gate
        return made[1]
