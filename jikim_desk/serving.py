"""`jikim serve` and `jikim worker`: the desk from one command, and more hands for it."""
