"""The command line."""

from __future__ import annotations

import argparse


def main() -> None:
    parser = argparse.ArgumentParser(prog="seglab")
    parser.add_argument("command", nargs="?", default="app")
    parser.add_argument("--port", type=int)
    parser.add_argument("--headless", action="store_true")
    arguments = parser.parse_args()
    from seglab.ui.server import serve

    serve(arguments.port, arguments.headless)


if __name__ == "__main__":
    main()
