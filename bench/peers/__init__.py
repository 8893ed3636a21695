"""The same work in another engine and in ours, by turns in one run. Neither side imports the other."""
