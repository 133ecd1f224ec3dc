"""Tests on a real cluster; README.md says how to name one."""
