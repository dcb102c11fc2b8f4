"""Training: configuration, loop, run store, jobs. Importing this package loads no torch, so that the web process can."""
