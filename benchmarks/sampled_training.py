"""What sampled training costs over the products that its algorithms cannot do without, on the computer of the paper.

    python benchmarks/sampled_training.py [--rounds N] [--threads N] [--json FILE]

`thermozoo.training.benchmark` says what is counted; `thermozoo bench` has the same table from one round. What solving
the equations of `moments` takes, once, is a line of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

from thermozoo.config.load import parse_file
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.dynamics.threads import available_threads
from thermozoo.runs.assemble import assemble_machine
from thermozoo.training.benchmark import sampled_over_products
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.sampled.moments import train_by_moments

#: Cycles of the run of `moments` whose equations are solved.
CYCLES = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    if given.threads is not None:
        os.environ["THERMOZOO_THREADS"] = str(given.threads)
    machine, threads = assemble_machine(parse_file("paper")), available_threads()
    process = NoisingProcess(machine.noising, CompiledEngine())
    table = sampled_over_products(machine.computer, process, machine.loss, threads=threads, rounds=given.rounds)
    clock = time.process_time if threads == 1 else time.perf_counter
    start = clock()
    train_by_moments(machine.computer, process, machine.loss, cycles=CYCLES, seed=1)
    table["solving_seconds"] = clock() - start - CYCLES * len(process.signals) * table["rows"][-1]["seconds"]
    print(f"{table['threads']} threads, {table['clock']} time, {table['multiply_adds_per_ns']:.0f} multiply-adds a ns")
    print(f"{'method':>8} {'a noising trajectory':>22} {'products alone':>16} {'ratio':>6}")
    for row in table["rows"]:
        each, products = row["seconds"] * 1e3, row["products"] * 1e3
        print(f"{row['method']:>8} {each:>19.1f} ms {products:>13.1f} ms {row['ratio']:>6.2f}")
    print(f"solving the equations of moments, once: {table['solving_seconds']:.1f} s")
    if given.json is not None:
        given.json.write_text(json.dumps(table, indent=2) + "\n")


if __name__ == "__main__":
    main()
