"""Pre-trade risk: the one door to a venue, and the checks that guard it."""
