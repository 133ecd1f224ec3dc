"""Jobs as Kubernetes reads them."""
