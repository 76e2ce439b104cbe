"""Quality control: what is measured of a slide, its limits, and how far it is from known thin films."""
