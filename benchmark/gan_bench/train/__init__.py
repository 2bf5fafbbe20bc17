"""The training of one cell: its loop, its state, its session, its verdicts."""
