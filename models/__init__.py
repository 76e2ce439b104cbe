"""The trained networks, their manifests and cards, and the one way to load and run them."""
