"""The edge: the only package that uses jsii."""
