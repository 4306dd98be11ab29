"""Checks of lesson 1: what a network has seen before, groups of copies, a split that keeps them together."""

import hashlib

import numpy as np
from scipy.sparse.csgraph import connected_components

from harkit.exercises.answers import Wrong, ask, kind, number, shared_states
from harkit.exercises.checking import exercise


@exercise("1.1", "Seen before", level=1, minutes=8)
def check_1_1(seen_before):
    """`seen_before(train, test)`: two dicts, name to bytes; the share of test files whose content is in training."""
    rng = np.random.default_rng(0)
    pictures = [rng.bytes(40) for _ in range(30)]
    train = {f"a_{i}.jpg": pictures[i] for i in range(20)} | {"again.jpg": pictures[0], "a_25.jpg": pictures[3]}
    test = {f"a_{i}.jpg": pictures[i + 16] for i in range(6)}
    test |= {"new.jpg": pictures[0], "new2.jpg": pictures[0], "new3.jpg": pictures[16]}
    for left, right in ((train, test), (train, {"x.jpg": pictures[29]})):
        digests = {hashlib.sha256(content).digest() for content in left.values()}
        known = [hashlib.sha256(content).digest() in digests for content in right.values()]
        pairs = [list(left.values()).count(content) for content in right.values()]
        found, share = number(ask(seen_before, left, right), "the share"), np.mean(known)
        if abs(found - share) < 1e-6:
            continue
        if abs(found - len(set(left) & set(right)) / len(right)) < 1e-6:
            raise Wrong("You compared names. A copy can have another name, and another picture the same one.")
        if abs(found - sum(known)) < 1e-6 or abs(found - 100 * share) < 1e-6:
            raise Wrong("Give a share between 0 and 1: known test files, divided by all test files.")
        if abs(found - sum(known) / len(left)) < 1e-6:
            raise Wrong("You divided by the number of training files. A share of what is asked for?")
        if abs(found - len(set(left.values()) & set(right.values())) / len(right)) < 1e-6:
            raise Wrong("Two test files with one content were counted once. Each test file asks one question.")
        if abs(found - sum(pairs) / len(right)) < 1e-6:
            raise Wrong("A test file with two copies in training was counted twice. It was seen or not: 1 or 0.")
        raise Wrong(f"{sum(known)} of {len(right)} test files have a content that training has. You found {found:.3f}.")
    return "content decides, not the name. Hashing makes it fast for thousands of files."


@exercise("1.2", "Copies of copies", level=3, minutes=15)
def check_1_2(groups):
    """`groups(distances, most)`: (N, N) to N group numbers; what a chain of near pairs joins is one group."""
    rng = np.random.default_rng(1)
    chain = _distances(5, (0, 1, 2), (1, 2, 5), (3, 4, 6))
    places = rng.integers(0, 120, 30)
    crossing = _distances(4, (0, 2, 1), (0, 3, 1), (1, 2, 1))
    long = _distances(5, (0, 4, 1), (1, 2, 1), (1, 3, 1), (2, 4, 1), (3, 4, 1))
    cases = (chain, 3), (chain, 6), (crossing, 1), (long, 1), (np.abs(places[:, None] - places[None]), 4)
    for distances, most in cases:
        n = len(distances)
        found = _labels(ask(groups, distances, most), n)
        if _same_groups(found, _connected(distances <= most)):
            continue
        if len(set(found)) == n:
            raise Wrong("Every picture is alone in its group. Two at a distance of at most `most` belong together.")
        if _same_groups(found, _connected(distances < most)):
            raise Wrong(f"A pair at a distance of exactly {most} should be in one group: at most, not less than.")
        if _same_groups(found, (distances <= most).argmax(axis=1)):
            raise Wrong("You looked at direct neighbours. If A is near B and B is near C, all three are one group.")
        if len(set(found)) == 1:
            raise Wrong("All pictures are in one group, and some are far from every other.")
        if distances is crossing or distances is long:
            near = ", ".join(f"{i}–{j}" for i, j in np.argwhere(np.triu(distances == 1)))
            raise Wrong(
                f"Near are {near}: one group, and you gave {found}. Did a number change in the loop that compares with "
                "it? Did one pass over the pairs stop too early?"
            )
        raise Wrong(f"With most={most}, some that near pairs join have different numbers, or strangers share one.")
    return "one group for all that near pairs join. No split can now divide a picture from its copies."


@exercise("1.3", "A split that keeps groups whole", level=2, minutes=12)
def check_1_3(choose_test):
    """`choose_test(groups, share, seed)`: N truth values, True for the test; groups whole, repeatable."""
    rng = np.random.default_rng(2)
    groups = rng.integers(0, 150, 400)
    first = _truth(ask(choose_test, groups, 0.2, 0), len(groups))
    divided = [g for g in np.unique(groups) if len(set(first[groups == g])) > 1]
    if divided:
        raise Wrong(f"{len(divided)} groups stand on both sides. Draw groups, not rows.")
    if not first.any() or first.all():
        raise Wrong("One side is empty.")
    again = _truth(ask(choose_test, groups, 0.2, 0), len(groups))
    states = shared_states(9)
    later = _truth(ask(choose_test, groups, 0.2, 0), len(groups))
    if not (np.array_equal(first, again) and np.array_equal(first, later)):
        raise Wrong("The same seed gave two different splits. Where does your function get its random numbers?")
    if shared_states() != states:
        raise Wrong("You seed the generator that everybody shares. Make one of your own: `np.random.default_rng`.")
    if not 0.12 < first.mean() < 0.28:
        raise Wrong(f"{first.mean():.0%} of the pictures are in the test; 20 % were asked for.")
    others = [_truth(ask(choose_test, groups, 0.2, seed), len(groups)) for seed in (1, 2, 3)]
    if all(np.array_equal(first, other) for other in others):
        raise Wrong("Every seed gives the same split. What does the seed do in your function?")
    half, most = (_truth(ask(choose_test, groups, share, 0), len(groups)).mean() for share in (0.5, 0.9))
    if not (0.4 < half < 0.6 and 0.82 < most < 0.97):
        why = "Is one group drawn twice?" if half < most else "Is `share` used?"
        raise Wrong(f"For shares of 0.5 and 0.9 you gave {half:.2f} and {most:.2f}. {why}")
    return "groups are whole, the seed decides, and anybody can make the same split again."


def _distances(n: int, *near: tuple[int, int, int]) -> np.ndarray:
    """(n, n): each `near` pair (i, j) at its distance, all others 9 apart."""
    distances = np.full((n, n), 9) - 9 * np.eye(n, dtype=int)
    for i, j, distance in near:
        distances[i, j] = distances[j, i] = distance
    return distances


def _labels(answer, n: int) -> list:
    try:
        labels = [value.item() if hasattr(value, "item") else value for value in answer]
        hash(tuple(labels))
    except (TypeError, ValueError):
        raise Wrong(f"I expected a list of {n} group numbers, and got {kind(answer)}.") from None
    if len(labels) != n or isinstance(answer, str | dict):
        raise Wrong(f"I expected a list of {n} group numbers, and got {kind(answer)}.")
    return labels


def _truth(answer, n: int) -> np.ndarray:
    values = np.asarray(answer)
    if values.shape != (n,) or not np.isin(values, (0, 1)).all():
        raise Wrong(f"I expected {n} truth values, one a picture, and got {kind(answer)}.")
    return values.astype(bool)


def _connected(near: np.ndarray) -> np.ndarray:
    return connected_components(near, directed=False)[1]


def _same_groups(a, b) -> bool:
    pairs = set(zip(a, b, strict=True))
    return len(pairs) == len(set(a)) == len(set(b))
