"""One module per noun. A route reads, calls the service, and writes; it decides nothing."""

import gateway.convertors  # noqa: F401 - the paths of routes name them, so they must be known first
