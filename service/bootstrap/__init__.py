"""Builds the service from its settings: every port, every use case, every worker, every handler.

`running` is the whole in order; the other modules make one kind of part each.
"""
