"""Scripts that run inside pods: Python 3.8, no import of this library."""
