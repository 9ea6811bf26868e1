"""``thermozoo bench``."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from thermozoo.cli.app import context_of
from thermozoo.cli.arguments import Quiet

__all__ = ["bench"]

#: Seconds of sampled training, roughly: what it counts for in the progress.
_SAMPLED = 12


def bench(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print the measurements as JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Measure this machine, about a minute: the computer of the paper and its training, few units, start-up.

    Products alone are the fastest that this process can do them; beside them stand whole steps, and the ratio of both.
    Times are microseconds of one step of one trajectory, of few units nanoseconds of one step of one unit beside loops
    in NumPy and numba. Medians of measurements that take turns; of sampled training, one measurement of
    a few noising trajectories beside the products that it cannot do without.

    Example: thermozoo bench --json
    """
    from thermozoo.cli.progress import Bars
    from thermozoo.config.load import load_config
    from thermozoo.dynamics.benchmark import bench as measure
    from thermozoo.dynamics.benchmark import bench_work, with_random_couplings
    from thermozoo.dynamics.engines.compiled import CompiledEngine
    from thermozoo.runs.assemble import assemble_machine
    from thermozoo.training.benchmark import sampled_over_products
    from thermozoo.training.noising_process import NoisingProcess

    config = load_config("paper", context_of(ctx).catalogue)
    with Bars(quiet).phase("measuring", bench_work() + _SAMPLED) as progress:
        machine = assemble_machine(config)
        found = measure(
            with_random_couplings(machine.computer),
            config.integrator,
            connectivity=config.connectivity.name,
            progress=progress,
        )
        process = NoisingProcess(machine.noising, CompiledEngine())
        found["sampled_training"] = sampled_over_products(
            machine.computer, process, machine.loss, threads=found["threads"]
        )
        progress(_SAMPLED)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for line in lines(found):
        print(line)


def lines(found: dict[str, Any]) -> list[str]:
    """Return the measurements as a table and sentences."""
    from thermozoo.dynamics.openblas import recommended_core_type

    text = [f"{'batch':>6} {'threads':>8} {'precision':>10} {'products':>10} {'step':>10} {'ratio':>7}"]
    text += [
        f"{r['batch']:>6} {r['threads']:>8} {r['precision']:>10} {r['products_us']:>7.2f} us {r['step_us']:>7.2f} us "
        f"{r['ratio']:>7.2f}"
        for r in found["rows"]
    ]
    text += [
        f"products with NumPy as it comes, {max(r['batch'] for r in found['rows'])} trajectories, all threads: "
        f"{found['products_default_us']:.2f} us",
        f"noise and update alone, all threads: {found['fused_ns_per_unit']:.2f} ns a unit",
        f"compilation: {found['compile_seconds_cold']:.1f} s, from the cache {found['compile_seconds_warm']:.1f} s",
        f"lattice of a million units: {found['sparse_updates_per_ns']:.2f} unit updates a nanosecond",
        *_few(found),
        *_sampled(found["sampled_training"]),
        f"start-up: {', '.join(f'{seconds:.2f} s for {word}' for word, seconds in found['start_up_seconds'].items())}",
        f"threads: {found['threads']}; linear algebra of training and reports: {', '.join(found['blas'])}",
    ]
    core_type = recommended_core_type(found["blas"])
    if core_type is not None:
        text.append(
            f"this processor has AVX-512, which OpenBLAS does not use: set OPENBLAS_CORETYPE={core_type} to train "
            "faster (steps use it already)"
        )
    return text


def _sampled(found: dict[str, Any]) -> list[str]:
    """Return what sampled training takes, as a table."""
    return [
        f"sampled training, a noising trajectory, {found['clock']} time:",
        f"{'method':>10} {'trajectory':>12} {'products':>12} {'ratio':>7}",
        *(
            f"{r['method']:>10} {r['seconds'] * 1e3:>9.1f} ms {r['products'] * 1e3:>9.1f} ms {r['ratio']:>7.2f}"
            for r in found["rows"]
        ),
    ]


def _few(found: dict[str, Any]) -> list[str]:
    """Return what few units take, as a table and a sentence."""
    rows, one = found["few_units"], found["one_unit"]
    return [
        f"few units, {rows[0]['trajectories']:,} trajectories, single precision, all threads, beside a loop in NumPy:",
        f"{'units':>6} {'compiled':>12} {'reference':>12} {'NumPy':>12} {'NumPy / compiled':>17}",
        *(
            f"{r['units']:>6} {r['compiled_ns']:>9.2f} ns {r['reference_ns']:>9.2f} ns {r['numpy_ns']:>9.2f} ns "
            f"{r['ratio']:>17.2f}"
            for r in rows
        ),
        f"one trajectory of one unit: {one['compiled_ns']:.1f} ns a step, a loop in numba {one['numba_ns']:.1f} ns, "
        f"numba / compiled {one['ratio']:.2f}",
    ]
