"""The pages' skeleton: with `app.py`, `pages/` and the server the only code that imports streamlit."""
