"""From a trained run to honest figures: predictions, scores with intervals, baselines, thresholds, submissions."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from PIL import Image
from scipy.stats import binomtest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    classification_report,
    confusion_matrix,
    f1_score,
    precision_recall_curve,
    precision_recall_fscore_support,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from harkit.settings import InputError

if TYPE_CHECKING:
    from harkit.pictures import PictureSet

THUMBNAIL = 16  # pixels: the baselines see no more
FALL = "fall"


def predict(run: Path | str, catalogue: pd.DataFrame, cache: Path, blank: bool = False, change=None) -> pd.DataFrame:
    """What a run says of each picture: path, name, label, predicted, and one probability a class (`p_<class>`).

    `change` is applied to the pixels before they are normalised: the `augment` of `harkit.pictures.Batches`.
    """
    from harkit import pictures, precision, runs, training  # torch takes seconds: only where a network is asked

    precision.keep_memory()
    model, plan = runs.load(run)
    asked = pictures.PictureSet(catalogue, runs.side(plan), cache, plan["classes"], blank)
    normalisation = pictures.NORMALISATION[plan["hyperparameters"]["normalisation"]]
    device = next(model.parameters()).device
    batches = pictures.Batches(asked, 32, device, augment=change, normalisation=normalisation)
    logits, _ = training.predict_logits(runs.answering(model, plan), batches)
    return runs.answer_table(logits, asked.catalogue, plan["classes"])


def unseen(run: Path | str, catalogue: pd.DataFrame) -> pd.DataFrame:
    """The labelled pictures that the run neither trained nor chose on, by content, nor a near-duplicate of one.

    A near-duplicate is found where the picture that it repeats lies in this catalogue, too, byte for byte.
    """
    from harkit import runs

    used = pd.read_csv(runs.intact(run, "split.csv"), dtype=str, keep_default_na=False)
    used = set(used.digest[used.split.isin(["train", "validation"])])
    labelled = catalogue[catalogue.status == "labelled"]
    touched = set(labelled.group[labelled.digest.isin(used)])
    return labelled[~labelled.group.isin(touched)].reset_index(drop=True)


def score(predictions: pd.DataFrame) -> dict:
    """Accuracy with its 95 % Wilson interval (Wilson, 1927), macro F1 and the number of pictures."""
    accuracy = accuracy_score(predictions.label, predictions.predicted)
    low, high = interval(round(accuracy * len(predictions)), len(predictions))
    macro = f1_score(predictions.label, predictions.predicted, average="macro", zero_division=0)
    return {"accuracy": accuracy, "low": low, "high": high, "macro_f1": float(macro), "n": len(predictions)}


def interval(right: int, n: int) -> tuple[float, float]:
    """The 95 % Wilson interval of `right` out of `n`."""
    bounds = binomtest(right, n).proportion_ci(method="wilson")
    return float(bounds.low), float(bounds.high)


def report(predictions: pd.DataFrame) -> pd.DataFrame:
    """Precision, recall, F1 and support a class, with names; then their plain and their weighted average."""
    table = classification_report(predictions.label, predictions.predicted, output_dict=True, zero_division=0)
    return pd.DataFrame({name: row for name, row in table.items() if name != "accuracy"}).T


def confusion(predictions: pd.DataFrame) -> pd.DataFrame:
    """Shares of each true class (rows sum to 1) that were predicted as each class (columns)."""
    classes = [column[2:] for column in predictions if column.startswith("p_")]
    matrix = confusion_matrix(predictions.label, predictions.predicted, labels=classes)
    return pd.DataFrame(matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1), classes, classes)


def worst_mistakes(predictions: pd.DataFrame, n: int = 10) -> pd.DataFrame:
    """The wrong answers that the network was surest of, with the probability of its answer as `confidence`."""
    wrong = predictions[predictions.predicted != predictions.label]
    confidence = wrong.filter(like="p_").max(axis=1)
    return wrong.assign(confidence=confidence).nlargest(n, "confidence")


def baselines(pictures: "PictureSet", tested: str = "test") -> pd.DataFrame:
    """What no network is needed for: name, accuracy, low, high, macro_f1, n on one part of a PictureSet.

    Majority answer; nearest neighbour and logistic regression on 16×16 thumbnails; all fitted on the training part.
    """
    train, test = pictures.part("train"), pictures.part(tested)
    ways = {
        "majority": DummyClassifier(strategy="most_frequent"),
        "nearest neighbour, 16×16": KNeighborsClassifier(1),
        "linear model, 16×16": make_pipeline(StandardScaler(), LogisticRegression(C=0.001, max_iter=200)),
    }
    x_train, x_test = thumbnails(train), thumbnails(test)
    rows = []
    for name, way in ways.items():
        answers = way.fit(x_train, train.catalogue.label).predict(x_test)
        rows.append({"name": name, **score(pd.DataFrame({"label": test.catalogue.label, "predicted": answers}))})
    return pd.DataFrame(rows)


def sweep(predictions: pd.DataFrame, thresholds: np.ndarray | None = None) -> pd.DataFrame:
    """Precision, recall and F1 for "fall" at each threshold on its probability; 50 from 0.1 to 0.9 as published."""
    truth, probability = predictions.label == FALL, predictions[f"p_{FALL}"]
    rows = []
    for threshold in np.linspace(0.1, 0.9, 50) if thresholds is None else thresholds:
        precision, recall, f1, _ = precision_recall_fscore_support(
            truth, probability > threshold, average="binary", zero_division=0
        )
        rows.append((threshold, precision, recall, f1))
    return pd.DataFrame(rows, columns=["threshold", "precision", "recall", "f1"])


def exact_sweep(predictions: pd.DataFrame) -> pd.DataFrame:
    """Precision, recall and F1 at every threshold that changes an answer, from scikit-learn's precision_recall_curve.

    Columns as `sweep` has them. A frame is a fall where its probability is *above* the threshold, so each
    threshold lies halfway between two probabilities that occur.
    """
    truth, p = predictions.label == FALL, predictions[f"p_{FALL}"].to_numpy(dtype=float)
    precision, recall, least = precision_recall_curve(truth, p)  # a fall where p >= least
    threshold = (np.append(-1e-9, least[:-1]) + least) / 2
    precision, recall = precision[:-1], recall[:-1]  # the last point has no threshold
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return pd.DataFrame({"threshold": threshold, "precision": precision, "recall": recall, "f1": f1})


def best_threshold(table: pd.DataFrame) -> float:
    """The first threshold of a sweep with the highest F1, as published: a later one must be strictly better."""
    return float(table.loc[table.f1.idxmax(), "threshold"])


def chosen_threshold(run: Path | str) -> float:
    """The best threshold of a fall detector's run on its validation pictures."""
    return best_threshold(sweep(validation_predictions(run)))


def at_threshold(predictions: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """The same predictions with "fall" wherever its probability is above the threshold."""
    answers = np.where(predictions[f"p_{FALL}"] > threshold, FALL, "non_fall")
    return predictions.assign(predicted=answers)


def validation_predictions(run: Path | str) -> pd.DataFrame:
    """What the run's kept weights said of its validation pictures."""
    from harkit import runs

    return load_predictions(runs.intact(run, "validation.csv"))


def load_predictions(path: Path | str) -> pd.DataFrame:
    """A table of predictions that `catalogue.write_table` wrote: every figure computed from it is as before."""
    table = pd.read_csv(path, keep_default_na=False, dtype=str)  # pandas rounds where it reads numbers itself
    return table.astype({name: float for name in table if name.startswith("p_") or name == "confidence"})


def submission(run: Path | str, catalogue: pd.DataFrame, cache: Path) -> pd.DataFrame:
    """An answer for every test picture without a label, in the order of the set: `id,label` (1 is a fall) for the
    falls, with the threshold chosen on the run's validation pictures, else `filename,label`.

    A picture that can't be read is named in a warning and a blank one stands in, so that every id keeps its row.
    """
    tested = catalogue[(catalogue.label == "") & (catalogue.status != "unlisted")].reset_index(drop=True)
    if tested.empty:
        raise InputError("There are no test pictures without a label here: give a set with a test/ folder.")
    predictions = predict(run, tested, cache, blank=True)
    names = [Path(name).name for name in predictions.name]
    if f"p_{FALL}" not in predictions:
        return pd.DataFrame({"filename": names, "label": predictions.predicted})
    falls = at_threshold(predictions, chosen_threshold(run)).predicted == FALL
    return pd.DataFrame({"id": names, "label": falls.astype(int)})


def thumbnails(pictures: "PictureSet") -> np.ndarray:
    """What the baselines see of each picture: 16 × 16 pixels, (N, 768) in 0…1."""
    small = [
        np.asarray(Image.fromarray(pictures[i]).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX))
        for i in range(len(pictures))
    ]
    return np.stack(small).reshape(len(small), -1) / 255
