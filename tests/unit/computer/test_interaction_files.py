"""Files of computers with an interaction and with further terms: the same again, and refused where damaged."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import sympy

import thermozoo as tz
from thermozoo import Interaction, hookimpl, option, parameter
from thermozoo.computer.datasets import read_dataset, write_dataset
from thermozoo.computer.files import check_settings, load_computer, save_computer
from thermozoo.computer.programs_file import save_programs
from thermozoo.computer.term import Term
from thermozoo.computer.terms import SeparableCouplings, TupleCouplings, couple
from thermozoo.computer.terms.files import KINDS
from thermozoo.errors import DataError, OutputError, UnknownNameError
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.registry.discovery import Source

TRIPLES = np.array([[0, 1, 2], [3, 1, 4]])


@attrs.frozen
class Short(Interaction):
    """phi = (1 - exp(-(x - y)^2 / 2 w^2))^m."""

    name = "short"
    symmetric = True
    w: float = parameter(1.0, unit="1", above=0, doc="range")
    power: int = option(1, doc="power")

    def energy(self, *x):
        return (1 - sympy.exp(-((x[0] - x[1]) ** 2) / (2 * self.w**2))) ** self.power


@pytest.fixture(scope="module")
def plugins():
    class Hooks:
        @hookimpl
        def thermozoo_interactions(self):
            return [Short]

    from thermozoo.registry.installed import installed_sources

    own = Source("tests", "", "short", __name__, load=Hooks)
    return load_catalogue([*installed_sources(), own])


def computer():
    base = tz.assemble(
        {"visible": 3, "hidden": 2},
        tz.get("quartic"),
        tz.get("bipartite"),
        interaction=tz.get("cosine"),
        trainable_biases="hidden",
    )
    terms = {
        "triples": TupleCouplings(5, TRIPLES, np.zeros(2), tz.get("three-body")),
        "springs": couple(tz.get("ring"), base.layout, tz.get("difference")),
        "ranges": couple(tz.get("dense"), base.layout, Short(w=0.3, power=2)),
        "products": couple(tz.get("dense"), base.layout),
    }
    whole = attrs.evolve(base, terms=terms)
    return whole.with_parameters(np.random.default_rng(0).standard_normal(whole.parameters.size))


def same(one, other):
    x = np.random.default_rng(1).standard_normal((3, one.n))
    return one.digest() == other.digest() and np.array_equal(one.energy(x), other.energy(x))


def test_a_computer_of_many_terms_is_the_same_again(plugins, tmp_path):
    one = computer()
    save_computer(one, tmp_path / "c.nc")
    again = load_computer(tmp_path / "c.nc", plugins)
    assert same(one, again)
    assert list(again.terms) == list(one.terms)
    assert [type(t) for t in again.terms.values()] == [type(t) for t in one.terms.values()]
    assert isinstance(again.couplings, SeparableCouplings)
    assert again.terms["ranges"].interaction == Short(w=0.3, power=2)
    assert np.array_equal(again.parameters, one.parameters)
    assert read_dataset(tmp_path / "c.nc").attrs["energy"] == (
        "V = sum_i U(x_i) + sum_i b_i x_i + sum_e J_e phi(x_e1, ..., x_e2) + triples + springs + ranges + products"
    )


def test_programs_of_such_computers_are_the_same_again(tmp_path):
    one = attrs.evolve(computer(), terms={"triples": computer().terms["triples"]})
    program = tz.Program([one, one.with_parameters(2 * one.parameters)], [0.25, 0.75])
    save_computer(program, tmp_path / "p.nc")
    again = tz.load(tmp_path / "p.nc")
    assert again.digest() == program.digest()
    assert all(same(a, b) for a, b in zip(again.computers, program.computers, strict=True))
    other = tz.Program([one.with_parameters(-one.parameters), one], [0.25, 0.75])
    save_programs({3: program, 8: other}, tmp_path / "pp.nc")
    both = tz.load(tmp_path / "pp.nc")
    assert {label: p.digest() for label, p in both.items()} == {3: program.digest(), 8: other.digest()}


def test_the_digest_is_that_of_everything_that_enters_the_energy():
    one = computer()
    changed = [
        attrs.evolve(one, terms={**one.terms, "ranges": couple(tz.get("dense"), one.layout, Short(w=w, power=p))})
        for w, p in ((0.3, 2), (0.4, 2), (0.3, 1))
    ]
    changed += [
        attrs.evolve(one, couplings=couple(tz.get("bipartite"), one.layout, i).with_vector(one.couplings.vector))
        for i in (None, tz.get("difference"))
    ]
    changed.append(attrs.evolve(one, terms={("other" if k == "triples" else k): t for k, t in one.terms.items()}))
    digests = [c.digest() for c in [one, *changed]]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.assign({"interaction": ((), "difference")}),
        lambda d: d.assign({"term_2.interaction.w": ((), 0.5)}),
        lambda d: d.assign({"term_0.edges": (("term_0.edge", "term_0.end"), TRIPLES[:, ::-1])}),
        lambda d: d.assign({"term_0.strength": ("strength_of_term_0", np.zeros(2))}),
    ],
    ids=["interaction", "parameter", "tuples", "strengths"],
)
def test_a_file_that_was_changed_is_refused(plugins, tmp_path, change):
    save_computer(computer(), tmp_path / "c.nc")
    write_dataset(change(read_dataset(tmp_path / "c.nc")), tmp_path / "c.nc")  # sealed again by whoever changed it
    with pytest.raises(DataError, match="digest of its contents"):
        load_computer(tmp_path / "c.nc", plugins)


def test_a_file_with_a_kind_of_term_that_nobody_reads(plugins, tmp_path, monkeypatch):
    save_computer(computer(), tmp_path / "c.nc")
    monkeypatch.delitem(KINDS, "couplings")
    with pytest.raises(DataError, match="term 'triples' is of the unknown kind 'couplings'; kinds: "):
        load_computer(tmp_path / "c.nc", plugins)


def test_a_file_whose_interaction_is_not_installed(tmp_path):
    save_computer(computer(), tmp_path / "c.nc")
    with pytest.raises(UnknownNameError, match="no interaction is called 'short'"):
        load_computer(tmp_path / "c.nc")


def test_a_term_that_no_file_holds_is_refused_before_a_run():
    class Strange(Term):
        n, vector = 5, np.empty(0)
        energy = gradient = contract = with_vector = scaled = identity = lambda self, *a: None

    strange = attrs.evolve(computer(), terms={"strange": Strange()})
    with pytest.raises(OutputError, match="term 'strange' cannot be saved: no file holds a Strange"):
        check_settings(strange)
