"""How a parent order is split over accounts: one policy a file, each exports `Params` and `allocate`."""
