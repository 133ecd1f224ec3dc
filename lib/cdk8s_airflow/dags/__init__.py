"""Sources of DAG files."""
