"""What a count leaves on the disk: the result folder, its table of cells and its pictures."""
