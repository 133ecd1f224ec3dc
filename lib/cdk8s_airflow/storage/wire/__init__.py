"""Chart values and objects of object stores."""
