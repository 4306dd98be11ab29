"""Checks of lesson 2: the majority answer, a mean picture, the nearest thumbnail."""

import numpy as np

from harkit.exercises.answers import Wrong, ask, kind, number
from harkit.exercises.checking import exercise

# The other pictures of 2.3, and what makes each of them look near.
NOT_THE_NEAREST = {
    "wraps": "In uint8, 3 − 5 is 254 and 16 · 16 is 0: differences come out wrong. Change the type first, of both.",
    "one": "One number there is 60 off, and its square is 3,600. Take all numbers, in a larger type than uint8, and "
    "square each difference before you add.",
    "cancels": "Differences above and below 0 cancel out. Make each of them positive before you add.",
    "darker": "Differences above and below 0 cancel out: a darker picture is not a nearer one. Square each of them.",
    "farthest": "That is the farthest. The smallest distance wins, and every difference counts as positive.",
}


@exercise("2.1", "Always the same answer", level=1, minutes=6)
def check_2_1(majority_accuracy):
    """`majority_accuracy(train_labels, test_labels)`: accuracy on the test of the commonest training label."""
    from sklearn.dummy import DummyClassifier

    cases = [
        (["b", "b", "a", "c", "b"], ["a", "a", "a", "b"]),
        (["sits"] * 3 + ["runs"] * 4, ["sits", "runs", "runs"]),
        (["a", "a", "b", "c"], ["b", "b", "b", "a", "c", "c"]),
    ]
    for train, test in cases:
        model = DummyClassifier(strategy="most_frequent").fit(np.zeros((len(train), 1)), train)
        right = float(model.score(np.zeros((len(test), 1)), test))
        found = number(ask(majority_accuracy, train, test), "the accuracy")
        if abs(found - right) < 1e-6:
            continue
        if abs(found - max(test.count(label) for label in test) / len(test)) < 1e-6:
            raise Wrong("The test helped to choose your answer. Who may look at the test before answering?")
        if abs(found - max(train.count(label) for label in train) / len(train)) < 1e-6:
            raise Wrong("That is its share in training. How often is this answer right on the test?")
        always, hits = max(train, key=train.count), round(right * len(test))
        if abs(found - hits) < 1e-6 or abs(found - 100 * right) < 1e-6:
            raise Wrong("Give a share between 0 and 1: right answers, divided by all test labels.")
        if abs(found - 1 / len(set(train))) < 1e-6:
            raise Wrong("That is guessing at random among the classes. Here one answer is always given.")
        raise Wrong(f"The answer is always '{always}'. In {test} it is right in {right:.0%}. You found {found:.3f}.")
    return "this is what every accuracy must beat, and on an uneven set it can be high."


@exercise("2.2", "A mean picture", level=1, minutes=8)
def check_2_2(mean_picture):
    """`mean_picture(pictures)`: (N, H, W, 3) uint8 to (H, W, 3) uint8, rounded."""
    rng = np.random.default_rng(0)
    for n, height, width in ((3, 4, 5), (40, 3, 2)):
        pictures = rng.integers(100, 256, (n, height, width, 3), dtype=np.uint8)
        mean = pictures.mean(axis=0)
        found = ask(mean_picture, pictures)
        if not isinstance(found, np.ndarray):
            raise Wrong(f"I expected an array, and got {kind(found)}.")
        if found.shape != mean.shape:
            raise Wrong(f"Its shape is {found.shape}, and a picture has {mean.shape}. Over which axis do you average?")
        wrapped = np.round(pictures.sum(axis=0, dtype=np.uint8) / n)
        if np.abs(found - wrapped).max() <= 1:
            raise Wrong("Much too dark: uint8 ends at 255, and your sum went round and round. Add in a larger type.")
        if found.dtype != np.uint8:
            raise Wrong(f"Its numbers are {found.dtype}. A picture is shown from uint8.")
        if np.abs(found - mean).max() <= 0.5 + 1e-9:
            continue
        if np.array_equal(found, mean.astype(np.uint8)):
            raise Wrong("`astype` cuts off what is behind the point: your picture is half a step too dark. Round.")
        if np.array_equal(found, np.round(np.median(pictures, axis=0)).astype(np.uint8)):
            raise Wrong("That is the median. It is a picture too, but another one.")
        raise Wrong("Average every pixel and colour over the pictures, round, and make it uint8.")
    return "averaged in a type that is large enough, rounded, and back to bytes."


@exercise("2.3", "The nearest thumbnail", level=2, minutes=10)
def check_2_3(nearest):
    """`nearest(picture, others)`: (H, W, 3) and (N, H, W, 3) uint8 to the number of the nearest other."""
    from sklearn.neighbors import NearestNeighbors

    rng = np.random.default_rng(3)
    for _ in range(6):
        picture = rng.integers(75, 180, (4, 4, 3), dtype=np.uint8)
        flat = picture.reshape(-1).astype(int)
        alternately, one = np.where(np.arange(48) // 3 % 2, 1, -1), np.arange(48) == 40
        others = {
            "nearest": flat + rng.choice([-5, 5, 5], 48), "wraps": flat + 16, "one": flat + 60 * one,
            "cancels": flat + 60 * alternately, "darker": flat - 45, "farthest": flat + 75,
        }  # fmt: skip
        names = [str(name) for name in rng.permutation(list(others))]
        rows = np.stack([others[name] for name in names])
        right = int(NearestNeighbors(n_neighbors=1).fit(rows).kneighbors(flat[None])[1][0, 0])
        found = number(ask(nearest, picture, rows.astype(np.uint8).reshape(-1, 4, 4, 3)), "the number of the nearest")
        if found == right:
            continue
        if found in range(len(names)):
            raise Wrong(NOT_THE_NEAREST[names[int(found)]])
        raise Wrong(f"I expected a whole number from 0 to {len(names) - 1}, and got {found:g}.")
    black, grey = np.zeros((4, 4, 3), np.uint8), np.stack([np.full((4, 4, 3), value, np.uint8) for value in (255, 100)])
    if number(ask(nearest, black, grey), "the number of the nearest") != 1:
        raise Wrong(
            "To a black picture, one that is 100 everywhere is nearer than one of 255. 255 · 255 is 65,025: does your "
            "type hold it, and the sum of all of them?"
        )
    return "this 'network' has learned nothing. Remember its accuracy when you train one."
