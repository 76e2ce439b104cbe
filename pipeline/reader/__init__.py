"""Reading slides by region: photos, TIFF and scanner formats, their pixel size, and what is broken."""
