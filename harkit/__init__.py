"""The helper package of the course: from pictures on disk to an honest figure.

The data flows one way: settings, fetch, catalogue, pictures, training, evaluation, plots.
A module imports only from modules before it in that order.
"""

import os

__version__ = "0.1.0"

# Before torch is imported: idle OpenMP threads that spin make two trainings on the same cores 10–20 times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
