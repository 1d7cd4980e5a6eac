"""Sends news to addresses that clients chose."""
