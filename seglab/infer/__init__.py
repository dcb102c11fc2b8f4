"""Prediction. Importing this package loads no torch; its modules do."""
