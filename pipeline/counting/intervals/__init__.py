"""How sure a count is: clustering, errors that differ between slides, the interval that joins them, limits."""
