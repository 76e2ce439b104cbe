"""What was drawn over a photo: margins, scale bars, text and marks."""
