"""Keeps what a sweep finds, each find once, however often it is told: rows have content-derived ids."""
