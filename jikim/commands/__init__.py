"""What each command does, one file a command; `jikim/__main__.py` has their arguments."""
