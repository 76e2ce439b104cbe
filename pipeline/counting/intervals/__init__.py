"""How sure a count is: clustering, errors that differ from slide to slide, interval and limits."""
