"""One table for every figure, and the table of README.md."""

import pandas as pd
import pytest

from harkit import comparison, published, recorded, runs, splits, training, uncertainty


@pytest.fixture
def trained(har_folder, config, monkeypatch):
    """A run of the published ResNet on small pictures, where the lessons keep theirs."""
    monkeypatch.setattr(splits.fetch, "fetch", lambda *_: har_folder)
    catalogue = splits.prepare("har", config)
    return training.fit(
        catalogue, config.results / "runs" / "resnet-published", "resnet", side=32, width=4, epochs=1,
        copies_per_class=2, cache=config.data / "decoded",
    )  # fmt: skip


def test_published_recorded_and_this_run_stand_in_one_table(trained, config):
    table = comparison.results(config)
    assert {"as published", "recorded, improved recipe, short form", "this run, published recipe"} <= set(table.what)
    claim = table[(table.network == "vgg16") & (table.what == "as published")].iloc[0]
    assert claim.accuracy == published.summary().set_index("network").test_accuracy["vgg16"]
    assert pd.isna(claim.low) and claim.scored_on == "leaky test"
    mine = table[table.what == "this run, published recipe"].iloc[0]
    assert mine.scored_on == "honest test" and mine.low <= mine.accuracy <= mine.high
    assert mine.epochs == runs.settings(trained)["epochs"] == 1
    clean = table[table.what.str.startswith("recorded")]
    assert set(clean.scored_on) == {"clean test"} and (clean.n == 1000).all()


def test_one_network_can_be_asked_for(trained, config):
    assert set(comparison.results(config, ("resnet",)).network) == {"resnet"}


def test_claimed_and_clean_are_of_one_run_and_never_of_the_same_pictures():
    table = recorded.claimed_and_clean().set_index("name")
    assert (table.n_clean == 1000).all()
    assert ((table.low < table.difference) & (table.difference < table.high)).all()
    for folder in recorded.folders("leak"):
        plan = runs.settings(folder)
        if plan["split"] == "leaky":
            answers = recorded.predictions(folder)
            own, clean = (answers[answers.part == part] for part in ("own test", "clean test"))
            row = table.loc[f"{recorded.NAMES[plan['network']]}, {plan['recipe']} recipe"]
            assert (row.claimed, row.clean) == (uncertainty.accuracy(own), uncertainty.accuracy(clean))
            assert not set(own.name) & set(clean.name)


def test_the_leak_inflates_what_the_improved_networks_claim():
    table = recorded.claimed_and_clean().set_index("name")
    assert table.low["ResNet, improved recipe"] > 0.4
    assert abs(table.clean - table.honest)["ResNet, improved recipe"] < 0.05


def test_probabilities_of_the_clean_test_belong_to_its_answers():
    for folder in recorded.folders("leak"):
        scored, answers = recorded.probabilities(folder), recorded.predictions(folder).query("part == 'clean test'")
        assert scored.name.tolist() == answers.name.tolist() and scored.predicted.tolist() == answers.predicted.tolist()
        p = scored.filter(like="p_")
        assert p.shape == (1000, 15) and p.sum(axis=1).between(0.98, 1.02).all()
        assert p.max(axis=1).to_numpy() == pytest.approx(answers.confidence.to_numpy(), abs=6e-4)
