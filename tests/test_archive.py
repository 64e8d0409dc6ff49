"""Archives: a run comes back as it was, and whatever is wrong with one is refused in a sentence and leaves no trace."""

import hashlib
import io
import json
import os
import pickle
import shutil
import stat
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from few import few_images, small
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import load, save

from genlib import archive, checkpoint
from genlib.film import Film
from genlib.knobs import InputError
from genlib.library import bundled
from genlib.models import MODELS
from genlib.recorder import record
from genlib.runs import Dispatcher, LocalBackend, RunFolder, Status, Watcher, list_runs
from genlib.runs import home as home_folder
from genlib.sampling import sheet
from genlib.settings import FAMILIES, RunSettings, TrainConfig, VAEConfig
from genlib.training import Run
from tests.brought import raw_zip

pytestmark = pytest.mark.fast

torch.set_num_threads(1)

KEY = "k" * 32
TINY = VAEConfig(latent_dim=2, hidden_dim=16)
SETTINGS = RunSettings("vae", TINY, TrainConfig(epochs=4, batch_size=32, device="cpu"))
MB = 1024**2
CHECKPOINT = ("checkpoint/checkpoint.json", "checkpoint/tensors.safetensors")
NAMES = ("build.json", "changes.jsonl", "manifest.json", "metrics.jsonl", "name.json", "run.json", "status.json")


# Making archives ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def images():
    """Three batches of 32."""
    return few_images()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The files of a packed run of 12 steps that was stopped after 6, by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENLIB_HOME", str(tmp_path_factory.mktemp("packed")))
        run = RunFolder.create(SETTINGS.to_json(), KEY)
        train(run, few_images(), stop_at=6)
        run.write_json("name.json", {"name": "Ringelnatz 漢"})
        run.write_changes([{"step": 2, "knob": "learning_rate", "value": 0.002}])
        (run.path / "log.txt").write_text("private")
        run.write_json("control.json", {"sequence": 7})
        return unzip(archive.pack(run))


def train(run, images, stop_at=None):
    """Train to the end, or leave at a step as if the server had ended."""

    def ended():
        return stop_at is not None and run.metrics()[0][-1]["step"] >= stop_at

    for _ in record(run, run.claim(run.status), ended, images):
        pass
    return run.status


def unzip(data):
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content, zipfile.ZIP_DEFLATED if len(content) > MB else zipfile.ZIP_STORED)
    return buffer.getvalue()


def plain(files):
    return [{"name": name, "content": content} for name, content in files.items()]


def refused(data, *parts):
    """The sentence that refuses an archive, which has the parts and leaves nothing behind."""
    before = folders()
    with pytest.raises(InputError) as caught:
        archive.unpack(data, KEY)
    check_refusal(str(caught.value), before)
    assert "/" not in str(caught.value)
    for part in parts:
        assert part in str(caught.value)
    return str(caught.value)


def check_refusal(text, before):
    assert text[0].isupper()
    assert text.endswith(".")
    assert text.isprintable()
    assert str(home_folder()) not in text
    assert ".upload" not in text
    assert len(text) < 300
    assert folders() == before


def folders():
    """All that lies where runs lie, listed or not."""
    return sorted(path.name for path in (home_folder() / "runs").glob("*"))


def with_tensors(files, change):
    """The archive with other tensors, all its checksums right."""
    tensors = load(files[CHECKPOINT[1]])
    return with_checkpoint(files, {}, save(change(tensors)))


def with_checkpoint(files, told, content=None):
    content = files[CHECKPOINT[1]] if content is None else content
    description = json.loads(files[CHECKPOINT[0]]) | {"sha256": hashlib.sha256(content).hexdigest()} | told
    description.pop("own_sha256")
    digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()
    return files | {
        CHECKPOINT[0]: json.dumps(description | {"own_sha256": digest}).encode(),
        CHECKPOINT[1]: content,
    }


def with_json(files, file, **values):
    return files | {file: json.dumps(json.loads(files[file]) | values).encode()}


def without(files, *prefixes):
    return {name: content for name, content in files.items() if not name.startswith(prefixes)}


# A run comes back -----------------------------------------------------------------------------------------------------


def test_an_archive_holds_the_run_and_nothing_private(files):
    assert list(files) == sorted(files)
    assert {name for name in files if "/" not in name} == set(NAMES)
    assert set(CHECKPOINT) < set(files)
    assert "frames/constants.safetensors" in files
    assert "frames/0.safetensors" in files
    assert json.loads(files["manifest.json"])["genlib_run"] == 1
    assert json.loads(files["run.json"]).keys() == {"format", "created", "settings"}
    status = json.loads(files["status.json"])
    assert (status["pid"], status["host"]) == (None, "")
    whole = b"".join(files.values())
    owner = hashlib.sha256(KEY.encode()).hexdigest()
    assert not any(word.encode() in whole for word in (KEY, owner, "private", "/home", "/tmp", "packed"))


def test_a_run_that_came_back_trains_on_to_bitwise_the_same_weights(images):
    one = RunFolder.create(SETTINGS.to_json(), KEY)
    assert train(one, images, stop_at=6).state == "interrupted"
    step = one.status.step
    assert step < 12
    other = archive.unpack(archive.pack(one), "another")
    assert other.id != one.id
    assert other.may_steer("another")
    assert not other.may_steer(KEY)
    assert other.settings == one.settings
    assert {run.id for run in list_runs()} == {one.id, other.id}
    assert (other.status.state, other.status.step, other.status.attempt) == ("interrupted", step, 0)
    assert train(one, images).state == train(other, images).state == "done"
    assert other.status.step == one.status.step == 12
    expected, found = checkpoint.load(one.path, "cpu"), checkpoint.load(other.path, "cpu")
    assert all(torch.equal(a, b) for a, b in zip(*(run.model.parameters() for run in (expected, found)), strict=True))
    states = [run.optimizers["adam"].state_dict()["state"] for run in (expected, found)]
    assert all(torch.equal(states[0][i][part], states[1][i][part]) for i in states[0] for part in states[0][i])


EVERY_KIND = [
    *((family, {}) for family in MODELS),
    *((family, {"labels": True, "average": 0.9}) for family in MODELS if family not in ("classifier", "masked")),
    ("vae", {"importance": 2, "network": "conv"}),
    ("gan", {"turns": 1, "loss": "wasserstein", "spectral": True}),  # G waits, so its optimiser keeps nothing yet
    ("gan", {"d_steps": 10}),
]


@pytest.mark.parametrize(("family", "values"), EVERY_KIND)
def test_a_run_of_any_family_comes_back_with_all_that_it_told_and_trains_on(images, family, values):
    asked = RunSettings(family, small(family, **values), TrainConfig(epochs=2, batch_size=32, device="cpu"))
    one = RunFolder.create(asked.to_json(), KEY)
    assert train(one, images, stop_at=3).state == "interrupted"
    other = archive.unpack(archive.pack(one), KEY)
    assert (other.status.state, other.status.step) == ("interrupted", one.status.step)
    assert other.settings == one.settings
    assert other.metrics()[0] == one.metrics()[0]
    told = {name for line in one.metrics()[0] for name in line} - {"step", "seconds", "split"}
    assert told
    films = [Film(run.path / "frames") for run in (one, other)]
    assert films[0].steps() == films[1].steps()
    assert bool(films[0].steps()) == (family in FAMILIES), "others make no images"
    for step in films[0].steps():
        first, second = (film.frame(step) for film in films)
        assert first.keys() == second.keys()
        assert all(np.array_equal(array, second[name]) for name, array in first.items())
    assert train(one, images).state == train(other, images).state == "done"
    expected, found = (checkpoint.load(run.path, "cpu").model.state_dict() for run in (one, other))
    assert expected.keys() == found.keys()
    assert all(torch.equal(tensor, found[name]) for name, tensor in expected.items())


def test_what_was_written_comes_back_byte_for_byte(files):
    run = archive.unpack(zipped(files), KEY)
    again = unzip(archive.pack(run))
    assert again.keys() == files.keys()
    altered = {name for name in files if again[name] != files[name]}
    assert altered <= {"run.json", "status.json"}  # made at another time, of another attempt
    assert run.name == "Ringelnatz 漢"
    assert archive.pack(run) == archive.pack(run)
    assert not [path for path in run.path.rglob("*") if path.name.startswith(".")]
    assert not (run.path / "control.json").exists()


@pytest.mark.parametrize("source", bundled(), ids=lambda run: run.id)
def test_a_bundled_model_can_be_carried_and_nobody_owns_it(source):
    run = archive.unpack(archive.pack(source))
    assert run.status.state == "done"
    assert not run.may_steer("")
    assert Film(run.path / "frames").steps() == Film(source.path / "frames").steps()
    pairs = zip(
        checkpoint.load_model(run.path).parameters(), checkpoint.load_model(source.path).parameters(), strict=True
    )
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("state", ["queued", "starting", "running", "paused", "parked", "interrupted", "stopped"])
def test_a_run_that_was_not_over_can_go_on_if_it_had_saved(files, state):
    files = with_json(files, "status.json", state=state, message="", pid=1, attempt=9, beat=5, acknowledged=3)
    with_state = archive.unpack(zipped(files), KEY).status
    assert with_state.state == ("stopped" if state == "stopped" else "interrupted")
    assert (with_state.pid, with_state.attempt, with_state.beat, with_state.acknowledged) == (None, 0, 0, 0)
    nothing = archive.unpack(zipped(without(files, "checkpoint/")), KEY).status
    assert nothing.state == "failed"
    assert "start a new run" in nothing.message


@pytest.mark.parametrize("state", ["done", "failed"])
def test_a_run_that_was_over_stays_so_even_without_weights(files, state):
    files = with_json(files, "status.json", state=state, message="So\nit\x1b went.")
    assert archive.unpack(zipped(files), KEY).status.state == state
    run = archive.unpack(zipped(without(files, "checkpoint/")), KEY)
    assert (run.status.state, run.status.message) == (state, "So it went.")
    assert Film(run.path / "frames").steps()
    assert run.metrics()[0]


def test_only_what_is_needed_must_be_there(files):
    for name in ("build.json", "name.json", "changes.jsonl", "metrics.jsonl", "frames/"):
        run = archive.unpack(zipped(without(files, name)), KEY)
        assert not list(run.path.glob(name + "/*" if name == "frames/" else name))


def test_a_run_that_trains_is_packed_whole(files):
    """Checkpoints and frames are replaced as fast as can be while the run is packed again and again."""
    run = archive.unpack(zipped(without(files, "frames/", "metrics")), KEY)
    run.write_status(Status("running", step=10**6, epoch=10**6 / 3, seconds=9.0))  # ahead of what is saved
    film, stop = Film(run.path / "frames"), threading.Event()
    state = checkpoint.load(run.path, "cpu")
    first = state.step + 1
    pictures = {"samples": np.zeros((64, 28, 28), np.uint8)}

    def go_on():
        while not stop.is_set():
            state.step += 1
            checkpoint.save(state, run.path)
            film.add(state.step, pictures)
            run.append_metrics({"step": state.step, "seconds": 0.0, "split": "train", "loss": 1.0})

    trainer = threading.Thread(target=go_on)
    trainer.start()
    try:
        for _ in range(10):
            back = archive.unpack(archive.pack(run), KEY)
            assert back.status.state == "interrupted"
            saved = checkpoint.load(back.path, "cpu")
            assert first - 1 <= saved.step <= state.step
            assert (back.status.step, back.status.seconds) == (saved.step, saved.seconds)
            assert back.status.epoch == saved.step / 3
            assert [line["step"] for line in back.metrics()[0]] == list(range(first, first + len(back.metrics()[0])))
            time.sleep(0.02)
    finally:
        stop.set()
        trainer.join()


def test_of_a_damaged_checkpoint_the_one_before_is_packed(tmp_path):
    run = RunFolder.create(SETTINGS.to_json(), KEY)
    state = Run.new(SETTINGS.family, SETTINGS.model, SETTINGS.train)
    checkpoint.save(state, run.path)
    state.step = 1
    checkpoint.save(state, run.path)
    (run.path / CHECKPOINT[1]).write_bytes(b"torn")
    assert checkpoint.load(archive.unpack(archive.pack(run), KEY).path, "cpu").step == 0


def test_what_is_being_written_is_left_out():
    """A line of which half is there, and a frame too many that is about to be thinned away."""
    run = RunFolder.create(SETTINGS.to_json(), KEY)
    (run.path / "metrics.jsonl").write_bytes(b'{"step": 1}\n{"st')
    for step in range(121):
        (run.path / "frames" / f"{step}.safetensors").write_bytes(save({"samples": np.zeros((1, 28, 28), np.uint8)}))
    packed = unzip(archive.pack(run))
    assert packed["metrics.jsonl"] == b'{"step": 1}\n'
    steps = {int(name[7:-12]) for name in packed if name.startswith("frames/")}
    assert steps == {*range(121)} - {119}


def test_an_altered_run_cannot_be_packed():
    run = RunFolder.create(SETTINGS.to_json(), KEY)
    run.write_json("run.json", {"settings": 3})
    with pytest.raises(InputError, match="settings cannot be read"):
        archive.pack(run)


def test_what_a_killed_upload_left_is_removed_later(files, home):
    old, new = home / "runs" / ".upload-old", home / "runs" / ".upload-new"
    for path in (old, new):
        path.mkdir(parents=True)
    os.utime(old, (0, 0))
    archive.unpack(zipped(files), KEY)
    assert not old.exists()
    assert new.exists()


def test_a_disk_that_refuses_is_told_of(files, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match="could not be stored"):
        archive.unpack(zipped(files), KEY)


# What the ZIP itself may be -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"PK", b"\x80\x04N.", b"GIF89a", b"{}", bytes(1000), pickle.dumps([1] * 1000)])
def test_no_zip(data):
    refused(data, "no ZIP")


def test_a_zip_that_is_no_run(files):
    refused(zipped({}), "no genlib run")
    refused(zipped({"word/document.xml": b"<xml>"}), "no genlib run")
    refused(zipped(without(files, "manifest.json")), "no genlib run")
    for form in ("1", 1.0, True, None, 0, -1, [1]):
        refused(zipped(with_json(files, "manifest.json", genlib_run=form)), "no genlib run")


def test_a_run_from_a_newer_genlib(files):
    refused(zipped(with_json(files, "manifest.json", genlib_run=2)), "newer genlib", "update")


@pytest.mark.parametrize(
    "name",
    [
        "model.pkl",
        "data.pt",
        "checkpoint/MODEL.PTH",
        "x/archive/data.pkl",
        "last.ckpt",
        "frames/0.pickle",
        "a\n.joblib",
    ],
)
def test_a_pickle_is_refused_by_its_name(files, name):
    refused(zipped(files | {name: b""}), "never reads pickles")
    refused(zipped({name: b""}), "never reads pickles")


@pytest.mark.parametrize(
    "name",
    [
        "../run.json",
        "frames/../../x",
        "/etc/passwd",
        "\\\\server\\x",
        "..\\run.json",
        "C:/x",
        "c:run.json",
        "frames/..",
    ],
)
def test_a_name_that_climbs(files, name):
    refused(raw_zip([*plain(files), {"name": name}]), "outside the run")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "log.txt",
            "control.json",
            "attempts/1",
            "RUN.JSON",
            "run.json ",
            "./run.json",
            "x/run.json",
            "run.json\x00.txt",
        ),
        *(
            "frames/",
            "frames/x.safetensors",
            "frames/007.safetensors",
            "frames/-1.safetensors",
            "frames/1.safetensors\n",
        ),
        *("frames/١.safetensors", "checkpoint/config.json", "", "checkpoint.previous/checkpoint.json", "run.json/"),
        *("\x1b[31mred", "[link](http:x)", "漢" * 300, "frames/99999999999.safetensors"),
    ],
)
def test_a_name_that_no_run_has(files, name):
    refused(raw_zip([*plain(files), {"name": name}]), "which no run has")


def test_a_name_twice(files):
    refused(raw_zip([*plain(files), {"name": "run.json", "content": files["run.json"]}]), "'run.json' twice")


def test_too_many_entries(files):
    many = {f"frames/{step}.safetensors": b"" for step in range(401)}
    refused(zipped(files | many), "too many files")
    # A table of contents without end, of which no object is made.
    entries = raw_zip([{"name": ""}] * 300_000)
    assert bounded(lambda: refused(entries, "too many files")) < 40 * MB


def test_a_link(files):
    for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR):
        entries = plain(files)
        entries[-1]["mode"] = kind | 0o777
        refused(raw_zip(entries), "as a link")


@pytest.mark.parametrize("flag", [0x1, 0x40, 0x41])
def test_an_encrypted_file(files, flag):
    entries = plain(files)
    entries[0]["flags"] = flag
    refused(raw_zip(entries), "encrypted")


@pytest.mark.parametrize(
    "wrong", [{"method": 12}, {"method": 14}, {"method": 9}, {"method": 8}, {"crc": 1}, {"size": 3}]
)
def test_a_file_that_cannot_be_unpacked(files, wrong):
    entries = plain(files)
    entries[0] |= wrong
    refused(raw_zip(entries), "damaged")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_way_of_packing_that_genlib_does_not_use(files, method):
    """Some need far more memory than the file that comes out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    refused(buffer.getvalue(), "damaged")


def test_zips_by_hand_are_taken_where_nothing_is_wrong_with_them(files):
    entries = plain(files)
    entries[0] |= {"mode": 0}  # as on Windows
    assert archive.unpack(raw_zip(entries), KEY).complete


# Size and time --------------------------------------------------------------------------------------------------------


def bounded(act):
    """The most memory that ``act`` took, in bytes; it may take twenty seconds."""
    begun = time.monotonic()
    tracemalloc.start()
    try:
        act()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.monotonic() - begun < 20
    return peak


def zeros(megabytes):
    """Deflated zeros: one megabyte, as often as wanted, without compressing it again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(MB)) + packer.flush(zlib.Z_FULL_FLUSH)
    second = packer.compress(bytes(MB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block + second * (megabytes - 1) + packer.flush()


def test_a_file_that_is_too_large(files):
    refused(bytes(50 * MB + 1), "too large", "50 MB")


@pytest.mark.parametrize("name", ["run.json", "metrics.jsonl", "frames/7.safetensors", CHECKPOINT[1]])
@pytest.mark.parametrize("told", [300 * MB, 10 * 1024**3, 100, 60 * 1024])
def test_a_bomb(files, name, told):
    """300 MB of zeros in 300 kB, which says so, says more, or says less."""
    bomb = {"name": name, "content": b"", "packed": zeros(300), "size": told, "method": 8}
    data = raw_zip([*plain(without(files, name)), bomb])
    assert len(data) < 2 * MB
    assert bounded(lambda: refused(data)) < 150 * MB


def test_ten_gigabytes_in_ten_megabytes(files):
    bomb = {"name": CHECKPOINT[1], "packed": zeros(10_240), "size": 10 * 1024**3, "method": 8}
    data = raw_zip([*plain(without(files, CHECKPOINT[1])), bomb])
    assert bounded(lambda: refused(data, "larger than in any run")) < 60 * MB


def test_many_small_bombs_together(files):
    """Each file is within its limit, all together are not."""
    one = {"packed": zeros(8), "size": 8 * MB, "crc": zlib.crc32(bytes(8 * MB)), "method": 8}
    large = {"packed": zeros(100), "size": 100 * MB, "crc": zlib.crc32(bytes(100 * MB)), "method": 8}
    entries = [{"name": "metrics.jsonl"} | one, {"name": CHECKPOINT[1]} | large]
    half = {"content": bytes(MB // 2), "packed": deflated(bytes(MB // 2)), "method": 8}
    entries += [{"name": f"frames/{step}.safetensors"} | half for step in range(200)]
    rest = plain(without(files, "metrics", "frames", CHECKPOINT[1]))
    assert bounded(lambda: refused(raw_zip([*rest, *entries]), "larger than in any run")) < 250 * MB


def deflated(content):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def test_lines_without_end_cost_little(files):
    # The peak is a file of 8 MB; millions of empty lines as objects would be much more.
    for content, parts in ((b"\n" * (8 * MB), ["too long"]), (b"[" * (8 * MB), None)):
        data = zipped(without(files, "checkpoint") | {"metrics.jsonl": content})
        if parts:
            assert bounded(lambda data=data, parts=parts: refused(data, *parts)) < 40 * MB
        else:
            assert bounded(lambda data=data: archive.unpack(data, KEY)) < 40 * MB
    refused(zipped(files | {"metrics.jsonl": b" " * (8 * MB + 1)}), "larger than in any run")


def test_names_that_no_trainer_tells_cost_nothing(files):
    """Each watcher of a run keeps its curves in memory: hundreds of them would be hundreds of megabytes."""
    report = {"step": 1, "seconds": 0.5, "split": "train", "loss": 1.5}
    wide = report | {f"a{i:03}": 1 for i in range(30)}
    most = report | {f"a{i:03}": 1 for i in range(560)}
    for line, kept in ((wide, 15_000), (most, 0)):
        text = json.dumps(line).encode() + b"\n"
        data = zipped(without(files, "checkpoint/") | {"metrics.jsonl": text * min(15_000, 8 * MB // len(text))})
        watcher = Watcher(archive.unpack(data, KEY))
        assert bounded(watcher.poll) < 60 * MB
        assert len(watcher.folder.metrics()[0]) == kept
        assert watcher.curves.keys() <= {"train"}
        assert all(curves.keys() == report.keys() - {"split"} for curves in watcher.curves.values())


# What the files may say -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["manifest.json", "run.json", "status.json", "build.json", "name.json", CHECKPOINT[0]])
@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"3", b"\xff\xfe", b"[" * 50_000, pickle.dumps({"genlib_run": 1})]
)
def test_json_that_is_none(files, name, content):
    refused(zipped(files | {name: content}), "altered")


@pytest.mark.parametrize("name", ["run.json", "status.json", *CHECKPOINT])
def test_a_file_that_is_missing(files, name):
    refused(zipped(without(files, name)))


def test_settings_are_checked_as_anywhere(files):
    run = json.loads(files["run.json"])
    for change, part in (
        ({"family": "gan9"}, "The family cannot be 'gan9'"),
        ({"train": {"batch_size": 10**9}}, "Batch size"),
        ({"model": {"hidden_dim": 10**400}}, "Hidden units"),
        ({"model": {"x\n": 1}}, "no 'x?'"),
        ({"shell": "rm"}, "no 'shell'"),
    ):
        refused(zipped(with_json(files, "run.json", settings=run["settings"] | change)), part)
    for settings_ in (None, [], "x"):
        refused(zipped(with_json(files, "run.json", settings=settings_)), "JSON object")


def test_an_altered_status_is_a_failed_run(files):
    for change in ({"state": "flying"}, {"step": -1}, {"seconds": "x"}, {"step": 1e400}):
        status = archive.unpack(zipped(with_json(files, "status.json", **change)), KEY).status
        assert status.state == "failed"
        assert "altered" in status.message
    status = archive.unpack(zipped(with_json(files, "status.json", device="<b>\n" + "x" * 999, foo=1)), KEY).status
    assert status.state == "interrupted"
    assert status.device == "<b> " + "x" * 96


def test_owner_and_processes_of_elsewhere_are_not_believed(files):
    owner = hashlib.sha256(b"thief").hexdigest()
    run = archive.unpack(zipped(with_json(files, "run.json", owner=owner, created=-5.0)), KEY)
    assert not run.may_steer("thief")
    assert abs(run.created - time.time()) < 60


def test_lines_that_no_trainer_writes_are_left_out(files):
    good = {"step": 3, "seconds": 0.5, "split": "train", "loss": 1.5}
    wrong = [{"split": "test"}, {"split": ["train"]}, {"step": -1}, {"step": 1.5}, {"step": True}, {"loss": "x"}]
    wrong += [{"loss": None}, {"loss": float("nan")}, {"loss": 1e308}, {"loss": 10**400}, {"loss": {"a": 1}}]
    wrong += [{"squared_error": [1]}, {"kl": "x" * 400}, {f"a{i}": 1 for i in range(1000)}]
    objects = [good | change for change in wrong]
    objects += [{name: good[name] for name in good if name != gone} for gone in ("step", "split", "seconds")]
    bad = [b"", b"x", b"[]", b"3", b"null", b"{" * 5000, b"\xff", b'{"step": 1', b"9" * 5000]
    bad += [json.dumps(values).encode() for values in objects]
    for line in bad:
        content = line + b"\n" + json.dumps(good).encode() + b"\n"
        run = archive.unpack(zipped(without(files, "checkpoint") | {"metrics.jsonl": content}), KEY)
        assert run.metrics()[0] == [good], line
    for more in ({"<script>": 1}, {"x" * 41: 1}, {"mood": "good"}, {"beat": float("nan")}):
        content = json.dumps(good | more).encode() + b"\n"
        assert archive.unpack(zipped(without(files, "checkpoint") | {"metrics.jsonl": content}), KEY).metrics()[0] == [
            good
        ]
    refused(zipped(files | {"metrics.jsonl": b"{}\n" * 200_001}), "too long", "200,000")


def test_changes_that_could_not_be_made_are_left_out(files):
    good = [{"step": 2, "knob": "learning_rate", "value": 0.002}, {"step": 5, "knob": "beta", "value": 4.0}]
    bad = [
        *({"step": 2, "knob": knob, "value": 1} for knob in ("seed", "hidden_dim", "__class__", ["beta"], None)),
        *({"step": 2, "knob": "beta", "value": value} for value in (-1, 21, True, "1", float("nan"), None, 10**400)),
        *({"step": step, "knob": "beta", "value": 1} for step in (-1, 1.5, True, None, 10**30)),
    ]
    content = "".join(json.dumps(line) + "\n" for line in [good[0], *bad, good[1]]).encode() + b"[]\nx\n"
    assert archive.unpack(zipped(files | {"changes.jsonl": content}), KEY).changes() == good
    refused(zipped(files | {"changes.jsonl": b"{}\n" * 10_001}), "too long")


def test_names_and_builds_are_plain_text_and_numbers(files):
    for name in ("x" * 61, "a\x1bb", 3, ["x"], "\ud800"):
        assert not (archive.unpack(zipped(with_json(files, "name.json", name=name)), KEY).path / "name.json").exists()
    build = {
        "threads": 1,
        "versions": {"torch": "2\n\x00" + "x" * 300, "deep": {"a": {"b": {"c": 1}}}},
        "x": [1],
        "y": 1e400,
    }
    found = archive.unpack(zipped(files | {"build.json": json.dumps(build).encode()}), KEY).read_json("build.json")
    expected = {"torch": "2 " + "x" * 198, "deep": {"a": None}}
    assert found == {"threads": 1, "versions": expected, "x": None, "y": None}


# The film -------------------------------------------------------------------------------------------------------------


def lying(header, data=b""):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


CODES = np.zeros((20, 2), np.float32)
PICTURES = np.zeros((4, 28, 28), np.uint8)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        pickle.dumps({"samples": PICTURES}),
        b"\xff" * 100,
        save({}),
        save({"samples": PICTURES.astype(np.int16)}),
        save({"samples": PICTURES[:, :27]}),
        save({"samples": PICTURES[:0]}),
        save({"samples": np.zeros((257, 28, 28), np.uint8)}),
        save({"reconstructions": np.zeros((65, 28, 28), np.uint8)}),
        save({"codes": np.zeros((5001, 2), np.float32)}),
        save({"codes": CODES.astype(np.float64)}),
        save({"codes": CODES * np.nan}),
        save({"codes": CODES + np.inf}),
        save({"codes": np.zeros((20, 3), np.float32)}),
        save({"codes": np.array(0, np.float32)}),
        save({"real_scores": np.zeros(5001, np.float32)}),
        save({"new_scores": np.full(20, np.nan, np.float32)}),
        save({"new_scores": np.zeros(20)}),
        save({"originals": PICTURES}),
        save({"samples": PICTURES, "more": PICTURES}),
        lying({"samples": {"dtype": "U8", "shape": [64, 28, 28], "data_offsets": [0, 100]}}, bytes(100)),
        lying({"samples": {"dtype": "U8", "shape": [2**60, 28, 28], "data_offsets": [0, 100]}}, bytes(100)),
        lying({"samples": {"dtype": "U8", "shape": [0, 28, 28], "data_offsets": [0, 0]}}),
        lying({"samples": {"dtype": "U8", "shape": [1, 28, 28], "data_offsets": [784, 1568]}}, bytes(1568)),
        lying({"samples": {"dtype": "BF16", "shape": [1, 28, 28], "data_offsets": [0, 1568]}}, bytes(1568)),
        lying({"samples": {"dtype": "U8", "shape": [-1, 28, 28], "data_offsets": [0, 784]}}, bytes(784)),
        struct.pack("<Q", 2**63) + b"{}",
    ],
)
def test_frames_that_no_trainer_draws(files, content):
    rest = without(files, "frames/", "checkpoint/")
    refused(zipped(rest | {"frames/30.safetensors": content}), "pictures")


def test_frames_that_do_not_belong_together(files):
    rest = without(files, "frames/", "checkpoint/")
    one, two = "frames/1.safetensors", "frames/2.safetensors"
    constants = "frames/constants.safetensors"
    labels = np.arange(20, dtype=np.uint8) % 10
    good = {
        one: save({"samples": PICTURES, "codes": CODES}),
        constants: save({"labels": labels, "originals": PICTURES}),
    }
    assert Film(archive.unpack(zipped(rest | good), KEY).path / "frames").steps() == [1]
    for name, content in (
        (two, save({"samples": PICTURES[:3]})),
        (two, save({"codes": CODES[:3]})),
        (two, save({"reconstructions": PICTURES[:3]})),
        (constants, save({"labels": labels[:3]})),
        (constants, save({"labels": labels + 1})),
        (constants, save({"samples": PICTURES})),
        ("frames/9999999999.safetensors", good[one]),
    ):
        refused(zipped(rest | good | {name: content}), "pictures")


def test_at_most_so_many_frames(files):
    rest = without(files, "frames/", "checkpoint/")
    frames = {f"frames/{step}.safetensors": save({"samples": PICTURES[:1]}) for step in range(120)}
    run = archive.unpack(zipped(rest | frames), KEY)
    assert Film(run.path / "frames").steps() == list(range(120))
    refused(zipped(rest | frames | {"frames/120.safetensors": save({"samples": PICTURES[:1]})}), "too many", "120")


def test_frames_are_written_anew(files):
    """What a safetensors file may carry besides its arrays is not kept."""
    content = save({"samples": PICTURES}, {"note": "carried along"})
    run = archive.unpack(zipped(without(files, "frames/") | {"frames/5.safetensors": content}), KEY)
    assert (run.path / "frames" / "5.safetensors").read_bytes() == save({"samples": PICTURES})


# The checkpoint -------------------------------------------------------------------------------------------------------


def test_a_checkpoint_with_a_wrong_checksum(files):
    content = bytearray(files[CHECKPOINT[1]])
    content[-1] ^= 1
    refused(zipped(files | {CHECKPOINT[1]: bytes(content)}), "checkpoint", "damaged")
    refused(zipped(with_json(files, CHECKPOINT[0], step=5)), "checkpoint", "damaged")


def changed(name, value):
    return lambda tensors: tensors | {name: value(tensors[name])}


WEIGHT, MEAN, COUNT = "model.decoder.first.weight", "optimizer.adam.0.exp_avg", "optimizer.adam.0.step"


@pytest.mark.parametrize(
    "change",
    [
        changed(WEIGHT, lambda a: a * np.nan),
        changed(WEIGHT, lambda a: a.astype(np.float64)),
        changed(WEIGHT, lambda a: a.astype(np.float16)),
        changed(WEIGHT, lambda a: a.astype(np.int32)),
        changed(WEIGHT, lambda a: a.astype(np.complex64)),
        changed(WEIGHT, lambda a: a.T.copy()),
        changed(MEAN, lambda a: a + np.inf),
        changed(MEAN, lambda a: a[:1]),
        changed(MEAN, lambda a: np.array(0, np.float32)),
        changed(MEAN, lambda a: a.astype(np.float16)),
        changed(COUNT, lambda a: np.zeros(5, np.float32)),
        lambda tensors: {name: array for name, array in tensors.items() if name != WEIGHT},
        lambda tensors: {name: array for name, array in tensors.items() if name != MEAN},
        lambda tensors: {name: array for name, array in tensors.items() if not name.startswith("model.")},
        lambda tensors: tensors | {"optimizer.adam.99.exp_avg": np.zeros(3, np.float32)},
        lambda tensors: tensors | {"optimizer.sgd.0.momentum": np.zeros(3, np.float32)},
        lambda tensors: tensors | {"optimizer.adam.x.step": np.array(0, np.float32)},
        lambda tensors: tensors | {"more": np.zeros(3, np.float32)},
        lambda tensors: {},
    ],
)
def test_tensors_that_no_run_saves(files, change):
    refused(zipped(with_tensors(files, change)), "checkpoint", "damaged")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        pickle.dumps([1]),
        lying({WEIGHT: {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 4]}}, bytes(4)),
        lying({WEIGHT: {"dtype": "C64", "shape": [1], "data_offsets": [0, 8]}}, bytes(8)),
        lying({WEIGHT: {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}, bytes(2)),
        lying({f"model.{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(30_000)}),
    ],
)
def test_a_checkpoint_whose_tensors_are_none(files, content):
    refused(zipped(with_checkpoint(files, {}, content)), "checkpoint", "damaged")


@pytest.mark.parametrize(
    "told",
    [
        *({"step": step} for step in (-1, 1.5, "6", None, True, 2**31 + 1, 10**400)),
        *({"seconds": seconds} for seconds in (-1.0, "1", None, 1e300, float("nan"), 10**400)),
        *({"format": 2}, {"family": "gan9"}, {"family": ["vae"]}, {"model_config": 3}, {"train_config": None}),
        *({"model_config": {"hidden_dim": 10**9}}, {"train_config": {"seed": -1}}, {"changes": 3}),
    ],
)
def test_descriptions_that_no_run_writes(files, told):
    refused(zipped(with_checkpoint(files, told)), "checkpoint", "damaged")


def test_a_checkpoint_of_another_run(files):
    described = json.loads(files[CHECKPOINT[0]])
    other = described["train_config"] | {"seed": 1}
    refused(zipped(with_checkpoint(files, {"train_config": other})), "other settings")
    wider = RunSettings("vae", VAEConfig(latent_dim=2, hidden_dim=32), SETTINGS.train)
    refused(zipped(with_json(files, "run.json", settings=wider.to_json())), "other settings")
    plain_family = RunSettings.from_json({"family": "ae", "model": {"latent_dim": 2, "hidden_dim": 16}})
    refused(zipped(with_json(files, "run.json", settings=plain_family.to_json())), "other settings")


def test_what_may_change_while_it_trains_may_differ(files):
    described = json.loads(files[CHECKPOINT[0]])
    train_config = described["train_config"] | {"learning_rate": 0.5}
    told = {"train_config": train_config, "model_config": described["model_config"] | {"beta": 3.0}}
    run = archive.unpack(zipped(with_checkpoint(files, told)), KEY)
    back = checkpoint.load(run.path, "cpu")
    assert (back.train_config.learning_rate, back.model_config.beta) == (0.5, 3.0)


def alone(tensors, kind=np.float32):
    return {name: array.astype(kind) for name, array in tensors.items() if name.startswith("model.")}


@pytest.mark.parametrize("kind", [np.float32, np.float16])
@pytest.mark.parametrize("state", ["running", "interrupted", "stopped", "done"])
def test_a_model_alone_can_be_looked_at_but_not_trained_on(files, state, kind):
    only = with_tensors(files, lambda tensors: alone(tensors, kind))
    run = archive.unpack(zipped(with_json(only, "status.json", state=state)), KEY)
    assert run.status.state == ("done" if state == "done" else "failed")
    assert "only the model" in run.status.message or state == "done"
    assert checkpoint.load_model(run.path).can_sample
    before = archive.pack(run)
    dispatcher = Dispatcher(LocalBackend(), 1)
    with pytest.raises(InputError, match=r"start a new one"):
        dispatcher.resume(run, KEY, run.status.step + 3)
    assert archive.pack(run) == before


def test_a_model_alone_is_whole_and_of_one_precision(files):
    halved = lambda tensors: alone(tensors, np.float16)  # noqa: E731
    for change in (
        lambda tensors: alone(tensors) | {WEIGHT: tensors[WEIGHT].astype(np.float16)},
        lambda tensors: halved(tensors) | {WEIGHT: tensors[WEIGHT]},
        lambda tensors: halved(tensors) | {MEAN: tensors[MEAN]},
        lambda tensors: {name: array for name, array in halved(tensors).items() if name != WEIGHT},
        lambda tensors: halved(tensors) | {WEIGHT: tensors[WEIGHT].astype(np.int64)},
        lambda tensors: halved(tensors) | {"model.averages." + WEIGHT[6:]: tensors[WEIGHT].astype(np.float16)},
    ):
        refused(zipped(with_tensors(files, change)), "checkpoint", "damaged")


def test_of_a_run_that_broke_the_copy_stands_where_its_weights_do(files):
    step = json.loads(files[CHECKPOINT[0]])["step"]
    broke = with_json(files, "status.json", state="failed", step=2 * step, epoch=2 * step / 3, progress=0.9)
    status = archive.unpack(zipped(broke), KEY).status
    assert (status.state, status.step, status.epoch) == ("failed", step, step / 3)
    assert status.progress == pytest.approx(0.45)


# Nothing runs ---------------------------------------------------------------------------------------------------------


class Canary:
    """Unpickled, it makes a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_a_pickle_never_runs(files, tmp_path):
    sung = tmp_path / "sung"
    canary = pickle.dumps(Canary(sung))
    pickle.loads(canary).close()  # noqa: S301 - it is a bird that sings
    assert sung.exists()
    sung.unlink()
    buffer = io.BytesIO()
    torch.save(Canary(sung), buffer)
    for content in (canary, buffer.getvalue()):
        for name in [*files, "frames/77.safetensors"]:
            data = zipped(files | {name: content})
            if name.endswith(".jsonl"):
                run = archive.unpack(data, KEY)
                assert not (run.path / name).exists()
            else:
                refused(data)
        refused(zipped(with_checkpoint(files, {}, content)))
        refused(content)
    assert not sung.exists()


# Whatever comes -------------------------------------------------------------------------------------------------------

FUZZ = settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def try_unpack(data):
    before = folders()
    try:
        run = archive.unpack(data, KEY)
    except InputError as error:
        check_refusal(str(error), before)
        return False
    assert folders() == sorted([*before, run.id])
    assert run.status.state not in ("queued", "starting", "running", "paused", "parked")
    RunSettings.from_json(run.settings)
    shutil.rmtree(run.path)
    return True


@given(st.data())
@FUZZ
def test_archives_cut_short_or_with_wrong_bytes(files, data):
    whole = bytearray(zipped(without(files, "frames/")))
    if data.draw(st.booleans()):
        assert not try_unpack(bytes(whole[: data.draw(st.integers(0, len(whole) - 1))]))
        return
    # Half of the bytes that are hit lie in the table of contents at the end.
    for _ in range(data.draw(st.integers(1, 4))):
        first = data.draw(st.sampled_from([0, len(whole) - 900]))
        whole[data.draw(st.integers(first, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try_unpack(bytes(whole))


# Downloads ------------------------------------------------------------------------------------------------------------


def packed_run(files):
    return archive.unpack(zipped(files), KEY)


def test_weights_are_those_of_the_model(files, tmp_path):
    run = packed_run(files)
    content = archive.weights(run)
    model = checkpoint.load_model(run.path)
    found = load(content)
    assert found.keys() == model.state_dict().keys()
    assert all(np.array_equal(found[name], tensor.numpy()) for name, tensor in model.state_dict().items())
    (tmp_path / "w.safetensors").write_bytes(content)
    with safe_open(tmp_path / "w.safetensors", "np") as opened:
        told = json.loads(opened.metadata()["genlib"])
    described = json.loads(files[CHECKPOINT[0]])
    assert (told["family"], told["model"], told["step"]) == ("vae", described["model_config"], described["step"])
    assert told["genlib"] == json.loads(files["manifest.json"])["genlib"]


def test_weights_that_are_not_there(files):
    run = RunFolder.create(SETTINGS.to_json(), KEY)
    with pytest.raises(InputError, match="saved no weights yet"):
        archive.weights(run)
    run = packed_run(files)
    content = b"no tensors"
    described = json.dumps({"sha256": hashlib.sha256(content).hexdigest(), "family": "vae"}).encode()
    (run.path / CHECKPOINT[0]).write_bytes(described)
    (run.path / CHECKPOINT[1]).write_bytes(content)
    with pytest.raises(InputError, match="cannot be read"):
        archive.weights(run)


def test_settings_say_what_was_asked_and_done(files):
    run = packed_run(files)
    told = json.loads(archive.settings_json(run))
    assert RunSettings.from_json(told["settings"]) == SETTINGS
    assert told["changes"] == [{"step": 2, "knob": "learning_rate", "value": 0.002}]
    assert told["steps"] == run.status.step > 0
    assert told["build"] == json.loads(files["build.json"])


def moving(run, frames, name="samples", n=64):
    """Frames of noise that settles, in the folder of a run; returns their arrays by step."""
    rng, film = np.random.default_rng(0), Film(run.path / "frames")
    last = rng.integers(0, 256, (n, 28, 28))
    drawn = {}
    for i in range(frames):
        noise = rng.integers(0, 256, (n, 28, 28))
        drawn[10 * i] = np.where(rng.random((n, 28, 28)) < i / frames, last, noise).astype(np.uint8)
        film.add(10 * i, {name: drawn[10 * i]})
    return drawn


@pytest.mark.parametrize(("name", "n", "size"), [("samples", 64, 448), ("reconstructions", 16, 224)])
def test_a_film_plays_the_frames(name, n, size):
    run = RunFolder.create(SETTINGS.to_json(), KEY)
    drawn = moving(run, 5, name, n)
    with Image.open(io.BytesIO(archive.film(run))) as film:
        assert (film.format, film.n_frames, film.size, film.info["loop"]) == ("GIF", 5, (size, size), 0)
        for i, images in enumerate(drawn.values()):
            film.seek(i)
            assert film.info["duration"] == (1500 if i == 4 else 80)
            shown = np.asarray(film.convert("L")).astype(int)
            assert np.array_equal(shown[::2, ::2], shown[1::2, 1::2])
            # Sixteen greys are 17 apart, and the nearest is taken.
            assert np.abs(shown[::2, ::2] - sheet(images)).max() <= 9


def test_a_film_of_120_frames_stays_small():
    run = RunFolder.create(SETTINGS.to_json(), KEY)
    source = next(Film(model.path / "frames") for model in bundled() if model.id == "vae-2d")
    pictures = [source.frame(step)["samples"] for step in source.steps()]
    film = Film(run.path / "frames")
    for i in range(120):
        # Three times the frames that there are, each a little brighter, so that none is like the one before.
        film.add(i, {"samples": np.minimum(pictures[i // 3 % len(pictures)], 255 - i % 3 * 16) + np.uint8(i % 3 * 16)})
    content = archive.film(run)
    assert len(content) < 3_000_000
    with Image.open(io.BytesIO(content)) as opened:
        assert opened.n_frames == 120


def test_the_samples_are_filmed_even_if_an_old_frame_has_none():
    run = RunFolder.create(SETTINGS.to_json(), KEY)
    moving(run, 2, "reconstructions", 16)
    Film(run.path / "frames").add(50, {"samples": np.full((64, 28, 28), 255, np.uint8)})
    with Image.open(io.BytesIO(archive.film(run))) as film:
        assert film.size == (448, 448)
        assert getattr(film, "n_frames", 1) == 1


def test_a_film_of_nothing():
    run = RunFolder.create(SETTINGS.to_json(), KEY)
    with pytest.raises(InputError, match="no pictures yet"):
        archive.film(run)
    assert archive.thumbnail(run) is None


def test_a_thumbnail_shows_the_newest_frame():
    run = RunFolder.create(SETTINGS.to_json(), KEY)
    newest = list(moving(run, 3).values())[-1]
    (run.path / "frames" / "9999.safetensors").write_bytes(b"damaged")
    found = archive.thumbnail(run)
    assert (found.shape, found.dtype) == ((112, 112), np.uint8)
    for i in range(16):
        row, column = divmod(i, 4)
        assert np.array_equal(found[28 * row : 28 * row + 28, 28 * column : 28 * column + 28], newest[i])


def test_a_thumbnail_of_few_images_is_padded_with_black():
    run = RunFolder.create(SETTINGS.to_json(), KEY)
    moving(run, 1, "reconstructions", 3)
    found = archive.thumbnail(run)
    assert found.shape == (112, 112)
    assert found[:28, :84].any()
    assert not found[28:].any()


def test_downloads_and_packing_need_no_torch(files):
    run = packed_run(files)
    code = (
        "import sys; from pathlib import Path; from genlib import archive; from genlib.runs import RunFolder\n"
        "run = RunFolder(Path(sys.argv[1]))\n"
        "for name in archive.__all__:\n"
        "    if name != 'unpack':\n"
        "        getattr(archive, name)(run)\n"
        "sys.exit('torch' in sys.modules)"
    )
    root = Path(__file__).parent.parent
    assert subprocess.run([sys.executable, "-c", code, str(run.path)], cwd=root, check=False).returncode == 0
