"""Measurements: what is measured is what is said, on computers so small that it takes no time."""

from __future__ import annotations

import numpy as np
import pytest
from thermozoo_plugins.connectivities import Bipartite
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.potentials import Quartic

from thermozoo.dynamics import benchmark
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.engines.products_alone import products_alone
from thermozoo.dynamics.openblas import loaded_kernels, recommended_core_type
from thermozoo.errors import ShapeError


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(benchmark, "_SECONDS", 1e-4)
    monkeypatch.setattr(benchmark, "_REPEATS", 2)
    monkeypatch.setattr(benchmark, "_SPINNING", 0.0)
    monkeypatch.setattr(benchmark, "compile_seconds_cold_and_warm", lambda *names: (2.0, 1.0))
    monkeypatch.setattr(benchmark, "start_up_seconds", lambda: {"--help": 0.3})


#: What programs that read `bench --json` rely on.
KEYS = (
    "rows",
    "products_default_us",
    "fused_ns_per_unit",
    "compile_seconds_cold",
    "compile_seconds_warm",
    "sparse_updates_per_ns",
    "few_units",
    "one_unit",
    "start_up_seconds",
    "threads",
    "blas",
)


@pytest.mark.long  # it compiles a kernel for each precision and layout
def test_the_table_has_what_was_asked_for(make_computer, quick, monkeypatch):
    monkeypatch.setenv("THERMOZOO_THREADS", "2")
    computer = make_computer({"a": 20, "b": 10}, Quartic(), Bipartite(within=["b"]), scale=0.01)
    done = []
    options = {"batches": (1, 5), "side": 9, "trajectories": 7}
    found = benchmark.bench(computer, EulerMaruyama(), connectivity="bipartite", **options, progress=done.append)
    rows = [(r["batch"], r["threads"], r["precision"]) for r in found["rows"]]
    single = [(batch, threads, "single") for batch in (1, 5) for threads in (1, 2)]
    assert rows == [*single, (5, 1, "double"), (5, 2, "double")]
    for row in found["rows"]:
        assert row["ratio"] == pytest.approx(row["step_us"] / row["products_us"])
        assert row["products_us"] > 0
    for key in ("products_default_us", "fused_ns_per_unit", "sparse_updates_per_ns"):
        assert found[key] > 0
    assert (found["compile_seconds_cold"], found["compile_seconds_warm"]) == (2.0, 1.0)
    assert found["threads"] == 2
    assert [(r["units"], r["trajectories"]) for r in found["few_units"]] == [(1, 7), (3, 7), (8, 7)]
    for row in found["few_units"]:
        assert row["ratio"] == pytest.approx(row["numpy_ns"] / row["compiled_ns"])
        assert row["reference_ns"] > 0
    assert found["one_unit"]["ratio"] == pytest.approx(found["one_unit"]["numba_ns"] / found["one_unit"]["compiled_ns"])
    assert found["start_up_seconds"] == {"--help": 0.3}
    assert set(found) == set(KEYS)
    assert len(done) == len(rows) + 4 + 3 + 2
    assert sum(done) == benchmark.bench_work((1, 5))


def test_a_lattice_has_four_neighbors():
    computer = benchmark.lattice(Quartic(), side=5)
    degree = np.bincount(computer.couplings.edges.ravel(), minlength=25)
    assert (degree == 4).all()
    assert len(np.unique(computer.couplings.edges, axis=0)) == 50


def test_few_units_are_coupled_all_to_all():
    for units in benchmark.FEW_UNITS:
        matrix = benchmark.few_units(Quartic(), units).couplings.matrix()
        assert matrix.shape == (units, units)
        assert ((matrix != 0) == ~np.eye(units, dtype=bool)).all()


def test_products_alone_are_for_dense_couplings(make_computer, make_ring):
    computer = make_computer({"a": 100}, Quartic(), make_ring(0))
    with pytest.raises(ShapeError, match="sparse"):
        products_alone(Dynamics(computer, EulerMaruyama(), 0.1, "single"), 3, 1)


WIDE = "avx512f avx512bw avx512cd avx512dq avx512vl"


@pytest.mark.parametrize(
    ("flags", "kernels", "environment", "expected"),
    [
        (WIDE, ["openblas 0.3.30 Haswell"], {}, "SkylakeX"),
        (WIDE, ["openblas 0.3.30 Zen"], {}, "SkylakeX"),
        (WIDE, ["openblas 0.3.30 SkylakeX"], {}, None),
        (WIDE, ["mkl 2024.0"], {}, None),
        (WIDE, ["openblas 0.3.30 Haswell"], {"OPENBLAS_CORETYPE": "Haswell"}, None),
        ("avx2 fma avx512f", ["openblas 0.3.30 Haswell"], {}, None),
        ("avx2 fma", ["openblas 0.3.30 Haswell"], {}, None),
    ],
)
def test_a_core_type_is_recommended_only_where_it_is_safe(tmp_path, flags, kernels, environment, expected):
    """A core type that the processor does not have would stop the process with an illegal instruction."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nflags\t\t: fpu {flags} sse\n")
    assert recommended_core_type(kernels, environment, cpuinfo) == expected
    assert recommended_core_type(kernels, environment, tmp_path / "missing") is None


def test_the_libraries_of_this_process_are_named():
    assert all(len(line.split()) >= 2 for line in loaded_kernels())
