"""The task `boltzmann`: updates against exact likelihoods by enumeration and quadrature, and what learning leaves."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from scipy import stats
from thermozoo_plugins.tasks.boltzmann_learning import Learner, begun, moments, shown_by
from thermozoo_plugins.tasks.boltzmann_reference import known_figures

import thermozoo as tz
from thermozoo.cli.app import run as command
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate
from thermozoo.errors import ConfigError, FormulaError
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.prototypes import choose_prototypes
from thermozoo.symbolic.derive import loss_gradients

#: Ten standard errors are looked at, twice: one in ten thousand right programs fails a test.
SIGMAS = stats.norm.isf(1e-4 / 40)


def machine(visible, hidden, *, potential="spin", connectivity="dense", kT=0.8, seed=3, spread=0.3):
    """A computer with random couplings and biases, all of which may change."""
    sizes = {"visible": visible} | ({"hidden": hidden} if hidden else {})
    computer = tz.assemble(sizes, tz.get(potential), tz.get(connectivity), temperature=kT, trainable_biases=list(sizes))
    return computer.with_parameters(np.random.default_rng(seed).normal(0, spread, len(computer.parameters)))


def learner(computer, shown, *, chains, integrator="heat-bath", dt=1.0, rate=1e-3, seed=5, **settings):
    law = tz.Dynamics(computer, tz.get(integrator), dt=dt)

    def advance(x, steps, number, dynamics, first):
        key = NoiseKey(seed, number)
        return simulate(dynamics, x, steps, key=key, first_step=first, engine="reference").final

    return Learner(
        dynamics=law,
        weights=tz.contrast_weights(tz.get("contrastive-divergence"), computer.temperature),
        shown=np.asarray(shown, dtype=float),
        model=tz.equilibrium_states(law, NoiseKey(seed, 2), range(chains)),
        advance=advance,
        random=np.random.default_rng(seed),
        rate=rate,
        **({"batch": len(shown), "data_steps": 20, "model_steps": 20, "persistent": True} | settings),
    )


def followed(one):
    """Minus the gradient that an update has followed."""
    before = one.dynamics.computer.parameters
    one.update()
    return (one.dynamics.computer.parameters - before) / one.rate


def products(states):
    """What each parameter multiplies in the energy: pairs in the order of a dense computer, then units."""
    n = states.shape[-1]
    pairs = [states[..., i] * states[..., j] for i, j in itertools.combinations(range(n), 2)]
    return np.stack([*pairs, *np.moveaxis(states, -1, 0)], axis=-1)


def in_dense_order(computer, by_pair):
    """Entries for pairs (i, j) and units, in the order of the computer's parameters."""
    n = computer.n
    place = {pair: k for k, pair in enumerate(itertools.combinations(range(n), 2))}
    edges = [place[tuple(sorted(map(int, edge)))] for edge in computer.couplings.edges]
    return by_pair[[*edges, *range(len(place), len(place) + n)]]


def enumerated(computer, shown):
    """Exact downhill direction of the negative log-likelihood of p-bits, and the variances of both means."""
    n, kT, visible = computer.n, computer.temperature, shown.shape[1]
    states = np.array(list(itertools.product((-1.0, 1.0), repeat=n)))
    weights = np.exp(-computer.energy(states) / kT)
    f = products(states)
    model = weights / weights.sum()
    mean = model @ f
    spread = model @ f**2 - mean**2
    clamped, scatter = np.zeros(f.shape[1]), np.zeros(f.shape[1])
    for image in shown:
        given = weights * (states[:, :visible] == image).all(axis=1)
        given /= given.sum()
        clamped += given @ f / len(shown)
        scatter += (given @ f**2 - (given @ f) ** 2) / len(shown)
    return (in_dense_order(computer, one) for one in ((mean - clamped) / kT, spread / kT**2, scatter / kT**2))


def test_an_update_of_p_bits_is_the_gradient_of_the_exact_likelihood():
    """Visible and hidden units all coupled, so that neither phase is exact after one sweep."""
    computer = machine(2, 2)
    images = np.array([[1, 1], [1, -1], [-1, -1], [1, 1]], dtype=float)
    shown, chains = np.repeat(images, 1000, axis=0), 4000
    found = followed(learner(computer, shown, chains=chains))
    exact, spread, scatter = enumerated(computer, shown)
    error = np.sqrt(spread / chains + scatter / len(shown))
    assert np.abs(exact).max() > 0.3  # there is something to find
    assert (np.abs(found - exact) / error).max() < SIGMAS


def quadrature(computer, shown):
    """The same for two continuous visible units and a hidden one, on a grid."""
    kT, x = computer.temperature, np.linspace(-2.6, 2.6, 81)
    states = np.stack(np.meshgrid(x, x, x, indexing="ij"), axis=-1).reshape(-1, 3)
    weights = np.exp(-computer.energy(states) / kT)
    f = products(states)
    model = weights / weights.sum()
    mean = model @ f
    spread = model @ f**2 - mean**2
    clamped, scatter = np.zeros(f.shape[1]), np.zeros(f.shape[1])
    for image in np.unique(shown, axis=0):
        line = np.column_stack([np.tile(image, (len(x), 1)), x])
        given = np.exp(-computer.energy(line) / kT)
        given /= given.sum()
        share = (shown == image).all(axis=1).mean()
        clamped += share * (given @ products(line))
        scatter += share * (given @ products(line) ** 2 - (given @ products(line)) ** 2)
    return (in_dense_order(computer, one) for one in ((mean - clamped) / kT, spread / kT**2, scatter / kT**2))


def test_an_update_of_continuous_units_is_the_gradient_of_the_exact_likelihood():
    """Its two means are relaxed by Langevin dynamics; the bias of the time step is far below the error bars."""
    computer = machine(2, 1, potential="quartic", kT=0.5, spread=0.5)
    images = np.array([[0.8, 0.6], [-0.7, 0.2]])
    shown, chains = np.repeat(images, 1500, axis=0), 3000
    one = learner(
        computer, shown, chains=chains, integrator="stochastic-heun", dt=0.02, data_steps=120, model_steps=120
    )
    exact, spread, scatter = quadrature(computer, shown)
    error = np.sqrt(spread / chains + scatter / len(shown))
    assert np.abs(exact).max() > 0.3
    assert (np.abs(followed(one) - exact) / error).max() < SIGMAS


def chain_of_sweeps(computer, shown, sweeps):
    """Exact means of CD-k: hidden p-bits given the images, then sweeps of heat baths, color after color."""
    visible, n, kT = shown.shape[1], computer.n, computer.temperature
    states = np.array(list(itertools.product((-1.0, 1.0), repeat=n)))
    weights = np.exp(-computer.energy(states) / kT)

    def renewed(group):
        kept = [i for i in range(n) if i not in group]
        same = (states[:, None, kept] == states[None, :, kept]).all(axis=-1)
        rows = same * weights
        return rows / rows.sum(axis=1, keepdims=True)

    at = np.array([(states[:, :visible] == image).all(axis=1) * weights for image in shown])
    p = (at / at.sum(axis=1, keepdims=True)).mean(axis=0)
    start = p @ products(states)
    for _ in range(sweeps):
        p = p @ renewed(range(visible)) @ renewed(range(visible, n))
    f = products(states)
    return start, p @ f, p @ f**2 - (p @ f) ** 2


def test_chains_that_begin_at_the_data_have_the_bias_of_contrastive_divergence():
    """CD-1 of two visible and two hidden p-bits, without couplings within: exact by the matrices of its updates."""
    computer = machine(2, 2, connectivity="bipartite", kT=0.5, spread=0.5)
    shown = np.repeat(np.array([[1.0, 1.0], [-1.0, 1.0]]), 2000, axis=0)
    pairs = [(0, 2), (0, 3), (1, 2), (1, 3)]
    order = [list(itertools.combinations(range(4), 2)).index(pair) for pair in pairs] + [6, 7, 8, 9]
    assert [tuple(edge) for edge in computer.couplings.edges.tolist()] == pairs
    start, after, spread = (one[order] for one in chain_of_sweeps(computer, shown[::2000], 1))
    _, late, _ = (one[order] for one in chain_of_sweeps(computer, shown[::2000], 200))
    exact, limit = (after - start) / computer.temperature, (late - start) / computer.temperature
    # both means are of the same number of rows; what they share only makes the error smaller
    error = 2 * np.sqrt((spread + 1 / len(shown)) / len(shown)) / computer.temperature
    one = learner(computer, shown, chains=2, persistent=False, data_steps=1, model_steps=1)
    found = followed(one)
    assert (np.abs(found - exact) / error).max() < SIGMAS
    assert np.linalg.norm(exact) < 0.8 * np.linalg.norm(limit)  # the bias: one sweep does not forget the data
    assert (np.abs(found - limit) / error).max() > 2 * SIGMAS


def divergence(computer, counts):
    """Kullback-Leibler divergence of visible states of a machine from counts of all of them [nat]."""
    visible = computer.layout.sizes["visible"]
    states = np.array(list(itertools.product((-1.0, 1.0), repeat=computer.n)))
    weights = np.exp(-computer.energy(states) / computer.temperature)
    model = weights.reshape(2**visible, -1).sum(axis=1) / weights.sum()
    data = counts / counts.sum()
    return float(np.sum(data[data > 0] * np.log(data[data > 0] / model[data > 0])))


def test_a_toy_distribution_is_learned_to_the_noise_of_its_chains():
    r"""Three visible p-bits learn eight probabilities that pairs and biases can state, by C persistent chains.

    Near the optimum an update is -alpha (F d + noise) with the Fisher matrix F, and of C independent chains the noise
    has the covariance F / C: d has the variance alpha / 2C along each axis, and KL = d.F.d / 2. The bound is exceeded
    by one run in ten thousand.
    """
    truth = machine(3, 0, kT=1.0, spread=0.4, seed=11)
    states = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
    counts = np.round(400 * np.exp(-truth.energy(states)) / np.exp(-truth.energy(states)).sum()).astype(int)
    rate, chains = 0.2, 500
    blank = truth.with_parameters(np.zeros(6))
    one = learner(blank, np.repeat(states, counts, axis=0), chains=chains, rate=rate, model_steps=4)
    before = divergence(one.dynamics.computer, counts)
    for _ in range(50):
        one.update()
    f = products(states)
    model = counts / counts.sum()
    fisher = (f - model @ f).T @ (model[:, None] * (f - model @ f))
    floor = np.linalg.eigvalsh(fisher).max() * stats.chi2.isf(1e-4, 6) * rate / (2 * chains) / 2
    # what rounding counts to whole images leaves beyond pairs and biases is no fault of learning
    from scipy.optimize import minimize

    best = minimize(lambda theta: divergence(blank.with_parameters(theta), counts), truth.parameters).fun
    after = divergence(one.dynamics.computer, counts) - best
    assert before > 20 * floor
    assert after < floor


@pytest.mark.long
def test_hidden_units_learn_what_pairs_of_visible_ones_cannot_state():
    """Even parity of three bits has no pair correlations: without hidden units the divergence stays at ln 2."""
    states = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
    even = states[states.prod(axis=1) > 0]
    counts = 25 * (states.prod(axis=1) > 0)
    start = begun(machine(3, 4, connectivity="bipartite", kT=1.0), even, np.random.default_rng(1))
    start = start.with_parameters(start.parameters + np.random.default_rng(2).normal(0, 0.3, len(start.parameters)))
    one = learner(start, np.repeat(even, 250, axis=0), chains=1000, rate=0.2, data_steps=1, model_steps=10)
    for update in range(500):
        one.rate = 0.2 if update < 400 else 0.05  # less noise at the end
        one.update()
    assert divergence(start, counts) > 0.6
    assert divergence(one.dynamics.computer, counts) < 0.05


def test_moments_are_those_of_written_out_products():
    computer = machine(3, 2)
    x = np.random.default_rng(0).normal(size=(7, 5))
    np.testing.assert_allclose(moments(computer, x), in_dense_order(computer, products(x).mean(axis=0)), rtol=1e-12)


def test_images_are_shown_by_a_stated_rule():
    images = np.array([[-1.0, 0.1, 0.0, 2.0], [3.0, 1.0, 1.9, 2.1]])
    assert shown_by(images, True, 0.5).tolist() == [[-1, -1, -1, 1], [1, -1, -1, 1]]
    assert shown_by(images, False, 0.5).tolist() == (images / 2).tolist()


@pytest.mark.parametrize("field", [0.0, 0.3])
def test_uncoupled_p_bits_begin_at_the_mean_of_the_images(field):
    sizes = {"visible": 3, "hidden": 1}
    computer = tz.assemble(sizes, tz.get("spin", h=field), tz.get("bipartite"), temperature=0.7)
    shown = np.array([[1.0, 1.0, -1.0], [1.0, -1.0, -1.0]])
    one = begun(computer, shown, np.random.default_rng(0))
    force = -one.bare().gradient(np.zeros(4)) - one.biases
    assert np.tanh(force[:3] / 0.7) == pytest.approx([0.5, 0.0, -0.5])  # two images and one of each kind


def test_known_figures_are_for_the_ten_digits_and_their_time_alone():
    images = choose_prototypes(tz.get("digits"), tuple(range(10)), 1, skip=9).images
    assert set(known_figures(images, 10.0)) == {"heat_mean_kT", "nearest", "judged_right"}
    assert not known_figures(images, 5.0)
    assert not known_figures(images[::-1] * 1.0 + np.arange(784) / 784, 10.0)
    assert not known_figures(images[:5], 10.0)


def test_the_objective_is_no_loss_of_a_step():
    one = tz.get("contrastive-divergence")
    with pytest.raises(FormulaError, match="compares states of the data with states of the model"):
        loss_gradients(one)
    with pytest.raises(FormulaError, match="'reverse-likelihood' is the loss of a step"):
        tz.contrast_weights(tz.get("reverse-likelihood"), 1.0)


def tables(**changes):
    found = {
        "seed": 1,
        "task": {"plugin": "boltzmann", "updates": 2, "samples": 4, "chains": 3},
        "computer": {
            "temperature": 1.0,
            "units": {"visible": "auto", "hidden": 2},
            "potential": {"plugin": "spin"},
            "connectivity": {"plugin": "bipartite"},
        },
        "dynamics": {"integrator": "heat-bath", "dt": 1.0, "duration": 2.0, "engine": "reference"},
        "data": {"plugin": "digits", "classes": [0, 1]},
    }
    for path, value in changes.items():
        *tables_, key = path.split("__")
        table = found
        for name in tables_:
            table = table.setdefault(name, {})
        if value is None:
            del table[key]
        else:
            table[key] = value
    return found


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task__updates": 0}, "task.updates: updates must be a whole number of 1 or more"),
        ({"task__learning_rate": -1.0}, "task.learning_rate: learning_rate must be a number above 0"),
        ({"task__persistent": 1}, "task.persistent"),
        ({"task__samples": 3}, "task.samples: samples must be a whole number of 4 or more"),
        ({"task__relaxation": 1.0}, "task.observe_every: expected 8 observations of the relaxation at least, got 2"),
        ({"computer__units": {"seen": 784}}, "computer.units: no group is called 'visible'"),
        ({"computer__units": {"visible": 783, "hidden": 2}}, 'computer.units.visible: the images have 784 pixels'),
        ({"computer__units__hidden": "auto"}, "computer.units.hidden: nothing says how large it is"),
        ({"computer__units__hidden": {"size": 2, "clamped": True}}, "computer.units.hidden: the task clamps units"),
        ({"computer__interaction": {"plugin": "difference"}}, "computer.interaction: learning counts products"),
        ({"dynamics__integrator": "euler-maruyama"}, "dynamics.integrator"),
        ({"data__classes": [0, 77]}, "data: data set 'digits' has 0 images of class 77"),
        ({"computer__trainable_biases": ["hidden"]}, "nothing uses computer.trainable_biases"),
        ({"training__objective": "contrastive-divergence"}, "training: [training] belongs to"),
    ],
)  # fmt: skip
def test_what_is_no_boltzmann_machine_is_one_line(changes, said):
    with pytest.raises(ConfigError) as caught:
        assemble_machine(parse(tables(**changes), catalogue(), Origin("test")))
    lines = str(caught.value).splitlines()
    assert len(lines) == 1
    assert said in lines[0]


def test_a_run_that_trains_by_steps_refuses_the_objective():
    given = {"computer": {"units": {"visible": 784}}, "training": {"objective": "contrastive-divergence"}}
    with pytest.raises(ConfigError, match="is no loss of a step") as caught:
        assemble_machine(parse(given, catalogue(), Origin("test")))
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.long
def test_the_packaged_run_learns_and_does_not_forget(tmp_path, capsys):
    assert command(["run", "boltzmann", "--quiet", "--seed", "4", "--out", str(tmp_path / "run")]) == 0
    assert capsys.readouterr().out.startswith("In 10 time constants a Boltzmann machine of p-bits makes images")
    found = json.loads((tmp_path / "run" / "report.json").read_text())["boltzmann"]
    assert found["generated"]["nearest"] > 0.8
    assert found["gap_last"] < 0.2 * found["gap_first"]
    assert found["r_hat"] > 1.5  # ten modes that chains do not leave
    assert found["switched"] < 0.2
    assert found["heat_mean_kT"] > 500
    assert set(found["reference"]) == set(found["error_bars"]) == {"heat_mean_kT", "nearest", "judged_right"}
    assert math.isclose(sum(found["generated"]["shares"]), 1.0)
