"""Where `gan-bench` and `python -m gan_bench.cli` begin: signals first, then everything else."""

from __future__ import annotations

from gan_bench.cli.interrupts import Terminated, answer_signals, end_at_once, let_signals_kill

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; a Ctrl-C during its imports prints no traceback."""
    answer_signals()
    try:
        from gan_bench.cli.main import main as command_line

        command_line()
    except (KeyboardInterrupt, Terminated) as interrupt:  # before or after all that handles it
        end_at_once(interrupt)
    finally:
        let_signals_kill()


if __name__ == "__main__":
    main()
