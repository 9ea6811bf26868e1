"""Controls of the hidden units: features by other means, added up exactly as the learned images' are.

A feature is what `copies` hidden units hold. Of a class with features B of its learned images, c and W solve the ridge
least squares s ~ c + B W that its features were found by. Rows draw B and show c + B W: what is then wrong is not wrong
by the couplings between features and pixels.
"""

from __future__ import annotations

import attrs
import numpy as np

import thermozoo as tz
from thermozoo.runs.generation import generate
from thermozoo.runs.training import train
from thermozoo.training.noising import Noising

from .rows import shown

#: Samples of the hidden units alone, of all classes together.
ALONE = 10_000


@attrs.frozen(eq=False)
class Code:
    """The features of a class.

    Parameters
    ----------
    learned : ndarray, shape (images, features)
        -1 and +1.
    center, added : ndarray, shapes (pixels,) and (features, pixels)
        c and W.
    """

    learned: np.ndarray
    center: np.ndarray
    added: np.ndarray

    def signals(self, features):
        """Return c + B W."""
        return self.center + features @ self.added


def added_up(features, signals, ridge):
    """Return c and W of the ridge least squares s ~ c + B W, shapes (pixels,) and (features, pixels)."""
    design = np.column_stack([features, np.ones(len(features))])
    penalty = ridge * np.eye(design.shape[1])
    penalty[-1, -1] = 0.0
    solved = np.linalg.solve(design.T @ design + penalty, design.T @ signals)
    return solved[-1], solved[:-1]


def code_of(ground, trained, label):
    """Return the features of the images of a class that a computer of the recipe has learned."""
    part, given = trained.machine.part(label), ground.tables["encoding"]["hidden"]
    signals = part.noising.signals
    pixels, hidden = (signals[:, part.computer.layout.slice(group)] for group in ("visible", "hidden"))
    features = np.sign(hidden[:, :: given["copies"]])
    found = tz.get("binary-features", **{k: v for k, v in given.items() if k != "plugin"})
    return Code(features, *added_up(features, pixels, found.ridge))


def read(ground, states):
    """Return the features that hidden units hold, by the sign of the sum of their copies: (samples, features)."""
    copies = ground.tables["encoding"]["hidden"]["copies"]
    return np.where(states.reshape(len(states), -1, copies).sum(axis=2) > 0, 1.0, -1.0)


def learned(code, count, random):
    """Draw features of learned images."""
    return code.learned[random.integers(0, len(code.learned), count)]


def independent(code, count, random):
    """Draw each feature by itself, as often as learned images have it."""
    often = (code.learned > 0).mean(axis=0)
    return np.where(random.random((count, len(often))) < often, 1.0, -1.0)


def alone(ground, trained, seed, again=False, count=ALONE):
    """Return features that the hidden units decide on without pixels, by class: (count over classes, features).

    Their couplings among each other, and their biases, are those of the trained computer; or, `again`, those of a
    computer of these units that has been trained by itself.
    """
    found = {}
    for label, law in trained.laws.items():
        part = trained.machine.part(label)
        bare = _only_hidden(part.computer)
        hidden = part.computer.layout.slice("hidden")
        if again:
            program = train(_trained_alone(part, bare), trained.engine, "exact").program
        else:
            program = attrs.evolve(
                law.program,
                computers=[
                    bare.with_couplings(one.couplings.matrix()[hidden, hidden]).with_strengths_of(
                        "bias", one.biases[hidden]
                    )
                    for one in law.program.computers
                ],
            )
        made = generate(
            attrs.evolve(law, computer=program),
            attrs.evolve(law, computer=bare),
            count // len(trained.laws),
            seed=seed + 1000 * (1 + label),
            engine=trained.engine,
        )
        found[label] = read(ground, made.final)
    return found


def _only_hidden(computer):
    """Return the hidden units of a computer of the recipe as a computer of their own, without couplings."""
    return tz.assemble(
        {"hidden": computer.layout.sizes["hidden"]},
        computer.onsite.potentials["hidden"],
        tz.get("dense"),
        temperature=computer.temperature,
        mobility=computer.mobility,
        trainable_biases=["hidden"],
    )


def _trained_alone(part, bare):
    """Return what is trained of a class where there are hidden units alone: their signals, and their part in time."""
    hidden = part.computer.layout.slice("hidden")
    imposed = [
        attrs.evolve(one, units=one.units - hidden.start)
        for one in part.noising.protocols
        if (one.units >= hidden.start).all()
    ]
    law = attrs.evolve(part.noising.dynamics, computer=bare)
    return attrs.evolve(part, computer=bare, noising=Noising(law, part.noising.signals[:, hidden], imposed))


def drawn_by(draw, codes, seed, count=ALONE):
    """Return features that a function of a code, how many and a generator draws, by class."""
    random = np.random.default_rng((seed, 300))
    return {label: draw(code, count // len(codes), random) for label, code in codes.items()}


def row(ground, codes, drawn, seed):
    """Return features of the class that each output is asked for, added up and shown; `drawn` has them by class."""
    random, asked = np.random.default_rng(seed), ground.asked
    made = np.empty((len(asked), len(codes[asked[0]].center)))
    for label in np.unique(asked).tolist():
        rows = np.flatnonzero(asked == label)
        features = drawn[label][random.permutation(len(drawn[label]))[: len(rows)]]
        made[rows] = codes[label].signals(features)
    return shown(ground, made, random)


def compared(codes, drawn):
    """Return how features differ from those of learned images: root mean squares over features, pairs and classes.

    `drawn` maps classes to features. Beside the difference of covariances stands what the number of samples makes of
    it, and the slope of the covariances over those that were learned: 1 where all are the same, 0 where features are
    independent.
    """
    means, covariances, sampling, over, under = [], [], [], 0.0, 0.0
    for label, code in codes.items():
        own, real = drawn[label], code.learned
        pairs = np.triu_indices(real.shape[1], 1)
        a, b = (np.cov(one.T)[pairs] for one in (own, real))
        means.append(((own.mean(axis=0) - real.mean(axis=0)) ** 2).mean())
        covariances.append(((a - b) ** 2).mean())
        sampling.append(np.outer(own.var(axis=0), own.var(axis=0))[pairs].mean() / len(own))
        over, under = over + a @ b, under + b @ b
    root = {"means": means, "covariances": covariances, "sampling": sampling}
    return {name: float(np.sqrt(np.mean(found))) for name, found in root.items()} | {"slope": float(over / under)}
