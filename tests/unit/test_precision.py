import pytest
import torch
from torch import nn

from harkit import models, precision
from harkit.precision import Computing


@pytest.fixture
def network():
    torch.manual_seed(0)
    return models.build("resnet", 15, 32, 8)


def test_fp32_gives_what_the_network_gives(network):
    images = torch.randn(4, 3, 32, 32)
    assert torch.equal(Computing(network).eval()(images), network.eval()(images))


def test_bf16_computes_in_bfloat16_and_answers_close_by_in_float32(network):
    images, seen = torch.randn(4, 3, 32, 32), []
    exact = network.eval()(images)
    layer = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    layer.register_forward_hook(lambda _, inputs, output: seen.append((inputs[0], output.dtype)))
    logits = Computing(network, "bf16").eval()(images)
    assert seen[0][1] == torch.bfloat16 and logits.dtype == torch.float32
    assert seen[0][0].is_contiguous(memory_format=torch.channels_last)
    assert 0 < (logits - exact).abs().max() < 0.05 * exact.abs().max()
    assert all(weight.dtype == torch.float32 for weight in network.parameters())


def test_another_precision_is_refused(network):
    with pytest.raises(ValueError, match="no precision 'fp8'"):
        Computing(network, "fp8")


def test_the_choice_is_measured_and_leaves_the_network_alone(network, monkeypatch):
    images, labels = torch.randn(4, 3, 32, 32), torch.tensor([0, 1, 2, 3])
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with precision.threads_restored():
        torch.set_num_threads(2)
        chosen, threads, speed = precision.choose(network, images, labels)
        assert torch.get_num_threads() == 2 and threads in (1, 2)
    assert set(speed) == {*precision.PRECISIONS, f"{chosen}, one thread"} and min(speed.values()) > 0
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({"fp32": 1.0, "fp32 channels last": 0.9, "bf16": 0.5}, "bf16"),
        ({"fp32": 1.0, "fp32 channels last": 0.97, "bf16": 0.95}, "fp32"),  # not worth it
        ({"fp32": 1.0, "fp32 channels last": 0.92, "bf16": 0.9}, "fp32 channels last"),  # the same precision for less
        ({"fp32": 1.0, "fp32 channels last": 0.7, "bf16": 2.0}, "fp32 channels last"),
    ],
)
def test_the_fastest_wins_where_it_is_worth_it(network, monkeypatch, seconds, expected):
    monkeypatch.setattr(precision, "_step", lambda computing, *_: seconds[computing.precision])
    chosen, _, speed = precision.choose(network, torch.zeros(2, 3, 32, 32), torch.tensor([0, 1]))
    assert chosen == expected and speed["bf16"] == round(2 / seconds["bf16"], 3)


def test_what_is_hopeless_with_two_pictures_is_not_tried_with_a_batch(network, monkeypatch):
    computed = {name: [] for name in precision.PRECISIONS}

    def step(computing, images, _):
        computed[computing.precision].append(len(images))
        return len(images) * (0.5 if computing.precision == "bf16" else 0.1)

    monkeypatch.setattr(precision, "_step", step)
    speed = precision.measure(network, torch.zeros(8, 3, 32, 32), torch.arange(8))
    assert speed == {"fp32": 10, "fp32 channels last": 10, "bf16": 2} and set(computed["bf16"]) == {2}
    assert max(computed["fp32"]) == max(computed["fp32 channels last"]) == 8


def test_what_is_hopeless_with_its_first_batch_is_not_tried_with_another(network, monkeypatch):
    computed = []

    def step(computing, images, _):
        computed.append((computing.precision, len(images)))
        slow = computing.precision == "bf16" and len(images) > 2  # with two pictures it can't be seen
        return len(images) * (0.5 if slow else 0.1)

    monkeypatch.setattr(precision, "_step", step)
    speed = precision.measure(network, torch.zeros(8, 3, 32, 32), torch.arange(8))
    assert speed == {"fp32": 10, "fp32 channels last": 10, "bf16": 2}
    assert computed.count(("bf16", 8)) == 2 and computed.count(("fp32", 8)) == precision.STEPS + 1


@pytest.mark.parametrize(("alone", "expected"), [(0.8, 1), (1.3, 2)])
def test_one_thread_is_taken_where_two_are_slower(network, monkeypatch, alone, expected):
    monkeypatch.setattr(precision, "_step", lambda *_: 1.0 if torch.get_num_threads() > 1 else alone)
    with precision.threads_restored():
        torch.set_num_threads(2)
        chosen, threads, speed = precision.choose(network, torch.zeros(2, 3, 32, 32), torch.tensor([0, 1]))
    assert (chosen, threads) == ("fp32", expected) and speed["fp32, one thread"] == round(2 / alone, 3)


def watched(monkeypatch, seconds, measured=100.0):
    """Threads that are left after batches of 10 pictures that took so many `seconds` each."""
    clock = iter(torch.tensor([0.0, *seconds]).cumsum(0).repeat_interleave(2).tolist()[1:])
    monkeypatch.setattr(precision.time, "perf_counter", lambda: next(clock))
    with precision.threads_restored():
        torch.set_num_threads(2)
        watch = precision.ThreadWatch(measured)
        for _ in seconds:
            watch(10)
        return torch.get_num_threads()


def test_a_training_in_a_crowd_goes_on_with_one_thread(monkeypatch, caplog):
    assert watched(monkeypatch, [0.1] * 3 + [0.5] * 8) == 1  # 20 pictures a second, measured were 100
    assert caplog.text.count("goes on with one thread") == 1


@pytest.mark.parametrize(
    ("seconds", "measured"),
    [
        ([0.5] * 7 + [0.1] + [0.5] * 7, 100.0),  # now and then a checkpoint, a validation, somebody else's second
        ([0.3] * 20, 100.0),  # a third as fast: cores that are shared give that
        ([0.5] * 20, None),
    ],
)
def test_a_training_that_is_slow_otherwise_keeps_its_threads(monkeypatch, caplog, seconds, measured):
    assert watched(monkeypatch, seconds, measured) == 2 and not caplog.text
