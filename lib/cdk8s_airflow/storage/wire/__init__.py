"""Object stores as their charts read them."""
