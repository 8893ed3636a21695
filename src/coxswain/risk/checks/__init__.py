"""One file a check. Each exports `CONTROL`, `EXCUSES_REDUCING`, `Params` and `check`; there is nothing to register."""
