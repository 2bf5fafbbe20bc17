"""The networks of the built-in architectures. They import torch; the offers import them late."""
