"""The report of one slide: a page that holds its count and the evidence for it."""
