"""Ways to make Secrets, as their operators read them."""
