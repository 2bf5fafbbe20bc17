"""What a report says about a study of `gan-bench tune`."""
