"""How long a test waits for what must come. Only a test that fails ever waits for so long."""

import os

# WEIR_TEST_PATIENCE=4 stretches every wait of every test four times.
FACTOR = max(1.0, float(os.environ.get("WEIR_TEST_PATIENCE", "1")))

LONG = 60.0 * FACTOR

# For a configuration: a timer, in whole seconds, that no test lives to see.
NEVER = round(10 * LONG)


def patience(seconds: float = 0) -> float:
    """The limit of a wait that is over in `seconds` on a quiet machine."""
    return max(LONG, seconds * FACTOR)
