"""Objects of the autoscaling package as plain dictionaries."""
