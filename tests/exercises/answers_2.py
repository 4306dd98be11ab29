"""Answers to the exercises of lesson 2: right ones written in another way, and typical wrong ones with their hint."""

from collections import Counter

import numpy as np


def by_counter(train, test):
    label, _ = Counter(train).most_common(1)[0]
    return np.mean([answer == label for answer in test])


def bit_by_bit(pictures):
    total = np.zeros(pictures.shape[1:])
    for picture in pictures:
        total += picture
    return np.rint(total / len(pictures)).astype("uint8")


def loop(picture, others):
    best, where = float("inf"), None
    for i, other in enumerate(others):
        distance = np.abs(picture.astype(int) - other.astype(int)).sum()
        if distance < best:
            best, where = distance, i
    return where


RIGHT = {"2.1": [by_counter], "2.2": [bit_by_bit], "2.3": [loop]}
WRONG = {
    "2.1": [
        (lambda train, test: max(map(test.count, test)) / len(test), "commonest label of the test"),
        (lambda train, test: max(map(train.count, train)) / len(train), "share in training"),
        (lambda train, test: 1 / len(set(train)), "guessing at random"),
    ],
    "2.2": [
        (lambda pictures: (pictures.sum(axis=0, dtype=np.uint8) / len(pictures)).astype(np.uint8), "Much too dark"),
        (lambda pictures: pictures.mean(axis=0).astype(np.uint8), "half a step too dark"),
        (lambda pictures: pictures.mean(axis=0), "A picture is shown from uint8"),
        (lambda pictures: pictures.mean(axis=-1).round().astype(np.uint8), "Over which axis"),
    ],
    "2.3": [
        (lambda p, o: (((o.astype(float) - p) ** 2).reshape(len(o), -1).sum(1)).argmax(), "That is the farthest"),
        (lambda p, o: (o.astype(int) - p).reshape(len(o), -1).sum(1).argmin(), "cancel out"),
        (lambda p, o: (o - p).reshape(len(o), -1).sum(1).argmin(), "3 − 5 is 254"),
    ],
}
