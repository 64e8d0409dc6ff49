"""My runs and the comparison, without a browser."""

import numpy as np
import pytest

from genlib import archive
from genlib.film import Film
from genlib.knobs import InputError
from genlib.library import example
from genlib.runs import RunFolder, Status, list_runs
from genlib.settings import FAMILIES, MODEL_CONFIGS, AutoencoderConfig, RunSettings, TrainConfig
from pages.ui import owner
from tests.pages.conftest import KEY, labels, own, told

pytestmark = pytest.mark.fast
RUNS, COMPARE, TRAIN = "images/runs.py", "images/compare.py", "images/train.py"


def another(key=KEY, **train):
    made = RunFolder.create(RunSettings("ae", AutoencoderConfig(latent_dim=3), TrainConfig(**train)).to_json(), key)
    made.write_status(Status("done", step=20))
    return made


def open_menu(test, run):
    test.session_state[f"more_{run.id}"] = True
    test.run()


def listed(test):
    """The runs that have a card."""
    return {box.key.removeprefix("pick_") for box in test.checkbox if box.key.startswith("pick_")}


def texts(test):
    return " ".join(item.value for item in [*test.markdown, *test.caption])


def test_without_runs_the_way_to_one_is_shown(app):
    test = own(app(RUNS))
    assert not test.exception
    assert any("You have no run yet" in text.value for text in test.markdown)


def test_only_ones_own_runs_are_listed(app, run):
    foreign, nobodys = another("f" * 32), another(None)
    test = own(app(RUNS))
    assert listed(test) == {run.id, nobodys.id}
    assert foreign.id not in listed(test)


def test_a_name_with_markup_is_shown_letter_by_letter(app, run):
    run.rename("<script>x</script> *a*", KEY)
    test = own(app(RUNS))
    assert r"\<script\>x\</script\> \*a\*" in texts(test)


def test_a_run_is_renamed_and_its_name_kept(app, run):
    test = own(app(RUNS))
    open_menu(test, run)
    test.text_input[0].set_value("  my   best ").run()
    assert not test.exception
    assert run.name == "my best"


def test_a_run_is_deleted_only_when_one_is_sure(app, run):
    test = own(app(RUNS))
    open_menu(test, run)
    delete = next(button for button in test.button if button.label == "Delete")
    assert delete.disabled
    next(box for box in test.checkbox if "for good" in box.label).check().run()
    next(button for button in test.button if button.label == "Delete").click().run()
    assert not test.exception
    assert not run.path.exists()


def test_a_run_that_trains_cannot_be_deleted(app, run):
    run.write_status(Status("running", step=5, pid=1))
    test = own(app(RUNS))
    open_menu(test, run)
    assert next(box for box in test.checkbox if "for good" in box.label).disabled


def test_a_duplicate_is_a_draft_with_the_same_settings(app, run):
    test = own(app(RUNS))
    open_menu(test, run)
    next(button for button in test.button if button.label == "Duplicate with changes").click().run()
    assert not test.exception
    assert labels(test) == ["Train"]
    assert test.slider(key="VAEConfig.latent_dim").value == 7
    assert test.select_slider(key="TrainConfig.epochs").value == 3
    assert test.query_params["latent_dim"] == "7"


def test_a_run_is_brought_back(app, run, worker):
    test = own(app(RUNS))
    test.file_uploader(key="archive_0").upload("run.zip", archive.pack(run), "application/zip").run()
    assert not test.exception
    assert [each.may_steer(KEY) for each in list_runs()] == [True, True]
    assert "brought back" in test.success[0].value
    test.run()
    assert len(list_runs()) == 2, "one upload is one run"


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04" + b"\0" * 40])
def test_a_file_that_is_no_run_gets_one_sentence(app, content):
    test = own(app(RUNS))
    test.file_uploader(key="archive_0").upload("run.zip", content, "application/zip").run()
    assert not test.exception
    assert len(test.warning) == 1
    assert list_runs() == []


def test_many_runs_come_in_pages(app):
    made = [another() for _ in range(10)]
    test = own(app(RUNS))
    assert listed(test) == {run.id for run in made[2:]}


def test_a_thumbnail_stands_beside_each_run_with_frames(app, run):
    Film(run.path / "frames").add(7, {"samples": np.full((64, 28, 28), 200, np.uint8)})
    test = own(app(RUNS))
    assert len(test.get("image")) == 1


def test_two_runs_are_picked_and_compared(app, run):
    other = another()
    test = own(app(RUNS))
    compare = next(button for button in test.button if button.label.startswith("Compare"))
    assert compare.disabled
    for each in (run, other):
        test.checkbox(key=f"pick_{each.id}").check().run()
    next(button for button in test.button if button.label == "Compare 2 runs").click().run()
    assert not test.exception
    assert {each["name"] for each in told(test)} == {run.id, other.id}
    assert len({each["colour"] for each in told(test)}) == 2


def test_a_comparison_opens_with_the_recorded_runs(app):
    test = app(COMPARE)
    assert not test.exception
    assert [each["name"] for each in told(test)] == [example(family).id for family in FAMILIES]


def test_a_comparison_says_what_differs(app, run):
    other = another(epochs=5)
    test = app(COMPARE, runs=f"{run.id},{other.id}")
    table = test.dataframe[0].value
    rows = table.set_index(table.columns[0])
    assert list(rows.loc["Family"]) == ["VAE", "Autoencoder"]
    assert list(rows.loc["Latent size D"]) == ["7", "3"]
    assert list(rows.loc["Epochs"]) == ["3", "5"]
    assert list(rows.loc["State"]) == ["Stopped", "Finished"]
    assert "Seed" not in rows.index


def test_a_change_while_training_is_a_difference(app, run):
    other = RunFolder.create(run.settings, KEY)
    run.write_changes([{"step": 12, "knob": "beta", "value": 4.0}])
    table = app(COMPARE, runs=f"{run.id},{other.id}").dataframe[0].value
    assert list(table.set_index(table.columns[0]).loc["Beta β"]) == ["1 → 4", "1"]


def test_one_switch_keeps_all_that_are_compared_running(app, run):
    other = RunFolder.create(run.settings, KEY)
    for each in (run, other):
        each.write_status(Status("running", step=5, pid=1))
    test = own(app(COMPARE, runs=f"{run.id},{other.id}"))
    test.toggle[0].set_value(True).run()
    assert (run.wish.keep, other.wish.keep) == (True, True)
    run.steer(KEY, keep=False)
    assert not test.run().toggle[0].value, "one of them is parked when nobody watches"


def test_a_run_that_was_deleted_keeps_no_other_from_being_kept(app, run, monkeypatch):
    other = RunFolder.create(run.settings, KEY)
    for each in (run, other):
        each.write_status(Status("running", step=5, pid=1))
    test = own(app(COMPARE, runs=f"{run.id},{other.id}"))
    steer = RunFolder.steer

    def gone(self, *args, **wish):
        if self.id == run.id:
            raise InputError("This run was deleted.")
        return steer(self, *args, **wish)

    monkeypatch.setattr(RunFolder, "steer", gone)
    test.toggle[0].set_value(True).run()
    assert not test.exception
    assert other.wish.keep
    assert any("was deleted" in each.value for each in test.warning)


def test_the_owner_may_stop_all_that_are_compared(app, run):
    run.write_status(Status("running", step=5, pid=1))
    assert "Stop all" not in labels(app(COMPARE, runs=run.id))
    test = own(app(COMPARE, runs=run.id))
    test.button(key="do_Stop all").click().run()
    assert run.wish.want == "stop"


@pytest.mark.parametrize("names", ["zzz", "../..", ",".join(["0" * 16] * 9), "<b>", ","])
def test_a_junk_comparison_gets_sentences(app, names):
    test = app(COMPARE, runs=names)
    assert not test.exception
    assert all("/" not in warning.value for warning in test.warning)


def test_at_most_four_runs_are_compared(app):
    made = [another() for _ in range(5)]
    test = app(COMPARE, runs=",".join(run.id for run in made))
    assert not test.exception
    assert [each["name"] for each in told(test)] == [run.id for run in made[:4]]
    assert any("At most 4" in warning.value for warning in test.warning)


@pytest.mark.parametrize("family", ["classifier", "masked"])
@pytest.mark.parametrize("page", ["images/train.py", "images/runs.py", "images/compare.py"])
def test_a_run_that_makes_no_images_is_told_apart(app, family, page):
    made = RunFolder.create(RunSettings(family, MODEL_CONFIGS[family](), TrainConfig(epochs=3)).to_json(), KEY)
    made.write_status(Status("stopped", step=40, epoch=40 / 429, seconds=2.0, progress=0.5))
    made.append_metrics({"step": 10, "seconds": 1.0, "split": "train", "loss": 300.0})
    query = {"images/train.py": {"run": made.id}, "images/compare.py": {"runs": made.id}}.get(page, {})
    test = own(app(page, **query))
    assert not test.exception
    said = [each.value for each in (*test.warning, *test.markdown) if made.id[:6] in each.value]
    assert len(said) == 1
    assert ("makes no images to watch" in said[0]) == bool(query)


def test_a_browser_tells_its_key_on_one_page_for_all(app, run):
    test = app(RUNS)
    assert asked(test)
    own(test)
    for page in (COMPARE, RUNS):
        assert not asked(test.switch_page(page).run())
    assert listed(test) == {run.id}


def asked(test):
    """Whether the page asks the browser for its key."""
    return any("owner" in item.proto.component_name for item in test.get("bidi_component"))


def opened_devices(test):
    test.session_state["devices"] = True
    return test.run()


def test_a_code_takes_the_key_to_another_device_once(app, run):
    here = opened_devices(own(app(RUNS)))
    next(button for button in here.button if button.label == "Make a code").click().run()
    (code,) = [each.value for each in here.code]
    there = opened_devices(own(app(RUNS), "f" * 32))
    assert listed(there) == set()
    there.text_input(key="code").set_value(f" {code.lower()} ")
    next(button for button in there.button if button.label == "Take over").click().run()
    assert not there.exception
    assert listed(there) == {run.id}
    again = opened_devices(own(app(RUNS), "e" * 32))
    again.text_input(key="code").set_value(code)
    next(button for button in again.button if button.label == "Take over").click().run()
    assert "each works once" in " ".join(each.value for each in [*again.warning, *again.error])
    assert listed(again) == set()


def test_codes_end_and_only_the_newest_of_a_visitor_counts(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(owner.time, "monotonic", lambda: now[0])
    first, second = owner.lend(KEY), owner.lend(KEY)
    for code in (first, "", "ABCD-EFGH", "<b>", "A" * 500):
        with pytest.raises(InputError, match="not known"):
            owner.take(code)
    now[0] += owner.LENT + 1
    with pytest.raises(InputError, match="not known"):
        owner.take(second)
