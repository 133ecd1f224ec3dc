"""Value objects that several packages share, one noun a file. Imports ``validation`` only."""
