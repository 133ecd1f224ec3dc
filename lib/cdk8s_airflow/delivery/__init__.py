"""How a release reaches the cluster."""
