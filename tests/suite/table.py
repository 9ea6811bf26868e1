"""The table check x wrong subject: ``python tests/suite/table.py [CHECK ...]`` prints it as Markdown."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from wrong_citizens import CITIZENS
from wrong_core import CORE
from wrong_encodings import ENCODINGS
from wrong_engines import ENGINE_PLUGINS, ENGINES
from wrong_imperfections import IMPERFECTIONS
from wrong_integrators import INTEGRATORS
from wrong_interactions import INTERACTIONS
from wrong_others import OTHERS
from wrong_potentials import POTENTIALS
from wrong_projections import PROJECTIONS
from wrong_spins import SPINS
from wrong_subjects import caught
from wrong_tasks import TASKS
from wrong_underdamped import UNDERDAMPED

SUBJECTS = [
    *POTENTIALS,
    *ENGINES,
    *ENGINE_PLUGINS,
    *CORE,
    *INTEGRATORS,
    *UNDERDAMPED,
    *INTERACTIONS,
    *PROJECTIONS,
    *OTHERS,
    *ENCODINGS,
    *IMPERFECTIONS,
    *SPINS,
    *TASKS,
    *CITIZENS,
]


def main() -> int:
    """Print one line a subject; return how many were not caught as expected."""
    wrong = 0
    print("| kind | check | wrong subject | caught by | as expected |")
    print("|---|---|---|---|---|")
    chosen = [s for s in SUBJECTS if not sys.argv[1:] or s.check in sys.argv[1:]]
    for subject in chosen:
        report = subject.report()
        found = caught(report)
        good = found == {subject.check} | subject.also
        wrong += not good
        names = ", ".join(o.check for o in report.outcomes if o.check in found) or "none"
        print(
            f"| {report.kind} | {subject.check} | {subject.title} | {names} | {'yes' if good else 'NO'} |",
            flush=True,
        )
    return wrong


if __name__ == "__main__":
    sys.exit(main())
