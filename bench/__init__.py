"""What Jikim costs, measured: ratios within one run against a peer or a limit. `make bench` prints them."""
