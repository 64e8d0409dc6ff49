"""The file of an atlas: it comes back as it was, and what is damaged is refused."""

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from few import few_images
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from genlib.checkpoint import load_model
from genlib.data import assets
from genlib.data.images import load_images
from genlib.knobs import InputError
from genlib.latent import Atlas, atlas_bytes, atlas_images, parse_atlas, read_atlas, write_atlas
from genlib.pretrain import BUNDLED
from genlib.settings import FAMILIES
from genlib.studio import make_atlas

pytestmark = pytest.mark.fast

torch.set_num_threads(1)

DRAWING = [name for name, bundle in BUNDLED.items() if bundle.settings.family in FAMILIES]
HALVES = ("codes", "spread")


def bundled(name):
    return assets() / "models" / name


def made_up(n=7, d=3, r=2, kl=True, spread=True, seed=0):
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    return Atlas(
        codes=draw(n, d),
        labels=rng.integers(10, size=n).astype(np.uint8),
        spread=np.abs(draw(n, d)) * spread,
        mean=draw(d),
        deviation=np.abs(draw(d)),
        directions=draw(r, d),
        effects=-np.sort(-np.abs(draw(r))),
        coordinate_effects=np.abs(draw(d)),
        kl=draw(d if kl else 0),
        class_means=draw(10, d),
    )


def same(a, b):
    for field in fields(Atlas):
        one, other = getattr(a, field.name), getattr(b, field.name)
        assert one.dtype == other.dtype == (np.uint8 if field.name == "labels" else np.float32)
        expected = one.astype(np.float16).astype(np.float32) if field.name in HALVES else one
        np.testing.assert_array_equal(other, expected, err_msg=field.name)


@given(
    n=st.integers(1, 20),
    d=st.integers(1, 20),
    kl=st.booleans(),
    spread=st.booleans(),
    seed=st.integers(0, 99),
)
@settings(deadline=None, max_examples=60)
def test_an_atlas_comes_back_to_half_precision(n, d, kl, spread, seed):
    atlas = made_up(n, d, min(d, 16), kl, spread, seed)
    again = parse_atlas(atlas_bytes(atlas))
    same(atlas, again)
    assert atlas_bytes(again) == atlas_bytes(atlas)


def test_a_file_is_written_and_read_and_nothing_is_left_beside_it(tmp_path):
    write_atlas(made_up(seed=1), tmp_path)
    write_atlas(made_up(seed=2), tmp_path)
    same(made_up(seed=2), read_atlas(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["atlas.safetensors"]


def test_codes_beyond_half_precision_are_kept_whole():
    atlas = replace(made_up(), codes=np.full((7, 3), 123456.0, np.float32))
    assert (parse_atlas(atlas_bytes(atlas)).codes == 123456).all()


def test_a_spread_of_nothing_takes_no_room():
    assert load(atlas_bytes(made_up(spread=False)))["spread"].shape == (0, 3)
    assert load(atlas_bytes(made_up()))["spread"].shape == (7, 3)


@given(at=st.integers(0, 10**6), value=st.integers(0, 255), cut=st.integers(0, 10**6))
@settings(deadline=None, max_examples=300)
def test_an_altered_file_is_refused_or_still_an_atlas(at, value, cut):
    content = bytearray(atlas_bytes(made_up()))
    content[at % len(content)] = value
    for altered in (bytes(content), bytes(content[: cut % len(content)])):
        try:
            found = parse_atlas(altered)
        except InputError:
            continue
        assert atlas_bytes(parse_atlas(atlas_bytes(found))) == atlas_bytes(found)
        assert all(np.isfinite(getattr(found, field.name)).all() for field in fields(Atlas))
        assert found.labels.max() <= 9


def shorter(name):
    return lambda arrays: arrays | {name: arrays[name][:-1]}


def of(name, value, place=-1):
    def change(arrays):
        changed = arrays[name].copy()
        changed.flat[place] = value
        return arrays | {name: changed}

    return change


@pytest.mark.parametrize(
    "change",
    [
        *(shorter(name) for name in ("codes", "labels", "mean", "deviation", "effects", "kl", "class_means")),
        lambda arrays: {name: array for name, array in arrays.items() if name != "kl"},
        lambda arrays: arrays | {"more": arrays["kl"]},
        lambda arrays: arrays | {"mean": arrays["mean"].astype(np.float64)},
        lambda arrays: arrays | {"labels": arrays["labels"].astype(np.int64)},
        lambda arrays: (
            arrays | {"codes": arrays["codes"][:0], "labels": arrays["labels"][:0], "spread": np.zeros((0, 3))}
        ),
        lambda arrays: arrays | {"effects": np.zeros(4, np.float32), "directions": np.zeros((4, 3), np.float32)},
        of("codes", np.nan),
        of("mean", np.inf),
        of("labels", 10),
        of("spread", -1),
        of("deviation", -1),
        of("coordinate_effects", -1),
        of("effects", 1e3),  # the last is no longer the smallest
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(change):
    arrays = load(atlas_bytes(made_up()))
    assert parse_atlas(save(arrays))
    with pytest.raises(InputError, match="damaged"):
        parse_atlas(save(change(arrays)))


def test_a_missing_file_and_an_endless_one_are_refused(tmp_path):
    with pytest.raises(InputError, match="missing"):
        read_atlas(tmp_path)
    write_atlas(made_up(), tmp_path)
    with (tmp_path / "atlas.safetensors").open("ab") as file:
        file.truncate(2**30)
    with pytest.raises(InputError, match="damaged"):
        read_atlas(tmp_path)


def test_a_disk_that_refuses_is_told(tmp_path):
    with pytest.raises(InputError, match="could not be written"):
        write_atlas(made_up(), tmp_path / "nowhere")


def test_the_images_are_spread_evenly():
    chosen = atlas_images(load_images())
    assert (len(chosen), chosen[0], chosen[-1]) == (2000, 0, 9995)
    assert set(np.diff(chosen)) == {5}
    assert list(atlas_images(few_images())) == list(range(20))


@pytest.mark.parametrize("name", DRAWING)
def test_a_bundled_atlas_belongs_to_its_model(name):
    atlas, model, images = read_atlas(bundled(name)), load_model(bundled(name)), load_images()
    assert (bundled(name) / "atlas.safetensors").stat().st_size < 420_000
    assert atlas.codes.shape == (2000, model.latent_dim)
    labels = torch.tensor(atlas.labels).long()
    with torch.no_grad():
        if model.can_encode:
            chosen = atlas_images(images)
            assert np.array_equal(atlas.labels, images.test_labels[chosen])
            codes = model.encode(torch.tensor(images.test[chosen])[:, None] / 255, labels).numpy()
            np.testing.assert_allclose(atlas.codes, codes, rtol=2e-3, atol=2e-3)
            for values, expected in ((atlas.mean, codes.mean(0)), (atlas.deviation, codes.std(0))):
                np.testing.assert_allclose(values, expected, rtol=1e-3, atol=1e-3)
        # A small move along each direction, another way than by differences: at codes that were not looked at.
        z = torch.tensor(atlas.codes[7::19])
        moved = [model.decode(z + 0.01 * torch.tensor(row), labels[7::19]) for row in atlas.directions]
        effects = [float(((x - model.decode(z, labels[7::19])) / 0.01).square().mean().sqrt()) for x in moved]
    np.testing.assert_allclose(effects, atlas.effects, rtol=0.35, atol=2e-3)


@pytest.mark.parametrize("name", ["ae-2d", "vae-2d"])
def test_a_bundled_atlas_can_be_made_again(name):
    made, kept = make_atlas(bundled(name)), read_atlas(bundled(name))
    for field in fields(Atlas):
        atol = 2e-3 * max(1, np.abs(made.codes).max() / 4) if field.name in HALVES else 1e-3
        np.testing.assert_allclose(getattr(made, field.name), getattr(kept, field.name), rtol=1e-3, atol=atol)


READING = """
import sys
from pathlib import Path
import numpy as np
from genlib.latent import Found, circle, class_difference, difference, line, nearest, read_atlas, widths
from genlib.studio import Inference, decode, infer, make_atlas, seek
from genlib.library import bundled
atlas = read_atlas(Path(sys.argv[1]))
circle(*atlas.codes[:2], 0.5), line(*atlas.codes[:2], 0.5), difference(atlas.codes, [1], [2])
class_difference(atlas, 1, 7), nearest(np.zeros((28, 28), np.uint8), 3), list(widths(bundled()))
print({"torch", "sklearn", "scipy"} & set(sys.modules))
"""


def test_what_is_written_is_used_without_torch():
    command = [sys.executable, "-c", READING, str(bundled("vae-2d"))]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
