"""How well a training does on what it left out."""
