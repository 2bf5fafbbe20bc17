"""A request -> a plan -> cells in processes of their own."""
