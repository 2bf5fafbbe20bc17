"""`python -m gan_bench.cli`."""

from gan_bench.cli.main import main

main()
