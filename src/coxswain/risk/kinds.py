"""What the failure of a control means. No rule is here."""

from coxswain.model.vocabulary import Word


class Kind(Word):
    """Nobody may pass it; a second person may let one order pass; or it stops what it failed on."""

    HARD = "hard"
    SOFT = "soft"
    AUTO = "auto"
