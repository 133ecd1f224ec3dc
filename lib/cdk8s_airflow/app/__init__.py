"""The base class of constructs, the registry of an app, and the run from a program to files."""
