"""What is estimated once a slide before it is counted: light, scale, film, cells that are asked for."""
