"""From tiles to a count: cells found and decided, counting rules, tally, statistics and the summary."""
