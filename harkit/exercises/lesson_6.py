"""Checks of lesson 6: a split by person, precision and recall, a threshold that is chosen honestly, alarms an hour."""

from functools import partial

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from harkit.exercises.answers import Wrong, ask, kind, number
from harkit.exercises.checking import exercise

SIDES = ("train", "validation")


@exercise("6.1", "Split by person", level=2, minutes=12)
def check_6_1(by_subject):
    """`by_subject(frames, share, seed)`: "train" or "validation" for each row; both hold falls, no person in both."""
    for frames, share in ((_films(10, 2), 0.3), (_films(7, 2), 0.4), (_films(24, 24), 0.25)):
        people, draws = frames.subject.nunique(), []
        for seed in range(6):
            sides = _sides(ask(by_subject, frames, share, seed), len(frames))
            _judge_sides(frames, sides)
            held_out = frames.subject[sides == "validation"].nunique()
            if abs(held_out - share * people) >= 1:
                asked = f"{held_out} of {people} people are in validation; you were asked for a share of {share}. "
                raise Wrong(asked + "Count people: not frames, not films, and no toss for each.")
            draws.append(sides.tolist())
        np.random.seed(1)
        again = [_sides(ask(by_subject, frames, share, seed), len(frames)).tolist() for seed in range(6)]
        if again != draws:
            raise Wrong("The same seed gave another split: nobody could repeat your figure. Who draws, and from what?")
        if all(draw == draws[0] for draw in draws):
            raise Wrong("Six seeds gave one split. Where does `seed` come in?")
    return "whole people, both answers on both sides, and anybody can repeat it."


def _judge_sides(frames: pd.DataFrame, sides: np.ndarray) -> None:
    """Raise Wrong where a film or a person stands on two sides, or a side lacks a class."""
    if (pd.Series(sides).groupby(frames.film).nunique() > 1).any():
        raise Wrong("Frames of one film stand on both sides: each has a near-copy on the other. What must stay whole?")
    if (pd.Series(sides).groupby(frames.subject).nunique() > 1).any():
        raise Wrong("Every film is whole, but one person has films on both sides. Is that person a stranger?")
    for side in SIDES:
        if frames.label[sides == side].nunique() < 2:
            raise Wrong(f"A draw left {side} without one of the two classes. Look at each draw; what if it is no good?")


@exercise("6.2", "Precision and recall", level=1, minutes=10)
def check_6_2(scores):
    """`scores(falls, probabilities, threshold)`: precision, recall and F1 of ringing above the threshold."""
    rng = np.random.default_rng(0)
    falls = rng.random(40) < 0.3
    probabilities = np.round(0.35 * falls + 0.6 * rng.random(40), 1)
    quiet = np.zeros_like(falls)
    for truth, threshold in ((falls, 0.3), (falls, 0.5), (falls, 0.6), (falls, 1.0), (quiet, 0.5)):
        right = _scores(truth, probabilities, threshold)
        found = ask(scores, truth, probabilities, threshold)
        try:
            precision, recall, f1 = found
        except (TypeError, ValueError):
            raise Wrong(f"Give three numbers: `return precision, recall, f1`; I got {kind(found)}.") from None
        given = np.array([number(v, n) for v, n in ((precision, "precision"), (recall, "recall"), (f1, "F1"))])
        if np.allclose(given, right, atol=1e-6):
            continue
        at = f"Threshold {threshold}: "
        ringing = probabilities > threshold
        if np.allclose(given[:2], right[1::-1]) and not np.isclose(right[0], right[1]):
            raise Wrong(at + "you swapped the two. Precision is about the alarms, recall about the falls.")
        if np.allclose(given, _scores(truth, probabilities, threshold - 1e-9)):
            raise Wrong(at + "a frame at exactly the threshold should not ring: *above* it.")
        if np.isclose(given[0], accuracy_score(truth, ringing)):
            raise Wrong(at + "your precision is the accuracy. Quiet frames that stay quiet don't count.")
        if np.allclose(given[:2], right[:2]) and np.isclose(given[2], right[:2].mean()):
            raise Wrong(at + "your F1 is the plain mean. The harmonic mean is low where one of them is low.")
        if not (ringing & truth).any():
            raise Wrong(at + "nothing rings rightly here, so all three are 0. Which division did you leave open?")
        raise Wrong(at + f"{right.round(2)} are precision, recall, F1; you gave {given.round(2)}.")
    return "the same as scikit-learn, also where nothing rings and where nobody falls."


@exercise("6.3", "Choose here, report there", level=2, minutes=12)
def check_6_3(choose_and_report):
    """`choose_and_report(validation, test, thresholds)`: pairs (falls, probabilities) to threshold and test F1."""
    rng = np.random.default_rng(4)
    thresholds = np.linspace(0.1, 0.9, 17)
    for _ in range(12):
        validation, test = _detector(rng, 0.3), _detector(rng, 0.15)
        curve = np.array([_scores(*validation, t)[2] for t in thresholds])
        best = thresholds[curve.argmax()]
        right = best, _scores(*test, best)[2]
        chosen, reported = _pair(ask(choose_and_report, validation, test, thresholds))
        if np.isclose(chosen, right[0]) and np.isclose(reported, right[1], atol=1e-6):
            continue
        poisoned = test[0], rng.permutation(test[1])
        if not np.isclose(_pair(ask(choose_and_report, validation, poisoned, thresholds))[0], chosen):
            raise Wrong("With other test frames you chose another threshold. The test may not choose: it only judges.")
        if np.isclose(chosen, right[0]):
            raise Wrong(_about_the_report(reported, curve, test, best, right[1]))
        hits = [accuracy_score(validation[0], validation[1] > t) for t in thresholds]
        if np.isclose(chosen, thresholds[int(np.argmax(hits))]):
            raise Wrong("You chose by accuracy. Where falls are rare, never ringing is accurate. Choose by F1.")
        if np.isclose(chosen, thresholds[len(curve) - 1 - curve[::-1].argmax()]):
            raise Wrong("Several thresholds are equally good. The published search keeps the first of them.")
        raise Wrong(f"The first threshold with the highest F1 on validation is {best:.2f}; you chose {chosen:.2f}.")
    return "the test's frames never moved your threshold. This F1 you may show."


def _pair(found) -> tuple[float, float]:
    try:
        chosen, reported = found
    except (TypeError, ValueError):
        raise Wrong(f"Give two numbers: `return threshold, f1`; I got {kind(found)}.") from None
    return number(chosen, "the threshold"), number(reported, "the F1")


def _about_the_report(reported: float, curve: np.ndarray, test: tuple, best: float, right: float) -> str:
    """What is wrong with a score whose threshold is right."""
    if np.isclose(reported, curve.max()):
        return "You report the F1 that chose the threshold. It was picked because it is high."
    if np.isclose(reported, accuracy_score(test[0], test[1] > best)):
        return "The threshold is right, but you report an accuracy. Which score did the text ask for?"
    if np.isclose(reported, f1_score(test[0], test[1] > best, average="macro", zero_division=0)):
        return "The threshold is right. Your F1 is the macro F1, of both answers; the text asks for that of *fall*."
    if np.isclose(reported, f1_score(test[0], test[1] > 0.5, zero_division=0)):
        return "The threshold is right. But on the test you still ring above 0.5: did you use what you chose?"
    return f"The threshold {best:.2f} is right. At this one the F1 of the test is {right:.3f}; you gave {reported:.3f}."


@exercise("6.4", "From frames to alarms", level=3, minutes=15)
def check_6_4(alarms_per_hour):
    """`alarms_per_hour(rings, k, n, rate)`: how often an hour an alarm begins: at least k of the last n frames ring."""
    rng = np.random.default_rng(5)
    rows = [np.array([0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0]), rng.random(80) < 0.4, np.ones(10)]
    films = [(rows[0], 2, 3, 10), (rows[1], 3, 5, 10), (rows[1], 2, 2, 30), (rows[2], 3, 4, 25), (rows[1], 1, 1, 10)]
    films += [(np.array(row), 1, 1, 10) for row in ([1, 1, 0, 0, 1, 0], [1, 0, 0, 1])]  # it rings from the first frame
    films += [(np.ones(2), 2, 3, 10)]  # shorter than n
    films = [(row.astype(bool).tolist(), k, n, rate) for row, k, n, rate in films]
    found = np.array([number(ask(alarms_per_hour, *film), "the alarms an hour") for film in films])
    hours = np.array([len(rings) / rate / 3600 for rings, _, _, rate in films])
    right = np.array([_begins(_counts(rings, n), k) for rings, k, n, _ in films])
    if np.allclose(found, right / hours):
        return "a family hears events, not frames. " + _payoff()
    rates = np.array([rate for *_, rate in films])
    if np.allclose(found, right):
        raise Wrong("You count the alarms of the film. How many hours long is it?")
    if np.allclose(found, right / hours / rates):
        raise Wrong("The alarms are right, the hours are not: as if a frame lasted a second. What is `rate` for?")
    if np.allclose(found, right / hours / 60) or np.allclose(found, right / hours / 3600):
        raise Wrong("The alarms are right, the unit is not: you give them a second or a minute. Give them an hour.")
    for wrong, hint in _WRONG_ALARMS:
        if np.allclose(found, [wrong(rings, k, n) for rings, k, n, _ in films] / hours):
            raise Wrong(hint)
    i = int(np.flatnonzero(~np.isclose(found, right / hours))[0])
    rings, k, n, rate = films[i]
    call = f"alarms_per_hour({len(rings)} frames, k={k}, n={n}, rate={rate}) gave {found[i]:,.6g}. In these "
    call += f"{len(rings) / rate:.2g} seconds {right[i]} alarm{'s begin' if right[i] > 1 else ' begins'}. "
    raise Wrong(call + "For each frame: do k of the last n ring? Then count where this becomes true.")


def _with_reset(rings: list[bool], k: int, n: int) -> int:
    alarms, window = 0, []
    for ring in rings:
        window = [*window, ring][-n:]
        if sum(window) >= k:
            alarms, window = alarms + 1, []
    return alarms


def _in_a_row(rings: list[bool], k: int, n: int) -> int:
    return _begins(_counts(rings, k), k)


def _in_blocks(rings: list[bool], k: int, n: int) -> int:
    return sum(sum(rings[i : i + n]) >= k for i in range(0, len(rings), n))


def _from(first: int, rings: list[bool], k: int, n: int) -> int:
    """Frames in alarm after one that is not, from the `first`; before frame 0 stands the last one, as Python has it."""
    on = [count >= k for count in _counts(rings, n)]
    return sum(on[i] and not on[i - 1] for i in range(first, len(on)))


_WRONG_ALARMS = [
    *(
        (partial(_from, first), "An alarm can begin in the very first frame. What does yours compare that one with?")
        for first in (0, 1)
    ),
    (
        lambda rings, k, n: sum(count >= k for count in _counts(rings, n)),
        "You count the frames in alarm. While the bell rings, it does not begin again.",
    ),
    (lambda rings, k, n: sum(rings), "You count the frames that ring. Where do k and n come in?"),
    (lambda rings, k, n: _begins(_counts(rings, n), k + 1), "k of n frames are enough: at least k, not more than k."),
    (_in_blocks, "You cut the film into blocks. The last n frames move along with every frame."),
    (_with_reset, "After an alarm you forget the frames before it. The window only moves on, and forgets nothing."),
    (_in_a_row, "You wait for k frames in a row. k of the last n suffice, with gaps between them."),
]


def _payoff() -> str:
    """What k and n do on ten minutes in which one frame of a hundred rings by chance."""
    rings = (np.random.default_rng(0).random(6_000) < 0.01).tolist()
    hourly = {(k, n): 6 * _begins(_counts(rings, n), k) for k, n in ((1, 1), (2, 5), (3, 5))}
    said = ", ".join(f"{k} of {n}: {alarms}" for (k, n), alarms in hourly.items())
    return f"Where 1 frame of 100 rings by chance, 10 a second, that makes so many false alarms an hour: {said}."


def _counts(rings: list[bool], n: int) -> list[int]:
    """How many of the last n frames ring, at each frame."""
    return [sum(rings[max(0, i - n + 1) : i + 1]) for i in range(len(rings))]


def _begins(counts: list[int], k: int) -> int:
    on = [count >= k for count in counts]
    return sum(now and not before for before, now in zip([False, *on], on, strict=False))


def _films(people: int, fallers: int) -> pd.DataFrame:
    """Frames of people with three films each, in mixed order; only the first `fallers` of them ever fall."""
    rows = [
        (f"subject_{p:02d}", f"subject_{p:02d}/film_{f}", "fall" if p < fallers and f == 0 and t > 0 else "non_fall")
        for p in range(people) for f in range(3) for t in range(3 + p % 4)
    ]  # fmt: skip
    frames = pd.DataFrame(rows, columns=["subject", "film", "label"])
    return frames.sample(frac=1, random_state=0, ignore_index=True)


def _sides(answer, n: int) -> np.ndarray:
    """One word a row. Raises Wrong for anything else."""
    if isinstance(answer, str | dict) or not hasattr(answer, "__len__"):
        raise Wrong(f"I expected one word a row, {n} in all, and got {kind(answer)}.")
    sides = np.asarray(answer, dtype=object)
    if sides.shape != (n,):
        raise Wrong(f"I expected one word for each of the {n} rows, and got {kind(answer)}.")
    if not set(sides) <= set(SIDES):
        raise Wrong(f"Every row should be 'train' or 'validation'; yours has {sorted(map(str, set(sides)))[:3]}.")
    return sides


def _scores(falls, probabilities, threshold) -> np.ndarray:
    return np.array(
        precision_recall_fscore_support(falls, probabilities > threshold, average="binary", zero_division=0)[:3]
    )


def _detector(rng, gap: float) -> tuple[np.ndarray, np.ndarray]:
    falls = rng.random(60) < 0.3
    return falls, np.round(np.clip(0.25 + gap * falls + 0.25 * rng.normal(size=60), 0, 1), 2)
