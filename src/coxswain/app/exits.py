"""What a command's exit code means, the same for every command."""

OK = 0
ERROR = 1
USAGE = 2
NOT_RUNNING = 3
CONFIGURATION = 4
TIMEOUT = 5
REFUSED_BY_RISK = 6
UNRECONCILED = 7

TAMPERED = 1
"""Of `audit verify` alone."""
UNREADABLE = 2
