"""The figures of the two published notebooks, and of others on the same photographs: all from published.json."""

import json
from functools import cache
from importlib.resources import files

import pandas as pd


@cache
def load() -> dict:
    """Everything in published.json, with its sources."""
    return json.loads(files("harkit").joinpath("published.json").read_text(encoding="utf-8"))


def summary() -> pd.DataFrame:
    """One row a network of notebook A, as reported: network, loss, train_, validation_ and test_accuracy (shares 0…1),
    examples_per_second, epochs, learning_rate, side (pixels), test_pictures, picture_set.
    """
    return pd.DataFrame(load()["networks"])


def class_counts() -> pd.DataFrame:
    """Pictures a class (rows) that notebook A printed for its train, validation and test folders (columns)."""
    table = load()["class_counts"]
    return pd.DataFrame.from_dict(table["rows"], orient="index", columns=table["columns"])


def report(network: str) -> pd.DataFrame:
    """The printed report of "vgg16" or "resnet": precision, recall and f1-score a class, and their macro average."""
    table = load()["reports"]
    return pd.DataFrame.from_dict(table[network], orient="index", columns=table["columns"])


def references() -> pd.DataFrame:
    """Honest test accuracies that others report on these photographs: what, test_accuracy, up_to, pretrained."""
    return pd.DataFrame(load()["references"])
