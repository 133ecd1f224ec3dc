"""The checks, one module per subject. Each takes what is required and the cluster, and yields differences."""
