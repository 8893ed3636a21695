"""The paper venue: a simulated exchange that trades on quotes, keeps books of its own, and can fail on purpose.

It learns nothing but the requests it is sent, so that what the engine believes can be checked against what happened.
"""

from coxswain.venues.paper.conditions import Cash, Halt, HaltedOrders, Outage, OutageKind
from coxswain.venues.paper.faults import Fault, FaultKind
from coxswain.venues.paper.nights import Swap, TripleDay
from coxswain.venues.paper.params import (
    CAPABILITIES,
    AccountParams,
    Params,
    QueuePlace,
    capabilities_of,
    simulation_of,
)
from coxswain.venues.paper.resting import SymbolCounts
from coxswain.venues.paper.simulated import Simulated, WalkParams
from coxswain.venues.paper.store import StateFileError
from coxswain.venues.paper.venue import Counts, PaperVenue

Venue = PaperVenue
IS_LIVE = False

__all__ = [
    "CAPABILITIES",
    "IS_LIVE",
    "AccountParams",
    "Cash",
    "Counts",
    "Fault",
    "FaultKind",
    "Halt",
    "HaltedOrders",
    "Outage",
    "OutageKind",
    "PaperVenue",
    "Params",
    "QueuePlace",
    "Simulated",
    "StateFileError",
    "Swap",
    "SymbolCounts",
    "TripleDay",
    "Venue",
    "WalkParams",
    "capabilities_of",
    "simulation_of",
]
