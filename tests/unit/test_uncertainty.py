"""Figures with their uncertainty agree with libraries and with simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss, top_k_accuracy_score

from harkit import evaluation, uncertainty

CLASSES = ["calling", "cycling", "running"]


def table(rng, n=300, sharp=1.0, skill=1.5):
    """Predictions of a network that is well calibrated at `sharp` 1, and too sure above."""
    truth_logits = rng.normal(size=(n, 3)) * skill
    chances = softmax(truth_logits, axis=1)
    labels = [CLASSES[rng.choice(3, p=row)] for row in chances]
    p = softmax(truth_logits * sharp, axis=1)
    columns = {f"p_{name}": p[:, i] for i, name in enumerate(CLASSES)}
    predicted = [CLASSES[i] for i in p.argmax(axis=1)]
    return pd.DataFrame({"name": [f"{i}.jpg" for i in range(n)], "label": labels, "predicted": predicted, **columns})


def right_or_wrong(right) -> pd.DataFrame:
    right = np.asarray(right, dtype=bool)
    return pd.DataFrame({"name": range(len(right)), "label": "a", "predicted": np.where(right, "a", "b")})


def test_an_interval_by_group_covers_as_often_as_it_says_and_one_by_row_does_not():
    rng, covered = np.random.default_rng(0), {"by group": 0, "by row": 0}
    rounds, groups, size = 120, 40, 5
    for i in range(rounds):
        film = rng.random(groups) < 0.7  # a film is right as a whole: its frames are near-copies
        predictions = right_or_wrong(np.repeat(film, size))
        number = np.repeat(np.arange(groups), size)
        for name, of in (("by group", number), ("by row", np.arange(groups * size))):
            low, high = uncertainty.bootstrap(predictions, of, draws=120, seed=i)
            covered[name] += low <= 0.7 <= high
    assert 0.87 <= covered["by group"] / rounds <= 0.99
    assert covered["by row"] / rounds < 0.75


def test_a_bootstrap_of_single_pictures_is_near_wilson():
    predictions = right_or_wrong(np.arange(400) % 4 != 0)
    low, high = uncertainty.bootstrap(predictions, pd.Series(range(400)))
    assert (low, high) == pytest.approx(evaluation.interval(300, 400), abs=0.012)


def test_a_bootstrap_takes_any_score_and_repeats_with_its_seed():
    predictions = table(np.random.default_rng(1))
    groups = pd.Series(np.arange(300) // 3)

    def macro(rows):
        return evaluation.score(rows)["macro_f1"]

    first, again = (uncertainty.bootstrap(predictions, groups, macro, draws=60, seed=3) for _ in range(2))
    assert first == again and first[0] < macro(predictions) < first[1]


def test_one_group_has_no_interval():
    with pytest.raises(ValueError, match="two groups"):
        uncertainty.bootstrap(right_or_wrong([1, 0, 1]), pd.Series([7, 7, 7]))


def test_a_bootstrap_of_a_curve_is_a_band():
    predictions = table(np.random.default_rng(1))
    grid = np.array([0.3, 0.5, 0.9])

    def sure_enough(rows):
        return [(rows.filter(like="p_").max(axis=1) > g).mean() for g in grid]

    low, high = uncertainty.bootstrap(predictions, pd.Series(range(300)), sure_enough, draws=200)
    middle = np.array(sure_enough(predictions))
    assert low.shape == high.shape == (3,)
    assert (low <= middle).all() and (middle <= high).all() and high[1] - low[1] < 0.15
    single = uncertainty.bootstrap(predictions, pd.Series(range(300)), lambda rows: sure_enough(rows)[1], draws=200)
    assert single == pytest.approx((low[1], high[1]))


def test_the_interval_of_a_difference_is_newcombes():
    """Newcombe (1998), table II, method 10: 56/70 against 48/80, and 9/10 against 3/10."""
    for (a, n), (b, m), low, high in (((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090)):
        x, y = right_or_wrong([1] * a + [0] * (n - a)), right_or_wrong([1] * b + [0] * (m - b))
        found = uncertainty.difference(x, y)
        assert found == pytest.approx((a / n - b / m, low, high), abs=5e-5)


def test_the_interval_of_a_difference_covers_at_its_rate():
    rng, covered, rounds = np.random.default_rng(0), 0, 600
    for _ in range(rounds):
        a, b = right_or_wrong(rng.random(150) < 0.8), right_or_wrong(rng.random(90) < 0.5)
        _, low, high = uncertainty.difference(a, b)
        covered += low <= 0.3 <= high
    assert covered / rounds == pytest.approx(0.95, abs=0.025)


def test_mcnemar_is_the_sign_test_of_the_pictures_where_one_alone_is_right():
    a, b = right_or_wrong([1] * 60 + [0] * 40), right_or_wrong([1] * 48 + [0] * 12 + [1] * 4 + [0] * 36)
    found = uncertainty.mcnemar(a, b)
    assert (found["only_a"], found["only_b"]) == (12, 4)
    # two-sided: twice the chance of 4 or fewer heads in 16 throws
    assert found["p_value"] == pytest.approx(2 * sum([1, 16, 120, 560, 1820]) / 2**16)
    assert found["difference"] == pytest.approx(0.08)
    assert found["low"] < 0.08 < found["high"]


def test_networks_that_never_disagree_are_not_told_apart():
    a = right_or_wrong([1, 1, 0])
    assert uncertainty.mcnemar(a, a)["p_value"] == 1.0


def test_mcnemar_refuses_other_pictures():
    a = right_or_wrong([1, 0])
    with pytest.raises(ValueError, match="same pictures"):
        uncertainty.mcnemar(a, a.assign(name=[5, 6]))


def test_mcnemar_is_rarely_wrong_about_equal_networks_and_its_interval_covers():
    rng, rejected, covered, rounds = np.random.default_rng(0), 0, 0, 400
    for _ in range(rounds):
        a, b = (right_or_wrong(rng.random(200) < p) for p in (0.6, 0.6))
        found = uncertainty.mcnemar(a, b)
        rejected += found["p_value"] < 0.05
        covered += found["low"] <= 0 <= found["high"]
    assert rejected / rounds <= 0.06
    assert 0.92 <= covered / rounds <= 0.99


@pytest.mark.parametrize("paired", [None, 0.2])
def test_the_pictures_needed_give_the_power_that_was_asked_for(paired):
    p, q = 0.70, 0.60
    n = uncertainty.pictures_needed(p, q, paired_disagreement=paired)
    rng, found, rounds = np.random.default_rng(0), 0, 600
    for _ in range(rounds):
        if paired is None:
            x, y = rng.binomial(n, p) / n, rng.binomial(n, q) / n
            mean = (x + y) / 2
            found += abs(x - y) > uncertainty.Z * np.sqrt(2 * mean * (1 - mean) / n)
        else:
            only_a, only_b, _ = rng.multinomial(n, [0.15, 0.05, 0.8])
            found += abs(only_a - only_b) > uncertainty.Z * np.sqrt(only_a + only_b)
    assert found / rounds == pytest.approx(0.8, abs=0.05)


def test_two_points_need_thousands_of_pictures():
    assert 5_900 < uncertainty.pictures_needed(0.80, 0.82) < 6_100
    with pytest.raises(ValueError, match="Equal"):
        uncertainty.pictures_needed(0.8, 0.8)
    with pytest.raises(ValueError, match="at least"):
        uncertainty.pictures_needed(0.8, 0.6, paired_disagreement=0.1)


def test_a_calibrated_network_has_a_small_error_and_a_boastful_one_a_large_one():
    rng = np.random.default_rng(0)
    calibrated, boastful = table(rng, 4000), table(rng, 4000, sharp=4)
    assert uncertainty.calibration_error(calibrated) < 0.03
    assert uncertainty.calibration_error(boastful) > 0.1
    curve = uncertainty.calibration(boastful)
    assert curve.n.sum() == 4000 and curve.confidence.is_monotonic_increasing


def test_the_temperature_that_was_put_in_is_found_and_mends_other_pictures():
    rng = np.random.default_rng(0)
    validation, test = table(rng, 4000, sharp=3), table(rng, 4000, sharp=3)
    t = uncertainty.temperature(validation)
    assert t == pytest.approx(3, rel=0.1)
    mended = uncertainty.at_temperature(test, t)
    assert uncertainty.calibration_error(mended) < 0.4 * uncertainty.calibration_error(test)
    columns = [f"p_{name}" for name in CLASSES]
    assert log_loss(test.label, mended[columns]) < log_loss(test.label, test[columns])
    assert (mended[columns].to_numpy().argmax(1) == test[columns].to_numpy().argmax(1)).all()
    assert mended[columns].sum(axis=1).to_numpy() == pytest.approx(1)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_top_k_is_scikit_learns(k):
    predictions = table(np.random.default_rng(2))
    p = predictions[[f"p_{name}" for name in CLASSES]].to_numpy()
    expected = top_k_accuracy_score(predictions.label, p, k=k, labels=CLASSES) if k < 3 else 1.0
    assert uncertainty.top_k(predictions, k) == pytest.approx(expected)
