"""What freed memory still says must not reach the files of an embedded Chroma.

Chroma writes its vector index to disk whole, with room for vectors that are still to come, and that room is
memory that nobody has written to since somebody else in the process freed it: parts of messages, of ids, of
statements. An erasure could not find them there.
"""

from __future__ import annotations

import ctypes
import platform

M_PERTURB = -6
"""See mallopt(3)."""

FREED = 0xFF
"""What freed bytes are overwritten with; what is handed out anew says the complement, 0."""


def overwrite_freed_memory() -> bool:
    """Makes the C library overwrite what is freed from now on, in the whole process.

    Returns:
        Whether it does. Only the GNU C library can.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    return bool(ctypes.CDLL(None).mallopt(M_PERTURB, FREED))
