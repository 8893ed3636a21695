"""The journal: what happened, durable and in order, chained so that no change goes unnoticed. It knows bytes only."""
