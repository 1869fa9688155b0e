"""How Python looks for forgotten objects, in a process that keeps much and works long.

It looks for rings of objects that nobody holds, each time through what is young, and now and then
through all that there is: a sixth of the time of a busy server, a third of a long import.
"""

from __future__ import annotations

import gc
from typing import Final

YOUNG_OBJECTS: Final = 5_000
"""After how many new objects is looked which of them are rings that nobody holds any more.

It costs as much per object however many they are; ten times as many made one page in fifty wait 30
ms for it.
"""


def settle() -> None:
    """Leave what was made up to now alone: it stays as long as the process, and is not searched."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
