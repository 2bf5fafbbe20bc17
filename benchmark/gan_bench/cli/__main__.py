"""Where `gan-bench` and `python -m gan_bench.cli` begin: signals first, then everything else."""

from __future__ import annotations

from gan_bench.cli.interrupts import answer_signals, let_signals_kill

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; a Ctrl-C during its imports prints no traceback."""
    answer_signals()
    try:
        from gan_bench.cli.main import main as command_line

        command_line()
    finally:
        let_signals_kill()


if __name__ == "__main__":
    main()
