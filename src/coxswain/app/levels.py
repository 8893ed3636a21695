"""Words for how loud to be, for the command line and the configuration; cheap to import."""

from enum import StrEnum


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class By(StrEnum):
    """What counters are summed up by."""

    ACCOUNT = "account"
    VENUE = "venue"


class AlertLevel(StrEnum):
    """`silent` writes to the file and disturbs nobody."""

    ON = "on"
    SILENT = "silent"
    OFF = "off"
