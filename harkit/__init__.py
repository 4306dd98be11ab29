"""The helper package of the course: from pictures on disk to an honest figure.

The data flows one way: settings, fetch, catalogue, decoding, pictures, training, evaluation, plots.
A module imports only from modules before it in that order.
"""

import os

__version__ = "0.1.0"

# Before torch is imported: idle OpenMP threads that spin make two trainings on the same cores 10–20 times slower, and
# those that sleep at once make one alone a third slower. GNU's library can do a little of the first: some microseconds.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
