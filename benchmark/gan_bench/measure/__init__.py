"""Images -> features -> scores, and the test of the evaluator itself."""
