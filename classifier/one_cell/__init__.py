"""Whether a picture shows one red cell that fills it, and what was measured that speaks against it."""
