"""Data sets: generated scenes and folders of images and masks. Importing this package loads no torch; its modules do not either."""
