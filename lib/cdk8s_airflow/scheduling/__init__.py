"""What pods may use, and where they run."""
