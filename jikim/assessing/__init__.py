"""Assess: cues become an explained score."""

from jikim.assessing.assess import assess

__all__ = ["assess"]
