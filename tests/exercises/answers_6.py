"""Answers to the exercises of lesson 6: right ones written in another way, and typical wrong ones with their hint."""

import numpy as np
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score
from sklearn.model_selection import GroupShuffleSplit, train_test_split


def named(frames, held_out):
    """`held_out`: numbers of rows."""
    return np.where(np.isin(np.arange(len(frames)), held_out), "validation", "train")


def both_sides(frames, sides):
    return all(set(frames.label[sides == side]) == {"fall", "non_fall"} for side in ("train", "validation"))


def by_group_shuffle(frames, share, seed, tries=1000, column="subject"):
    draws = GroupShuffleSplit(tries, test_size=share, random_state=seed).split(frames, groups=frames[column])
    for _, held_out in draws:
        sides = named(frames, held_out)
        if both_sides(frames, sides):
            break
    return sides


def by_shuffled_list(frames, share, seed):
    """A list of words, and int() where others round."""
    rng, people = np.random.RandomState(seed), sorted(set(frames.subject))
    sides = None
    while sides is None or not both_sides(frames, np.array(sides)):
        rng.shuffle(people)
        sides = ["validation" if s in people[: int(share * len(people))] else "train" for s in frames.subject]
    return sides


def by_frame(frames, share, seed):
    rows = np.arange(len(frames))
    return named(frames, train_test_split(rows, test_size=share, random_state=seed, stratify=frames.label)[1])


def first_draw(frames, share, seed):
    return by_group_shuffle(frames, share, seed, tries=1)


def another_generator_for_the_second_draw(frames, share, seed):
    sides = first_draw(frames, share, seed)
    return sides if both_sides(frames, sides) else by_group_shuffle(frames, share, None)


def from_the_global_generator(frames, share, seed):
    return by_group_shuffle(frames, share, None)


def every_seed_alike(frames, share, seed):
    return by_group_shuffle(frames, share, 42)


def one_person(frames, share, seed):
    return by_group_shuffle(frames, 2, seed)


def by_sklearn(falls, probabilities, threshold):
    rings = probabilities > threshold
    return tuple(f(falls, rings, zero_division=0) for f in (precision_score, recall_score, f1_score))


def swapped(falls, probabilities, threshold):
    precision, recall, f1 = by_sklearn(falls, probabilities, threshold)
    return recall, precision, f1


def plain_mean(falls, probabilities, threshold):
    precision, recall, _ = by_sklearn(falls, probabilities, threshold)
    return precision, recall, (precision + recall) / 2


def accuracy_first(falls, probabilities, threshold):
    return accuracy_score(falls, probabilities > threshold), *by_sklearn(falls, probabilities, threshold)[1:]


def without_guard(falls, probabilities, threshold):
    rings = probabilities > threshold
    hits = int((falls & rings).sum())
    precision, recall = hits / int(rings.sum()), hits / int(falls.sum())
    return precision, recall, 2 * precision * recall / (precision + recall)


def f1(part, threshold):
    return by_sklearn(*part, threshold)[2]


def in_a_loop(validation, test, thresholds):
    best, kept = -1, None
    for threshold in thresholds:
        if f1(validation, threshold) > best:
            best, kept = f1(validation, threshold), threshold
    return kept, f1(test, kept)


def last_best(validation, test, thresholds):
    return in_a_loop(validation, test, thresholds[::-1])


def chosen_on_test(validation, test, thresholds):
    return in_a_loop(test, test, thresholds)


def validation_figure(validation, test, thresholds):
    return in_a_loop(validation, validation, thresholds)


def by_accuracy(validation, test, thresholds):
    kept = max(thresholds, key=lambda t: accuracy_score(validation[0], validation[1] > t))
    return kept, f1(test, kept)


def accuracy_of_the_test(validation, test, thresholds):
    chosen, _ = in_a_loop(validation, test, thresholds)
    return chosen, accuracy_score(test[0], test[1] > chosen)


def macro_on_the_test(validation, test, thresholds):
    chosen, _ = in_a_loop(validation, test, thresholds)
    return chosen, f1_score(test[0], test[1] > chosen, average="macro")


def test_at_a_half(validation, test, thresholds):
    return in_a_loop(validation, test, thresholds)[0], f1(test, 0.5)


def beginnings(on):
    return int(np.diff(np.asarray(on).astype(int), prepend=0).clip(min=0).sum())


def counts(rings, n):
    return np.convolve(np.asarray(rings, dtype=int), np.ones(n, dtype=int))[: len(rings)]


def by_convolution(rings, k, n, rate):
    return beginnings(counts(rings, n) >= k) * 3600 * rate / len(rings)


def an_hour(alarms):
    """A function whose hours are right and whose number of alarms is `alarms(rings, k, n)`."""
    return lambda rings, k, n, rate: alarms(rings, k, n) / (len(rings) / rate / 3600)


def with_reset(rings, k, n):
    alarms, window = 0, []
    for ring in rings:
        window = [*window, ring][-n:]
        if sum(window) >= k:
            alarms, window = alarms + 1, []
    return alarms


def from_frame(first, rings, k, n):
    on = counts(rings, n) >= k
    return sum(on[i] and not on[i - 1] for i in range(first, len(on)))


def k_in_a_row(rings, k, n):
    return beginnings(counts(rings, k) >= k)


RIGHT = {
    "6.1": [by_group_shuffle, by_shuffled_list],
    "6.2": [by_sklearn],
    "6.3": [in_a_loop],
    "6.4": [by_convolution],
}
WRONG = {
    "6.1": [
        (by_frame, "Frames of one film stand on both sides"),
        (lambda frames, share, seed: by_group_shuffle(frames, share, seed, column="film"), "Every film is whole"),
        (first_draw, "without one of the two classes"),
        (from_the_global_generator, "nobody could repeat"),
        (every_seed_alike, "Six seeds gave one split"),
        (one_person, "Count people"),
        (lambda frames, share, seed: frames.subject.unique()[:3], "for each of the"),
    ],
    "6.2": [
        (swapped, "you swapped the two"),
        (lambda f, p, t: by_sklearn(f, p, t - 1e-6), "exactly the threshold"),
        (accuracy_first, "is the accuracy"),
        (plain_mean, "the plain mean"),
        (without_guard, "ZeroDivisionError"),
        (lambda f, p, t: by_sklearn(f, p, t) if f.any() else (1, 1, 1), "did you leave open"),
    ],
    "6.3": [
        (chosen_on_test, "The test may not choose"),
        (validation_figure, "that chose the threshold"),
        (by_accuracy, "chose by accuracy"),
        (last_best, "keeps the first"),
        (accuracy_of_the_test, "you report an accuracy"),
        (test_at_a_half, "still ring above 0.5"),
        (macro_on_the_test, "the macro F1, of both answers"),
    ],
    "6.4": [
        (an_hour(lambda rings, k, n: sum(counts(rings, n) >= k)), "While the bell rings"),
        (an_hour(lambda rings, k, n: sum(rings)), "Where do k and n come in"),
        (an_hour(lambda r, k, n: sum(sum(r[i : i + n]) >= k for i in range(0, len(r), n))), "into blocks"),
        (an_hour(lambda rings, k, n: beginnings(counts(rings, n) > k)), "not more than k"),
        (an_hour(with_reset), "forgets nothing"),
        (an_hour(lambda rings, k, n: from_frame(0, rings, k, n)), "the very first frame"),
        (an_hour(k_in_a_row), "frames in a row"),
        (lambda rings, k, n, rate: beginnings(counts(rings, n) >= k), "How many hours long"),
        (lambda rings, k, n, rate: by_convolution(rings, k, n, 1), "lasted a second"),
        (lambda rings, k, n, rate: by_convolution(rings, k, n, rate) / 60, "the unit is not"),
    ],
}
# Other wrong ones, whose hint another one above has too.
ALSO_WRONG = {
    "6.1": [another_generator_for_the_second_draw],
    "6.4": [
        an_hour(lambda rings, k, n: from_frame(1, rings, k, n)),
        an_hour(lambda rings, k, n: len(rings) >= n and beginnings(counts(rings, n) >= k)),  # waits for n frames
    ],
}
