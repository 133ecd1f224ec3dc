"""Jobs that run on the platform: they create missing Secrets and buckets."""
