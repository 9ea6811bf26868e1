"""Schedules: what of a computer is driven, and the value that each of it has in every step."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import finite_array, told
from thermozoo.computer.computer import Computer
from thermozoo.computer.term import ASYMMETRY
from thermozoo.constraints.tracing import own_constraints
from thermozoo.dynamics.intensity import intensity_of
from thermozoo.errors import ArgumentError, ParameterError, ShapeError, UnknownNameError, nearest
from thermozoo.interfaces import Potential, Protocol
from thermozoo.interfaces.tree import flat_parameters, members, values_of, with_values
from thermozoo.symbolic.derive import potential_formulas
from thermozoo.symbolic.formula import cached_by_formula

__all__ = ["Driven", "Schedule", "driven_by", "target_groups"]

Array = npt.NDArray[np.floating[Any]]

_TEMPERATURE, _POTENTIAL = "temperature", "potential."


def _targets(value: Any) -> Mapping[str, Protocol | Array]:
    if not isinstance(value, Mapping):
        raise ArgumentError(
            f'the targets of a schedule must be a mapping, such as {{"temperature": protocol}}, got {told(value)}'
        )
    found: dict[str, Protocol | Array] = {}
    for name, given in value.items():
        if not isinstance(name, str):
            raise ArgumentError(f"what a schedule drives must be named by a string, got {told(name)}")
        if isinstance(given, Protocol):
            several = next((key for key, one in values_of(given).items() if np.ndim(one)), None)
            if several is not None:
                raise ShapeError(
                    f"schedule of {name!r}: protocol {given.name!r} has several values of {several}, expected a number"
                )
            found[name] = given
        else:
            found[name] = finite_array(f"schedule of {name!r}", given, ("steps + 1",), "or give a protocol")
    return MappingProxyType(found)


@attrs.frozen(eq=False)
class Schedule:
    """What is driven in time: the temperature, the amplitude of a term of the energy, a parameter of a potential.

    Parameters
    ----------
    targets : mapping of str to Protocol, or array_like of shape (steps + 1,)
        What is driven, and how: ``"temperature"`` (the values are kT [energy]); a term of the energy, ``"on-site"``,
        ``"coupling"``, ``"bias"`` or the name of a further one (the values are the factor c(t) by which its energy is
        multiplied); ``"potential.GROUP.NAME"``, a parameter of the potential of a group, or ``"potential.NAME"`` where
        all groups have one potential (the values are those of the parameter, for all units of the group). Of an array,
        ``values[k + 1]`` acts in step k and ``values[0]`` before the first; a protocol's are c(k dt), so that a run
        goes from c(0) to c(duration).

    Raises
    ------
    ArgumentError, ParameterError, ShapeError
        When something is neither a protocol nor an array of finite numbers.

    Examples
    --------
    >>> import numpy as np, thermozoo as tz
    >>> unit = tz.assemble({"unit": 1}, tz.get("quadratic", J2=0.5), tz.get("dense"), temperature=1.0)
    >>> cooling = tz.Schedule({"temperature": np.linspace(1.0, 0.1, 101)})
    >>> dynamics = tz.Dynamics(unit, tz.get("euler-maruyama"), dt=0.01, steps=100, schedule=cooling)
    >>> round(dynamics.at(49).computer.temperature, 12)
    0.55
    """

    targets: Mapping[str, Protocol | Array] = attrs.field(converter=_targets)
    _found: dict[tuple[str, int, float], Array] = attrs.field(init=False, factory=dict, repr=False)

    def values(self, name: str, steps: int, dt: float) -> Array:
        """Return the values of one target, shape (steps + 1,).

        Raises
        ------
        ParameterError
            When a protocol is not finite at some time.
        ShapeError
            When an array does not have one value for each step, and one before.
        """
        given = self.targets[name]
        if not isinstance(given, Protocol):
            return finite_array(f"schedule of {name!r}", given, (steps + 1,), "one value for each step, and one before")
        if (name, steps, dt) not in self._found:
            self._found[name, steps, dt] = intensity_of(given, steps * dt)(np.arange(steps + 1) * dt)
        return self._found[name, steps, dt]


def target_groups(
    name: str, term_names: Collection[str], potentials: Mapping[str, Potential]
) -> tuple[tuple[str, ...], str]:
    """Return the groups and the parameter of their potentials that a target names; none for what is no parameter.

    Parameters
    ----------
    name : str
        The target.
    term_names : collection of str
        Terms of the energy.
    potentials : mapping of str to Potential
        The potential of each group.

    Raises
    ------
    UnknownNameError
        When there is nothing of that name.
    ParameterError
        When groups with different potentials are not told apart.
    """
    if name == _TEMPERATURE or name in term_names:
        return (), ""
    if not name.startswith(_POTENTIAL):
        known = [_TEMPERATURE, *term_names, *_parameters(potentials)]
        raise UnknownNameError(
            f"a schedule cannot drive {told(name)}{nearest(name, known)}; what it can: {', '.join(known)}"
        )
    first, _, rest = (own := name.removeprefix(_POTENTIAL)).partition(".")
    groups = (first,) if first in potentials and rest else tuple(potentials)
    parameter = rest if first in potentials and rest else own
    if len(groups) > 1 and any(one != potentials[groups[0]] for one in potentials.values()):
        raise ParameterError(
            f"a schedule drives {told(name)}, but the groups have different potentials: say of which group, such as "
            f"{', '.join(_parameters(potentials)) or 'none, as they have no parameter'}"
        )
    if parameter not in values_of(potentials[groups[0]]):
        known = _parameters(potentials)
        raise UnknownNameError(
            f"a schedule cannot drive {told(name)}: there is no such parameter{nearest(name, known)}; parameters: "
            f"{', '.join(known) or 'none'}"
        )
    return groups, parameter


def _parameters(potentials: Mapping[str, Potential]) -> list[str]:
    return [f"{_POTENTIAL}{group}.{name}" for group, one in potentials.items() for name in values_of(one)]


@attrs.frozen(eq=False)
class Driven:
    """The values of everything that is driven; each array has shape (steps + 1,), and `index` k is before step k.

    Parameters
    ----------
    temperature : ndarray or None
        kT [energy].
    amplitudes : dict of str to ndarray
        Factor of each driven term of the energy.
    parameters : dict of str to dict of str to ndarray
        Values of driven parameters, by group and dotted name.
    """

    temperature: Array | None
    amplitudes: dict[str, Array]
    parameters: dict[str, dict[str, Array]]

    @property
    def terms(self) -> tuple[str, ...]:
        """Terms of the energy on which driving does work."""
        onsite = ("on-site",) if self.parameters and "on-site" not in self.amplitudes else ()
        return (*onsite, *self.amplitudes)

    def extremes(self) -> list[int]:
        """Return the indices at which something that is driven is smallest or largest."""
        of_potentials = [values for of in self.parameters.values() for values in of.values()]
        every = [*of_potentials, *self.amplitudes.values(), *([] if self.temperature is None else [self.temperature])]
        return sorted({int(k) for values in every for k in (np.argmin(values), np.argmax(values))})

    def kT(self, computer: Computer, index: int) -> float:
        """Return the temperature [energy]."""
        return computer.temperature if self.temperature is None else float(self.temperature[index])

    def values_of(self, group: str, values: Mapping[str, Any], index: int) -> dict[str, Any]:
        """Return the values of a group's parameters, those that are driven replaced."""
        return {**values, **{name: driven[index] for name, driven in self.parameters.get(group, {}).items()}}

    def at(self, computer: Computer, index: int) -> Computer:
        """Return the computer with its driven values."""
        onsite = computer.onsite
        if self.parameters:
            changed = {
                group: with_values(onsite.potentials[group], {name: v[index] for name, v in of.items()})
                for group, of in self.parameters.items()
            }
            onsite = attrs.evolve(onsite, potentials={**onsite.potentials, **changed})
        factor = {name: float(values[index]) for name, values in self.amplitudes.items()}
        return attrs.evolve(
            computer,
            temperature=self.kT(computer, index),
            onsite=onsite.scaled(factor["on-site"]) if "on-site" in factor else onsite,
            couplings=computer.couplings.scaled(factor["coupling"]) if "coupling" in factor else computer.couplings,
            biases=computer.biases * factor.get("bias", 1.0),
            terms={name: t.scaled(factor[name]) if name in factor else t for name, t in computer.terms.items()},
        )

    def gradient(self, computer: Computer, x: Array, index: int) -> Array:
        """Return dV/dx of states of shape (..., n), in their precision, with the driven values [energy].

        It is that of the computer of `at`, of which nothing has to be made anew.
        """

        def times(name: str, part: Array) -> Array:
            return part if name not in self.amplitudes else part * x.dtype.type(self.amplitudes[name][index])

        total = times("on-site", self._onsite(computer, x, index))
        total = total + times("bias", computer.biases.astype(x.dtype))
        if computer.couplings.size:
            total += times("coupling", computer.couplings.gradient(x))
        for name, term in computer.terms.items():
            total += times(name, term.gradient(x))
        return total

    def _onsite(self, computer: Computer, x: Array, index: int) -> Array:
        result = np.empty_like(x)
        for group, one in computer.onsite.sites.items():
            where = computer.layout.slice(group)
            values = self.values_of(group, one.values, index)
            result[..., where] = attrs.evolve(one, values=values).gradient(x[..., where])
        return result

    def work(self, computer: Computer, states: Array, first: int) -> dict[str, Array]:
        """Return the work by term of steps, shape (steps, trajectories): E(x; after) - E(x; before) [energy].

        Parameters
        ----------
        computer : Computer
            The computer that acts in them.
        states : ndarray of float64, shape (steps, trajectories, n)
            The states before each step.
        first : int
            Number of the first step.
        """
        found = {}
        for name in self.terms:
            c = self.amplitudes.get(name)
            change = None if c is None else np.diff(c[first : first + len(states) + 1])[:, None]
            if name == "on-site" and self.parameters:
                found[name] = self._work_onsite(computer, states, first)
            elif change is None or not change.any():
                found[name] = np.zeros(states.shape[:2])
            else:
                found[name] = change * computer.energy_of(name, states)
        return found

    def _work_onsite(self, computer: Computer, states: Array, first: int) -> Array:
        """Return the work on all units, of driven parameters and of a driven amplitude."""
        steps = len(states)
        c = self.amplitudes.get("on-site", np.ones(first + steps + 1))
        total = np.zeros(states.shape[:2])
        for group, one in computer.onsite.sites.items():
            driven = self.parameters.get(group, {})
            if "on-site" not in self.amplitudes and not driven:
                continue
            x = states[..., computer.layout.slice(group)]
            if "on-site" not in self.amplitudes and set(driven) <= set(_linear(one.potential)) and len(driven) == 1:
                # the energy is linear in its only driven parameter, so that the change is, without a difference
                (name, values), *_ = driven.items()
                slope = one.evaluate("energy_by_parameter", one.formulas.energy_by_parameter[name], x).sum(axis=-1)
                total += np.diff(values[first : first + steps + 1])[:, None] * slope
                continue
            energies = []
            for index in (first, first + 1):
                now = {name: values[index : index + steps, None, None] for name, values in driven.items()}
                energy = attrs.evolve(one, values={**one.values, **now}).energy(x)
                energies.append(c[index : index + steps, None, None] * energy)
            total += (energies[1] - energies[0]).sum(axis=-1)
        return total


@cached_by_formula(256)
def _linear(potential: Potential) -> tuple[str, ...]:
    """Return the parameters in which the energy is linear, each by itself."""
    return potential_formulas(potential).linear_parameters


def driven_by(schedule: Schedule, computers: Collection[Computer], steps: int, dt: float) -> Driven:
    """Return the values of a schedule, after a look at every one of them.

    Parameters
    ----------
    schedule : Schedule
        What is driven.
    computers : collection of Computer
        The computers that it drives one after the other: windows of one machine.
    steps, dt : int, float
        How many steps there are, and how long each is.

    Raises
    ------
    UnknownNameError
        When it drives what does not exist.
    ParameterError
        When a value is not one that its target may have, naming the target, the value and its time; or two targets are
        one parameter.
    """
    first = next(iter(computers))
    temperature, amplitudes = None, {}
    parameters: dict[str, dict[str, Array]] = {}
    for name in schedule.targets:
        groups, parameter = target_groups(name, first.term_names, first.onsite.potentials)
        if steps < 1:
            raise ParameterError(
                f"a schedule drives {name!r} over the steps of the whole: give Dynamics its steps, steps=..., got none"
            )
        values = schedule.values(name, steps, dt)
        if name == _TEMPERATURE:
            _refuse(name, values, values > 0, dt, "expected a temperature above zero")
            temperature = values
        elif name == ASYMMETRY:
            raise ParameterError(
                f"a schedule cannot drive {name!r} alone: it is a part of the couplings; drive 'coupling'"
            )
        elif not groups:
            amplitudes[name] = values
            if name == "coupling" and ASYMMETRY in first.terms:
                amplitudes[ASYMMETRY] = values  # both directions of every coupling are driven
        for group in groups:
            if parameter in parameters.setdefault(group, {}):
                raise ParameterError(f"a schedule drives {parameter} of group {group!r} twice: leave one of them out")
            parameters[group][parameter] = values
    for computer in computers:
        for group, driven in parameters.items():
            _check_potential(group, computer.onsite.potentials[group], driven, dt)
    return Driven(temperature, amplitudes, parameters)


def _refuse(name: str, values: Array, good: npt.NDArray[np.bool_], dt: float, expected: str) -> None:
    """Raise ParameterError at the first value that is not good."""
    if not good.all():
        k = int(np.argmin(good))
        raise ParameterError(f"schedule of {name!r}: {expected}, got {values[k]:g} at t = {k * dt:g} (step {k})")


def _check_potential(group: str, potential: Potential, driven: Mapping[str, Array], dt: float) -> None:
    """Refuse values that a parameter may not have, or that break a constraint together with others."""
    declared = {name: spec for name, spec, _ in flat_parameters(potential)}
    for name, values in driven.items():
        spec = declared[name]
        _refuse(f"potential.{group}.{name}", values, spec.inside(values), dt, f"{name} must lie in {spec.range}")
    fixed = values_of(potential)
    for relation, prefix in _relations(potential):
        mine = [name for name in relation.names if prefix + name in driven]
        if not mine:
            continue
        # steps along the first axis, units along the second
        given = {n: driven[prefix + n][:, None] if n in mine else np.asarray(fixed[prefix + n]) for n in relation.names}
        good = np.atleast_2d(relation.holds(given)).all(axis=-1)
        if not good.all():
            k = int(np.argmin(good))
            said = relation.message({n: v[k, 0] if n in mine else v for n, v in given.items()})
            raise ParameterError(f"schedule of the potential of group {group!r}: {said} at t = {k * dt:g} (step {k})")


def _relations(potential: Potential) -> Iterator[tuple[Any, str]]:
    for prefix, one in members(potential):
        for relation in own_constraints(one):
            yield relation, prefix
