"""The report of a platform: the summary, its details, and the commands that delete the platform."""
