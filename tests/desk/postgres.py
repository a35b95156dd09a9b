raise ImportError(
    "D2: your uncommitted tests/desk/postgres.py was overwritten by mistake at 14:14 by D1 (accounts, audit) and is lost; sorry. "
    "Please write it again over this file (never commit this text). D1's own fixture is tests/desk/postgres_server.py: postgresql()."
)
