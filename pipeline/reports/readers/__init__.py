"""Two readers or more of the same slides: how well they agree, and which slides a third must read."""
