"""Objects that lie near or on one another."""
