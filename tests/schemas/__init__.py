"""Tests of the facts and of the checks that read them."""
