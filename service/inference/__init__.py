"""Reasoners: from messages and known facts to a plan."""
