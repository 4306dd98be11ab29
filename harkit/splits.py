"""Which part of the experiment each picture belongs to: training, validation or test. Three honest ways, two leaky."""

import logging
import os
import warnings

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from harkit import catalogue as catalogues
from harkit import fetch
from harkit.layouts import find_top, list_files
from harkit.settings import InputError, Settings

log = logging.getLogger(__name__)

SPLITS = ("train", "validation", "test")


def prepare(kind: str, settings: Settings) -> pd.DataFrame:
    """The catalogue of `kind` ("har" or "falls") with its honest split: read from the results folder, or made there.

    The split is a CSV file: every lesson sees the same one, and a second call changes nothing.
    """
    source, count = (settings.har, settings.drawn_count) if kind == "har" else (settings.falls, settings.drawn_subjects)
    folder = fetch.fetch(kind, source, settings.data, count, settings.seed)
    path = settings.results / f"{kind}_split.csv"
    if path.exists():
        if (catalogue := _load(path, folder)) is not None:
            return catalogue
        log.warning("%s is damaged, or of other pictures than those in %s: making it anew.", path.name, folder.name)
    catalogue = catalogues.read(folder, settings.data / "decoded")
    if kind == "har":
        catalogue = honest(catalogue, settings.split_sizes, settings.seed)
    else:
        catalogue = by_subject(catalogue, settings.seed)
    catalogues.save(catalogue, path, folder)
    return catalogue


def _load(path, folder) -> pd.DataFrame | None:
    """The split that was saved at `path`; None where it is cut, or of other names, labels or sizes of files than
    those in the folder."""
    try:
        catalogue = catalogues.load(path, folder)
    except InputError:
        return None
    known = sorted(zip(catalogue.name, catalogue.label, strict=True))
    same = known == sorted(row[:2] for row in list_files(find_top(folder)))
    sizes = [os.path.getsize(path) if os.path.exists(path) else 0 for path in catalogue.path]
    return catalogue if same and sizes == list(catalogue.bytes) else None


def divide(catalogue: pd.DataFrame, way: str, seed: int = 0, sizes: tuple = (5000, 1000, 1000)) -> pd.DataFrame:
    """Split by name: honest, leaky, all, frame or subject. Raises InputError where the pictures do not allow it.

    "all" is for a network that other pictures will judge: no test part, one of twenty to watch the training by, the
    rest to train on.
    """
    if way in ("frame", "subject") and not (catalogue.subject != "").any():
        raise InputError(f"A split by {way} needs the falls layout (train/<subject>/fall/…): choose honest or leaky.")
    if way == "frame":
        return by_frame(catalogue)
    if way == "subject":
        return by_subject(catalogue, seed)
    if way == "all":
        return honest(catalogue, (19 * len(catalogue), len(catalogue), 0), seed)
    return honest(catalogue, sizes, seed) if way == "honest" else leaky(catalogue, sizes, seed)


def part(catalogue: pd.DataFrame, split: str) -> pd.DataFrame:
    """The rows of one split, with a fresh index."""
    return catalogue[catalogue.split == split].reset_index(drop=True)


def used(catalogue: pd.DataFrame) -> pd.DataFrame:
    """The rows that belong to a split, with a fresh index."""
    return catalogue[catalogue.split.isin(SPLITS)].reset_index(drop=True)


def counts(catalogue: pd.DataFrame) -> pd.DataFrame:
    """Pictures per class (rows) and per split (columns), with sums."""
    rows = used(catalogue)
    table = pd.crosstab(rows.label, rows.split).reindex(columns=list(SPLITS), fill_value=0)
    table.columns.name = None
    table.loc["all"] = table.sum()
    return table


LEAKS = {  # what a held-out picture may share with a training picture, the worst first
    "same file": "path",
    "byte-identical copy": "digest",
    "near-duplicate or changed copy": "group",
    "same sequence": "sequence",
    "same subject": "subject",
}


def leaks(catalogue: pd.DataFrame) -> pd.DataFrame:
    """How many validation and test pictures share something with a training picture: one row a kind of leak.

    Columns: leak, validation, test, example (a name). A picture counts once, under its worst leak. All zeros mean that
    the split has none of these; it says nothing about others, such as one photographer in every part.
    """
    rows = used(catalogue)
    train, held_out, table = rows[rows.split == "train"], rows[rows.split != "train"], []
    for leak, column in LEAKS.items():
        known = set(train[column].astype(str)) - {""}
        hit = held_out[held_out[column].astype(str).isin(known)]
        counts = {split: int((hit.split == split).sum()) for split in SPLITS[1:]}
        table.append({"leak": leak, **counts, "example": hit.name.iloc[0] if len(hit) else ""})
        held_out = held_out.drop(hit.index)
    return pd.DataFrame(table)


def check(catalogue: pd.DataFrame) -> None:
    """Warn of each leak of a split, by name. Raises InputError where there is nothing to train, to validate on or to
    tell apart."""
    if len(found := catalogues.classes(catalogue)) < 2:
        raise InputError(f"Telling apart needs two classes or more, and here is only {', '.join(found) or 'none'}.")
    for name in SPLITS[:2]:
        if not (catalogue.split == name).any():
            raise InputError(f"The split has no {name} pictures: give more pictures.")
    for leak in leaks(catalogue).itertuples():
        if leak.validation or leak.test:
            log.warning(
                "This split leaks (%s): %s validation and %s test pictures have their like in training, such as %s.",
                leak.leak, leak.validation, leak.test, leak.example,
            )  # fmt: skip


def honest(catalogue: pd.DataFrame, sizes: tuple[int, int, int], seed: int = 0) -> pd.DataFrame:
    """Draw training, validation and test pictures of the given sizes: stratified by label, groups never divided.

    Where there are fewer pictures than the sizes ask for, all three parts shrink alike; where there are more, the
    rest keeps an empty split.
    """
    return _split_groups(catalogue, sizes, seed, group="group")


def by_frame(catalogue: pd.DataFrame, seed: int = 42) -> pd.DataFrame:
    """As published for the falls: scikit-learn's 80/20 by single frame, stratified by label, random state 42.

    Neighbouring frames of one sequence are divided. Raises InputError where a class has too few frames.
    """
    labelled = catalogue[catalogue.status == "labelled"]
    try:
        _, validation = train_test_split(labelled.index, test_size=0.2, stratify=labelled.label, random_state=seed)
    except ValueError as error:
        few = labelled.label.value_counts().to_dict()
        raise InputError(f"A split by frame needs more frames of each class: here are {few}.") from error
    split = pd.Series("", index=catalogue.index)
    split[labelled.index] = "train"
    split[validation] = "validation"
    return catalogue.assign(split=split)


def by_subject(catalogue: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Whole subjects to training (about 60 %), validation and test (20 % each); with two subjects no test part.

    Stratified: among the ways to divide the people, scikit-learn's StratifiedGroupKFold takes one in which the share of
    falls is as equal as it can be. Raises InputError where there is only one subject, or a part would hold one class
    only.
    """
    labelled = catalogue[(catalogue.status == "labelled") & (catalogue.subject != "")]
    count = labelled.subject.nunique()
    if count < 2:
        raise InputError(f"A split by subject needs two subjects or more, and here are {count}.")
    folds = StratifiedGroupKFold(min(5, count), shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a class with fewer frames than folds: checked below, in words
        held_out = [rows for _, rows in folds.split(labelled, labelled.label, labelled.subject)]
    split = pd.Series("", index=catalogue.index)
    split[labelled.index] = "train"
    split[labelled.index[held_out[0]]] = "validation"
    if count > 2:
        split[labelled.index[held_out[1]]] = "test"
    for name, rows in catalogue.groupby(split):
        if name and rows.label.nunique() < 2:
            people = ", ".join(sorted(rows.subject.unique()))
            raise InputError(
                f"The {name} subjects ({people}) hold frames of one class only ({rows.label.iloc[0]}): "
                "add subjects with both classes, or choose another seed."
            )
    return catalogue.assign(split=split)


def leaky(catalogue: pd.DataFrame, sizes: tuple[int, int, int], seed: int = 0, runs: int = 5) -> pd.DataFrame:
    """As the published notebook did by accident: several draws into folders that nobody emptied between them.

    Each run draws 5/9 of the labelled pictures (7,000 of 12,600) and splits them anew. A picture stands in the result
    once for every part that any run put it into, so the same picture can be trained on and tested on.
    """
    labelled = catalogue[catalogue.status == "labelled"]
    drawn = round(len(labelled) * 5 / 9)
    first, second = np.cumsum([round(drawn * size / sum(sizes)) for size in sizes[:2]])
    rng, rows = np.random.default_rng(seed), []
    for _ in range(runs):
        order = rng.choice(len(labelled), drawn, replace=False)
        for name, chosen in zip(SPLITS, np.split(order, [first, second]), strict=True):
            rows.append(labelled.iloc[chosen].assign(split=name))
    return pd.concat(rows).drop_duplicates(["path", "split"]).sort_values(["split", "name"], ignore_index=True)


def _split_groups(catalogue: pd.DataFrame, sizes: tuple, seed: int, group: str) -> pd.DataFrame:
    """Fill the parts class by class: large groups first, each into a part drawn by the places still free in it."""
    rng = np.random.default_rng(seed)
    labelled = catalogue[catalogue.status == "labelled"]
    home = labelled.groupby(group).label.transform("first")  # a group with two labels counts for one of them
    share = np.array([*sizes, max(0, len(labelled) - sum(sizes))]) / max(len(labelled), sum(sizes))
    split = pd.Series("", index=catalogue.index)
    for free, (_, rows) in zip(_quotas(home.value_counts().sort_index(), share), labelled.groupby(home), strict=True):
        groups = [members.index for _, members in rows.groupby(group)]
        order = sorted(rng.permutation(len(groups)), key=lambda i: -len(groups[i]))
        for i in order:
            size = len(groups[i])
            fits = np.where(free >= size, free, 0)
            chances = fits if fits.sum() else np.maximum(free, 0)
            choice = rng.choice(4, p=chances / chances.sum())
            free[choice] -= size
            split[groups[i]] = [*SPLITS, ""][choice]
    return catalogue.assign(split=split)


def _quotas(available: pd.Series, share: np.ndarray) -> np.ndarray:
    """Places per class and part, (classes, 4): whole numbers whose rows and columns sum to what they should."""
    exact = np.cumsum(np.cumsum(available.to_numpy()[:, None] * share, axis=0), axis=1)
    corners = np.rint(np.vstack([np.zeros(len(share)), exact]))
    corners = np.hstack([np.zeros((len(corners), 1)), corners])
    return np.diff(np.diff(corners, axis=0), axis=1).astype(int)
