"""A kind of venue for tests: a paper venue that says it moves real money."""

from coxswain.venues.paper import CAPABILITIES, Params, Venue, capabilities_of, simulation_of

IS_LIVE = True

__all__ = ["CAPABILITIES", "IS_LIVE", "Params", "Venue", "capabilities_of", "simulation_of"]
