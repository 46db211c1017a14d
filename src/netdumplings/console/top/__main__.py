"""``python -m netdumplings.console.top``."""

from .command import main

if __name__ == "__main__":
    main()
