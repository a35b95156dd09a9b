"""Known material: fingerprints, banks and what matches."""
