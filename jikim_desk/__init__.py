"""The centre's desk: a Django project around the detector. Folders stand in the order of the work."""
