"""gan-bench from Python: the same runs and leaderboards as on the command line."""
