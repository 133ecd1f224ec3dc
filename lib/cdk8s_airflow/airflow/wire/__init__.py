"""Settings of a release -> values of the chart: pure functions, one module for each concept."""
