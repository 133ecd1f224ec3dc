"""Tests of the autoscaling package."""
