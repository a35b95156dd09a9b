"""Jikim finds sexual exploitation material of children and youth so that people can have it removed."""

__version__ = "0.1.0"
