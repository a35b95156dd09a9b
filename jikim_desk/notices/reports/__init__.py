"""Reports of removal: for the person helped, for police and prosecution, and of a month or year for city and ministry."""
