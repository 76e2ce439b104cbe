"""What is made of a finished count for people and for other programs: the report and the exports."""
