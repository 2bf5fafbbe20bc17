"""The built-in offers, one file each. They import `gan_bench` and nothing deeper."""
