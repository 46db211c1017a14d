"""Python reads this as it starts: there is no textual then."""

import sys

sys.modules["textual"] = None  # type: ignore[assignment]
