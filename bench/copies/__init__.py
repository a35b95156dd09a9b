"""Benches of copy matching beside its peers."""
