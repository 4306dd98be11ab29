import pytest

from harkit import published, recipes


def test_the_printed_class_counts_add_up_to_more_than_there_are():
    assert published.class_counts().sum().tolist() == [14812, 4227, 4231]
    assert published.class_counts().train.sum() > published.load()["drawn_from"]
    assert len(published.class_counts()) == 15


@pytest.mark.parametrize("network", ["vgg16", "resnet"])
def test_the_averages_of_a_report_are_those_of_its_rows(network):
    table = published.report(network)
    rows = table.drop(index="macro avg")
    assert len(rows) == 15 and list(rows.index) == list(published.class_counts().index)
    assert rows.mean().tolist() == pytest.approx(table.loc["macro avg"].tolist(), abs=0.01)


@pytest.mark.parametrize("network", ["vgg16", "resnet"])
def test_f1_follows_from_precision_and_recall(network):
    table = published.report(network).drop(index="macro avg")
    f1 = 2 * table.precision * table.recall / (table.precision + table.recall)
    assert (f1 - table["f1-score"]).abs().max() < 0.011


@pytest.mark.parametrize("network", ["vgg16", "resnet"])
def test_recalls_weighted_by_pictures_give_the_test_accuracy(network):
    recall = published.report(network).drop(index="macro avg").recall
    pictures = published.class_counts().test
    accuracy = published.summary().set_index("network").test_accuracy[network]
    assert (recall * pictures).sum() / pictures.sum() == pytest.approx(accuracy, abs=0.005)


def test_the_totals_are_the_sums_of_the_classes():
    assert published.load()["class_counts"]["totals"] == published.class_counts().sum().tolist()
    assert set(published.summary().test_pictures) == {published.class_counts().test.sum()}


@pytest.mark.parametrize("network", ["vgg16", "resnet"])
def test_the_published_recipe_trains_as_the_notebook_did(network):
    reported = published.summary().set_index("network").loc[network]
    recipe = recipes.get(network, "published")
    assert (recipe.epochs, recipe.learning_rate) == (reported.epochs, reported.learning_rate)


def test_sources_are_named():
    assert set(published.load()["sources"]) == {"A", "B"}
    assert published.references().test_accuracy.between(0.1, 0.9).all()
