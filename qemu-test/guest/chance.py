# SPDX-License-Identifier: GPL-2.0-only
# chance.py: numbers by chance, the same for the same seed, whatever Python's own are.
state = 0


def seed(n):
    global state
    state = n


def rnd(n):
    """From 0 to n - 1."""
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return (state >> 33) % n


def pick(*values):
    return values[rnd(len(values))]


def percent(n):
    """True in so many of a hundred."""
    return rnd(100) < n
