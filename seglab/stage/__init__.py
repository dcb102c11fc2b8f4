"""The stage: the browser files, and the declarations (fields, views, stops) that the browser and Python both read."""
