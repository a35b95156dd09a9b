"""The re-upload watch: what was confirmed is known by its fingerprints from then on, wherever it is posted again."""
