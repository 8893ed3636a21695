"""Control 38: the rules of a firm, judged on plain facts. One file a family; `evaluate` asks them all."""
