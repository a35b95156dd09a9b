"""The queue, claims, decisions, viewing safety and care for the reviewer."""
