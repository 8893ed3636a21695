"""A kind of venue for measuring: a paper venue that writes down when each new order was handed to it.

A line an order: nanoseconds of the monotonic clock, the order's id, and `reduces` or `enters`.
"""

import os
import time

from coxswain.messages.requests import NewOrder, Request
from coxswain.venues.paper import CAPABILITIES, IS_LIVE, PaperVenue, Params, capabilities_of, simulation_of

FILE = "COXSWAIN_BENCH_STAMPS"
"""The variable that names the file."""


class Venue(PaperVenue):
    def send(self, request: Request, now_ns: int) -> None:
        if isinstance(request, NewOrder):
            told = "reduces" if request.reduce_only else "enters"
            with open(os.environ[FILE], "a", encoding="ascii") as file:
                file.write(f"{time.monotonic_ns()} {request.cl_ord_id} {told}\n")
        super().send(request, now_ns)


__all__ = ["CAPABILITIES", "IS_LIVE", "Params", "Venue", "capabilities_of", "simulation_of"]
