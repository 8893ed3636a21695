"""What people see, folded from events. Nothing is decided here, and nothing is computed again that a record states."""
