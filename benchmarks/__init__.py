"""What the library costs, in time and memory, against the floor and the native way. Run: make bench."""
