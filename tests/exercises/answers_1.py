"""Answers to the exercises of lesson 1: right ones written in another way, and typical wrong ones with their hint."""

import random

import numpy as np


def seen_in_loops(train, test):
    known = 0
    for content in test.values():
        known += any(content == other for other in train.values())
    return known / len(test)


def once_each(train, test):
    return len(set(train.values()) & set(test.values())) / len(test)


def by_flooding(distances, most):
    """Walk from picture to picture."""
    names = [None] * len(distances)
    for group, start in enumerate(range(len(distances))):
        stack = [start] if names[start] is None else []
        while stack:
            i = stack.pop()
            if names[i] is None:
                names[i] = f"group {group}"
                stack += [j for j in range(len(distances)) if distances[i][j] <= most]
    return names


def connected(distances, most):
    return by_flooding(distances, most)


def comparing_with_what_changes(distances, most):
    names = list(range(len(distances)))
    for i in range(len(names)):
        for j in range(i):
            if distances[i][j] <= most:
                for k in range(len(names)):
                    if names[k] == names[j]:
                        names[k] = names[i]
    return names


def in_one_pass(distances, most):
    names = list(range(len(distances)))
    for i in range(len(names)):
        for j in range(len(names)):
            if distances[i][j] <= most:
                names[i] = names[j] = min(names[i], names[j])
    return names


def by_hash_of_seed(groups, share, seed):
    chosen = random.Random(seed)
    names = sorted(set(groups.tolist()))
    test = set(chosen.sample(names, round(share * len(names))))
    return [group in test for group in groups.tolist()]


def rows(groups, share, seed):
    return np.random.default_rng(seed).random(len(groups)) < share


def split_with(rng_of, share_of=lambda share: share):
    def choose(groups, share, seed):
        names = np.unique(groups)
        return np.isin(groups, rng_of(seed).permutation(names)[: round(share_of(share) * len(names))])

    return choose


def with_the_shared_generator(groups, share, seed):
    np.random.seed(seed)
    return split_with(lambda seed: np.random)(groups, share, seed)


def drawn_with_replacement(groups, share, seed):
    names = np.unique(groups)
    return np.isin(groups, np.random.default_rng(seed).choice(names, round(share * len(names))))


RIGHT = {"1.1": [seen_in_loops], "1.2": [by_flooding], "1.3": [by_hash_of_seed]}
WRONG = {
    "1.1": [
        (lambda train, test: len(set(train) & set(test)) / len(test), "compared names"),
        (lambda train, test: seen_in_loops(train, test) * len(test), "share between 0 and 1"),
        (lambda train, test: seen_in_loops(train, test) * len(test) / len(train), "number of training files"),
        (once_each, "counted once"),
        (lambda train, test: sum(list(train.values()).count(c) for c in test.values()) / len(test), "counted twice"),
    ],
    "1.2": [
        (lambda distances, most: range(len(distances)), "alone in its group"),
        (lambda distances, most: connected(distances, most - 1), "exactly"),
        (lambda distances, most: (distances <= most).argmax(axis=1), "direct neighbours"),
        (comparing_with_what_changes, "Did a number change"),
        (lambda distances, most: [0] * len(distances), "All pictures are in one group"),
    ],
    "1.3": [
        (rows, "stand on both sides"),
        (split_with(lambda seed: np.random.default_rng()), "two different splits"),
        (with_the_shared_generator, "that everybody shares"),
        (drawn_with_replacement, "Is one group drawn twice"),
        (split_with(lambda seed: np.random.default_rng(0)), "Every seed gives the same"),
        (split_with(np.random.default_rng, lambda share: 0.2), "Is `share` used"),
        (split_with(np.random.default_rng, lambda share: 1 - share), "20 % were asked for"),
    ],
}
# Other wrong ones, whose hint another one above has too.
ALSO_WRONG = {"1.2": [in_one_pass]}
