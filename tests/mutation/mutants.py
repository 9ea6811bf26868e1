"""A mutant: one change in one module, or in the kernels that a module writes, made while the module is imported."""

from __future__ import annotations

import ast
import functools
import gc
import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import attrs
from operators import Change, changes, mutated

__all__ = ["Mutant", "mutants_of", "plant", "source_of", "swap"]

#: What writes a kernel: the function whose result has its text, by module.
WRITERS = {"thermozoo.dynamics.engines.kernel_source": "write_kernel"}


#: Where a function is: its qualified name, its first line, and the names that it closes over.
Place = tuple[str, int, tuple[str, ...]]


@attrs.frozen
class Mutant:
    """A change in a module.

    Parameters
    ----------
    module : str
        Full name; with ``[kernel]`` behind it, what it writes is changed instead of itself.
    kind : str
        Class of the mutation.
    text : str
        The change, see `operators.Change.text`.
    """

    module: str
    kind: str
    text: str
    lines: tuple[int, int] = attrs.field(default=(0, 0), eq=False)

    @property
    def name(self) -> str:
        """The mutant in one line."""
        return f"{self.module.removeprefix('thermozoo.').removeprefix('thermozoo_plugins.')} {self.text}"

    @property
    def home(self) -> str:
        """The module."""
        return self.module.removesuffix("[kernel]")

    @property
    def rank(self) -> str:
        """A number that looks random, and stays the same when others come and go."""
        return hashlib.sha256(f"{self.module} {self.text}".encode()).hexdigest()


@functools.cache
def _folder_of(package: str) -> Path:
    """Return the folder in which a package is that is imported here: of this tree, or installed; it is not imported."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    return Path(next(iter(spec.submodule_search_locations or ()))).parent


def source_of(module: str) -> Path:
    """Return the file of a module."""
    package, *_ = parts = module.split(".")
    return _folder_of(package).joinpath(*parts).with_suffix(".py")


def mutants_of(module: str, source: str | None = None) -> list[Mutant]:
    """Return all mutants of a module, or of the text of a kernel that it writes."""
    found: Sequence[Change] = changes(source_of(module).read_text() if source is None else source)
    home = module if source is None else f"{module}[kernel]"
    return [Mutant(home, one.kind, one.text, one.lines) for one in found]


class _Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports a module with a change in it."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Return the spec of the changed module, and none of others."""
        if fullname != self.mutant.home:
            return None
        return importlib.util.spec_from_file_location(fullname, source_of(fullname), loader=self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """Leave it to the machinery."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed module; numba and attrs find its file as they always do."""
        path = source_of(self.mutant.home)
        source = path.read_text()
        if self.mutant.module == self.mutant.home:
            exec(compile(mutated(source, self.mutant.text), str(path), "exec"), module.__dict__)
            return
        exec(compile(source, str(path), "exec"), module.__dict__)
        name = WRITERS[self.mutant.home]
        module.__dict__[name] = _writing_wrong(module.__dict__[name], self.mutant.text)


def _writing_wrong(write: Any, text: str) -> Any:
    def wrong(*args: Any, **kwargs: Any) -> Any:
        kernel = write(*args, **kwargs)
        try:
            tree = mutated(kernel.text, text)
        except LookupError:  # a kernel without what is changed stays as it is
            return kernel
        return attrs.evolve(kernel, text=ast.unparse(tree) + "\n")

    return wrong


def _functions(tree: ast.Module, path: Path) -> dict[Place, CodeType]:
    """Return the code of everything in a module that has one, by name, line and what it closes over."""
    found: dict[Place, CodeType] = {}
    twice: set[Place] = set()

    def walk(code: CodeType) -> None:
        place = _place(code)
        if place in found:
            twice.add(place)
        found[place] = code
        for one in code.co_consts:
            if isinstance(one, CodeType):
                walk(one)

    walk(compile(tree, str(path), "exec"))
    return {place: code for place, code in found.items() if place not in twice}


def _place(code: CodeType) -> Place:
    return code.co_qualname, code.co_firstlineno, code.co_freevars


def _own(code: CodeType) -> Any:
    """Return what a function does by itself, without those that are written inside of it."""
    constants = [(type(one), one) for one in code.co_consts if not isinstance(one, CodeType)]
    return code.co_code, constants, code.co_names, code.co_varnames


def swap(mutant: Mutant) -> bool:
    """Change functions of a module that has been imported; return whether that is possible.

    It is where what is changed runs when the function is called, and not when the module is imported.
    """
    path = source_of(mutant.home)
    if mutant.module != mutant.home or mutant.home not in sys.modules:
        return False
    source = path.read_text()
    old, new = _functions(ast.parse(source), path), _functions(mutated(source, mutant.text), path)
    if set(old) != set(new):
        return False
    changed = {place for place in new if _own(new[place]) != _own(old[place])}
    alive = [one for one in gc.get_objects() if isinstance(one, FunctionType) and one.__code__.co_filename == str(path)]
    swapped = [one for one in alive if _place(one.__code__) in new]
    names = {one.__code__.co_qualname for one in swapped}
    inside = [any(place[0] == name or place[0].startswith(f"{name}.<locals>") for name in names) for place in changed]
    if not changed or not all(inside):
        return False
    for one in swapped:
        one.__code__ = new[_place(one.__code__)]
    return True


def plant(mutant: Mutant) -> None:
    """Have a module imported with a change in it, which must not have been imported before."""
    if mutant.home in sys.modules:
        raise RuntimeError(f"{mutant.home} has been imported already")
    sys.meta_path.insert(0, _Planted(mutant))
