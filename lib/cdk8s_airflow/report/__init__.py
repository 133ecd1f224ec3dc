"""What a reader wants to know of a platform beside its manifests."""
