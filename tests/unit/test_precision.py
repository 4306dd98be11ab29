import copy
import shutil
from dataclasses import replace

import pytest
import torch
from torch import nn

from harkit import models, precision, recipes
from harkit.muon import Muon
from harkit.pictures import Batches, noise
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
    assert set(speed) == {*precision.suitable("cpu"), f"{chosen}, one thread"} and min(speed.values()) > 0
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
    computed = {name: [] for name in precision.suitable("cpu")}

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


@pytest.mark.skipif(not any(shutil.which(name) for name in ("c++", "g++", "clang++")), reason="no C++ compiler here")
def test_a_compiled_network_learns_the_same_and_compiles_whole_batches_only():
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 15 * 15, 6)
    network, images, labels = nn.Sequential(*layers), torch.randn(6, 3, 32, 32), torch.arange(6)
    losses, compiled = {"fp32": [], "fp32, compiled": []}, []
    for way, seen in losses.items():
        computing = Computing(copy.deepcopy(network), way, whole=6).train()
        if computing.compiled:
            quick = computing.compiled
            computing.compiled = lambda batch, quick=quick: compiled.append(len(batch)) or quick(batch)
        optimizer = torch.optim.SGD(computing.parameters(), 0.01)
        for few in (6, 6, 4, 6):
            loss = nn.functional.cross_entropy(computing(images[:few]), labels[:few])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seen.append(loss.item())
        with torch.no_grad():
            computing(images)
        seen.append(computing.eval()(images).mean().item())
    assert compiled == [6, 6, 6]
    assert losses["fp32, compiled"] == pytest.approx(losses["fp32"], rel=0.02, abs=0.02)
    assert losses["fp32"][0] - losses["fp32"][3] > 0.2


@pytest.mark.parametrize(("pictures", "expected"), [(10_000, "fp32"), (1_000_000, "fp32, compiled")])
def test_compiling_has_to_win_back_what_it_costs(network, monkeypatch, pictures, expected):
    clock = iter(range(0, 100_000, 500))  # each look at it is 500 s later
    monkeypatch.setattr(precision, "measure", lambda *_: {"fp32, compiled": 200.0})
    monkeypatch.setattr(precision.time, "perf_counter", lambda: next(clock))
    speed = {"fp32": 100.0}
    assert precision._compiled_or_not(network, None, None, pictures, "fp32", speed) == expected
    assert speed["fp32, compiled"] == 200


def test_where_nothing_compiles_the_training_goes_on_without(network, monkeypatch, caplog):
    def broken(*_, **__):
        raise RuntimeError("no compiler")

    monkeypatch.setattr(torch, "compile", broken)
    caplog.set_level("INFO", "harkit")
    images, speed = torch.zeros(2, 3, 32, 32), {"fp32": 1.0}
    assert precision._compiled_or_not(network, images, torch.arange(2), 10**6, "fp32", speed) == "fp32"
    assert speed == {"fp32": 1.0} and "torch.compile does not work here (RuntimeError)" in caplog.text


def test_half_precision_learns_like_float32_and_leaves_out_a_step_with_an_overflow(network):
    images, labels, losses = torch.randn(8, 3, 32, 32), torch.arange(8), {}
    for way in ("fp32", "fp16"):
        torch.manual_seed(1)
        computing = Computing(copy.deepcopy(network), way).train()
        for part in computing.modules():
            if isinstance(part, nn.Dropout):
                part.p = 0.0
        optimizer = torch.optim.SGD(computing.parameters(), 0.05, momentum=0.9)
        computing.watch_over(optimizer)
        for _ in range(20):
            loss = nn.functional.cross_entropy(computing(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        losses[way] = loss.item()
    assert max(losses.values()) < 0.2
    before, scale = [weight.clone() for weight in computing.parameters()], computing.scaler.get_scale()
    nn.functional.cross_entropy(computing(images), labels).backward()
    next(computing.parameters()).grad[:] = torch.inf
    optimizer.step()
    assert computing.scaler.get_scale() == scale / 2
    assert all(torch.equal(now, then) for now, then in zip(computing.parameters(), before, strict=True))


@pytest.mark.parametrize(
    ("device", "knows", "expected"), [("cpu", True, "bf16"), ("cuda", True, "bf16"), ("cuda", False, "fp16")]
)
def test_half_precision_is_for_gpus_that_imitate_bfloat16(monkeypatch, device, knows, expected):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: knows or including_emulation)
    assert precision.suitable(device) == ["fp32", "fp32 channels last", expected]


def test_the_time_of_an_epoch_counts_the_optimizer_and_changes_nothing(network, monkeypatch):
    now, before = [0.0], copy.deepcopy(network.state_dict())
    monkeypatch.setattr(precision.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(precision, "measure", lambda *_: {"fp32": 10.0})
    monkeypatch.setattr(Muon, "step", lambda self: now.__setitem__(0, now[0] + 2))
    recipe = replace(recipes.get("resnet", "improved"), batch_size=8)
    train = Batches(noise(40, 32), 8, "cpu", 0, recipes.change(recipe, 32))
    seconds = precision.seconds_an_epoch(Computing(network), train, 10, recipe, 32)
    # 40 pictures at 10 a second; 5 steps of 2 s; 10 pictures asked about, at 20 a second
    assert seconds == pytest.approx(precision.MARGIN * (4 + 10 + 0.5))
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert all(weight.grad is None for weight in network.parameters())
