"""The doors: what programs call. No rule lives here."""
