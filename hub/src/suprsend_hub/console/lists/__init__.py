"""Subscriber lists and their members."""
