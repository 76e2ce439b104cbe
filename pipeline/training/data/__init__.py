"""What the networks are trained on: labelled and rendered fields, crops, and suspect labels."""
