"""Delivery of a release to the cluster: by k3s, Flux, Argo CD, or the helm command."""
