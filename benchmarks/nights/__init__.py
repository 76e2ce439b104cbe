"""What a batch survives and costs over many slides and many nights."""
