"""Images -> features -> scores, and the self-test of the evaluator."""
