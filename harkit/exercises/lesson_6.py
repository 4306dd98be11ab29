"""Checks of lesson 6: precision and recall, a threshold that is chosen honestly, alarms as events."""

import numpy as np
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from harkit.exercises.checking import Wrong, ask, exercise, kind, number


@exercise("6.1", "Precision and recall", level=1, minutes=10)
def check_6_1(scores):
    """`scores(falls, probabilities, threshold)`: precision, recall and F1 of ringing above the threshold."""
    rng = np.random.default_rng(0)
    falls = rng.random(40) < 0.3
    probabilities = np.round(0.35 * falls + 0.6 * rng.random(40), 1)
    for threshold in (0.3, 0.5, 0.6, 1.0):
        right = _scores(falls, probabilities, threshold)
        found = ask(scores, falls, probabilities, threshold)
        try:
            precision, recall, f1 = found
        except (TypeError, ValueError):
            raise Wrong(f"Give three numbers: `return precision, recall, f1`; I got {kind(found)}.") from None
        given = np.array([number(v, n) for v, n in ((precision, "precision"), (recall, "recall"), (f1, "F1"))])
        if np.allclose(given, right, atol=1e-6):
            continue
        at = f"Threshold {threshold}: "
        if np.allclose(given[:2], right[1::-1]) and not np.isclose(right[0], right[1]):
            raise Wrong(at + "you swapped the two. Precision is about the alarms, recall about the falls.")
        if np.allclose(given, _scores(falls, probabilities, threshold - 1e-9)):
            raise Wrong(at + "a frame at exactly the threshold should not ring: *above* it.")
        ringing = probabilities > threshold
        if np.isclose(given[0], accuracy_score(falls, ringing)):
            raise Wrong(at + "your precision is the accuracy. Quiet frames that stay quiet don't count.")
        if np.allclose(given[:2], right[:2]) and np.isclose(given[2], right[:2].mean()):
            raise Wrong(at + "your F1 is the plain mean. The harmonic mean is low where one of them is low.")
        raise Wrong(at + f"{right.round(2)} are precision, recall, F1; you gave {given.round(2)}.")
    return "the same as scikit-learn, also where nothing rings."


@exercise("6.2", "Choose here, report there", level=2, minutes=12)
def check_6_2(choose_and_report):
    """`choose_and_report(validation, test, thresholds)`: pairs (falls, probabilities) to threshold and test F1."""
    rng = np.random.default_rng(4)
    thresholds = np.linspace(0.1, 0.9, 17)
    for _ in range(12):
        validation, test = _detector(rng, 0.3), _detector(rng, 0.15)
        curve = np.array([_scores(*validation, t)[2] for t in thresholds])
        best = thresholds[curve.argmax()]
        right = best, _scores(*test, best)[2]
        found = ask(choose_and_report, validation, test, thresholds)
        try:
            chosen, reported = (number(value) for value in found)
        except (TypeError, ValueError):
            raise Wrong(f"Give two numbers: `return threshold, f1`; I got {kind(found)}.") from None
        if np.isclose(chosen, right[0]) and np.isclose(reported, right[1], atol=1e-6):
            continue
        poisoned = test[0], rng.permutation(test[1])
        other = ask(choose_and_report, validation, poisoned, thresholds)
        if not np.isclose(number(other[0]), chosen):
            raise Wrong("With other test frames you chose another threshold. The test may not choose: it only judges.")
        if np.isclose(chosen, right[0]) and np.isclose(reported, curve.max()):
            raise Wrong("You report the F1 that chose the threshold. It was picked because it is high.")
        hits = [accuracy_score(validation[0], validation[1] > t) for t in thresholds]
        if np.isclose(chosen, thresholds[int(np.argmax(hits))]):
            raise Wrong("You chose by accuracy. Where falls are rare, never ringing is accurate. Choose by F1.")
        if np.isclose(chosen, thresholds[len(curve) - 1 - curve[::-1].argmax()]):
            raise Wrong("Several thresholds are equally good. The published search keeps the first of them.")
        raise Wrong(f"The first threshold with the highest F1 on validation is {best:.2f}; you chose {chosen:.2f}.")
    return "the test's frames never moved your threshold. This F1 you may show."


@exercise("6.3", "From frames to alarms", level=3, minutes=15)
def check_6_3(alarms):
    """`alarms(ringing, k, n)`: how often an alarm begins: at least k of the last n frames ring."""
    rng = np.random.default_rng(5)
    rows = [np.array([0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0]), rng.random(80) < 0.4, np.ones(10)]
    for ringing, k, n in [(rows[0], 2, 3), (rows[1], 3, 5), (rows[1], 2, 2), (rows[2], 3, 4), (rows[1], 1, 1)]:
        ringing = ringing.astype(bool).tolist()
        on = [sum(ringing[max(0, i - n + 1) : i + 1]) >= k for i in range(len(ringing))]
        right = sum(now and not before for before, now in zip([False, *on], on, strict=False))
        found = number(ask(alarms, ringing, k, n), "the number of alarms")
        if found == right:
            continue
        call = f"alarms({len(ringing)} frames, k={k}, n={n}) gave {found:g}, and an alarm begins {right} times. "
        if found == sum(on):
            raise Wrong(call + "You counted frames in alarm. While the bell rings, it does not begin again.")
        if found == sum(ringing):
            raise Wrong(call + "You counted ringing frames. Where do k and n come in?")
        blocks = sum(sum(ringing[i : i + n]) >= k for i in range(0, len(ringing), n))
        if found == blocks:
            raise Wrong(call + "You cut the film into blocks. The last n frames move along with every frame.")
        strict = [sum(ringing[max(0, i - n + 1) : i + 1]) > k for i in range(len(ringing))]
        if found == sum(now and not before for before, now in zip([False, *strict], strict, strict=False)):
            raise Wrong(call + "k of n frames are enough: at least k, not more than k.")
        raise Wrong(call + "For each frame: do k of the last n ring? Then count where this becomes true.")
    return "a family hears events, not frames. Divide by the hours of film, and you have false alarms an hour."


def _scores(falls, probabilities, threshold) -> np.ndarray:
    return np.array(
        precision_recall_fscore_support(falls, probabilities > threshold, average="binary", zero_division=0)[:3]
    )


def _detector(rng, gap: float) -> tuple[np.ndarray, np.ndarray]:
    falls = rng.random(60) < 0.3
    return falls, np.round(np.clip(0.25 + gap * falls + 0.25 * rng.normal(size=60), 0, 1), 2)
