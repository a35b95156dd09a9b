"""Bench of learning from decisions."""
