"""From frames to alarms: by hand on small films, against scikit-learn on random ones."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from harkit import alarms, evaluation


def film(sequence, label, p_fall, rate=10):
    second = np.arange(len(p_fall)) / rate
    return pd.DataFrame({"sequence": sequence, "label": label, "second": second, "p_fall": p_fall})


@pytest.mark.parametrize(
    ("k", "n", "expected"),
    [
        (1, 1, [0, 1, 0, 1, 1, 0]),
        (2, 2, [0, 0, 0, 0, 1, 0]),
        (2, 3, [0, 0, 0, 1, 1, 1]),
        (1, 3, [0, 1, 1, 1, 1, 1]),
    ],
)
def test_k_of_the_last_n_frames_ring(k, n, expected):
    one = film("a", "fall", [0.1, 0.9, 0.5, 0.8, 0.7, 0.2])
    assert alarms.rings(one, 0.5, k, n).astype(int).tolist() == expected
    assert alarms.rings(one.sample(frac=1, random_state=0), 0.5, k, n).astype(int).tolist() == expected


@pytest.mark.parametrize(("k", "n"), [(0, 3), (4, 3)])
def test_more_frames_than_there_are_can_not_be_asked_for(k, n):
    with pytest.raises(ValueError, match=f"{k} of {n}"):
        alarms.rings(film("a", "fall", [0.1]), 0.5, k, n)


def test_events_count_beginnings_and_the_seconds_until_the_first():
    films = pd.concat([
        film("quiet", "non_fall", [0.9, 0.1, 0.9, 0.9]),
        film("seen", "fall", [0.1, 0.1, 0.9, 0.9]),
        film("missed", "fall", [0.1, 0.1]),
    ])  # fmt: skip
    table = alarms.events(films, 0.5, rate=10).set_index("sequence")
    assert table.alarms.to_dict() == {"missed": 0, "quiet": 2, "seen": 1}
    assert table.seconds.to_dict() == pytest.approx({"missed": 0.2, "quiet": 0.4, "seen": 0.4})
    assert table.delay["seen"] == pytest.approx(0.3) and np.isnan(table.delay["missed"])
    family = alarms.for_a_family(table.reset_index())
    assert (family["falls"], family["missed"], family["false_alarms"]) == (2, 1, 2)
    assert family["false_alarms_an_hour"] == pytest.approx(2 / 0.4 * 3600)
    assert family["delay"] == pytest.approx(0.3)


def test_without_quiet_film_there_is_no_rate():
    assert np.isnan(alarms.for_a_family(alarms.events(film("a", "fall", [0.9]), 0.5))["false_alarms_an_hour"])


def random_answers(n=300, seed=0, levels=40):
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.4
    p = np.clip(np.round((0.35 * truth + rng.random(n)) * levels / 1.4) / levels, 0, 1)  # with many equal ones
    return pd.DataFrame({"label": np.where(truth, "fall", "non_fall"), "p_fall": p, "p_non_fall": 1 - p})


@pytest.mark.parametrize("seed", range(3))
def test_the_exact_sweep_is_scikit_learns_at_every_threshold(seed):
    table = random_answers(seed=seed)
    truth, exact = table.label == "fall", evaluation.exact_sweep(table)
    assert len(exact) == table.p_fall.nunique()
    for row in exact.itertuples():
        rings = table.p_fall > row.threshold
        found = [score(truth, rings, zero_division=0) for score in (precision_score, recall_score, f1_score)]
        assert [row.precision, row.recall, row.f1] == pytest.approx(found)


@pytest.mark.parametrize("seed", range(5))
def test_no_threshold_anywhere_beats_the_exact_sweep(seed):
    table = random_answers(seed=seed, levels=1000)
    best = evaluation.exact_sweep(table).f1.max()
    tried = evaluation.sweep(table, thresholds=np.linspace(-0.01, 1, 2000)).f1.max()
    assert evaluation.sweep(table).f1.max() <= best and tried == pytest.approx(best)


def test_the_cheapest_threshold_depends_on_the_price_of_a_miss():
    films = pd.concat(
        [film(f"fall {i}", "fall", [p, p]) for i, p in enumerate((0.3, 0.5, 0.9))]
        + [film(f"quiet {i}", "non_fall", [p, p]) for i, p in enumerate((0.2, 0.4, 0.6, 0.45))]
    )
    grid = [0.1, 0.25, 0.35, 0.55, 0.7, 0.95]
    dear, table = alarms.cheapest(films, 100, grid)
    assert dear == 0.25, "no fall may be missed, and fewer false alarms than at 0.1"
    assert table.cost.tolist() == [4, 3, 103, 201, 200, 300]
    assert alarms.cheapest(films, 0.1, grid)[0] == 0.7
