"""Which of the decoded images become the set, and on which side of the split."""
