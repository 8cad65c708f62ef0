"""Randomised-trial evaluation of domestic-abuse perpetrator programmes."""

import os

__version__ = "0.1.0"

# Before numpy is imported: sums split over threads depend on how many cores there are, and a
# run repeated elsewhere would differ in its last digits. The matrices are small, besides: one
# thread is quicker, and several wait for each other on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
