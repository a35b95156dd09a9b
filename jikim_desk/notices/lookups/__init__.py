"""Look-ups for the host directory: who stands behind a host and how they are reached, as registries and the host itself say.

What is found are proposals; a person takes them over on the host's page. Asked are RDAP servers (RFC 9082, 9083, 9224), the
host's own security.txt (RFC 9116), and nobody else; every request goes by the fetcher's rules.
"""
