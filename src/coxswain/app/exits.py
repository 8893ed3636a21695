"""What a command's exit code means, the same for every command."""

OK = 0
ERROR = 1
"""Something could not be read, written or done: a file that is missing, a journal that is in use."""
USAGE = 2
"""The words are wrong: an option, a value that cannot be, a name nobody has, a file that is not to be overwritten."""
NOT_RUNNING = 3
"""Of `run`: no process serves a venue that is to have one."""
CONFIGURATION = 4
TIMEOUT = 5
"""Of a command: the engine that runs did not answer in time."""
REFUSED_BY_RISK = 6
"""Of a command: a check of ours refused what was asked for."""
UNRECONCILED = 7

TAMPERED = 1
"""Of `audit verify` alone."""
UNREADABLE = 2
