"""Measurements: `seglab bench stage` in a browser, `seglab bench train` against plain PyTorch."""
