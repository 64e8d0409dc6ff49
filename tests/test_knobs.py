"""Parameters: what is written is read back, and all else is refused in one sentence."""

import json
import math
from dataclasses import FrozenInstanceError, asdict

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from genlib.changes import Change, amended, checked_changes, read_changes
from genlib.knobs import InputError, shown
from genlib.settings import (
    MODEL_CONFIGS,
    AutoencoderConfig,
    MixtureConfig,
    PointsConfig,
    RunSettings,
    TrainConfig,
    VAEConfig,
    check_family,
)

pytestmark = pytest.mark.fast

CONFIGS = [PointsConfig, MixtureConfig, AutoencoderConfig, VAEConfig, TrainConfig]
KNOBS = [pytest.param(knob, id=f"{config.__name__}.{knob.name}") for config in CONFIGS for knob in config.knobs()]

everything = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 10**5000, 2**32, 2**32 - 1])
    | st.floats()
    | st.text(max_size=60)
    | st.lists(st.integers(), max_size=3)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)


def allowed(knob):
    """A strategy of all values that a knob allows."""
    if knob.choices:
        return st.sampled_from(knob.choices)
    if knob.kind is int:
        return st.integers(knob.low, knob.high)
    return st.floats(knob.low, knob.high)


def configs(config):
    return st.fixed_dictionaries({knob.name: allowed(knob) for knob in config.knobs()}).map(lambda v: config(**v))


def check_sentence(error, knob):
    text = str(error)
    assert text.startswith(f"{knob.title} cannot be ")
    assert text.endswith(f": choose {knob.allowed}.")
    assert text.isprintable()
    assert len(text) < 60 + len(knob.title) + len(knob.allowed) + 20
    for end in knob.choices or (knob.low, knob.high):
        assert (end if isinstance(end, str) else f"{end:.6g}" if knob.kind is float else str(end)) in text


@pytest.mark.parametrize("knob", KNOBS)
def test_what_is_written_is_read_back(knob):
    @settings(max_examples=60, deadline=None)
    @given(allowed(knob))
    @example(knob.default)
    def check(value):
        read = knob.parse(knob.text(value))
        assert (read, type(read)) == (value, knob.kind)
        assert knob.parse(f"  {knob.text(value)}\n") == value

    check()


@pytest.mark.parametrize("knob", KNOBS)
def test_a_value_is_taken_as_it_is_or_refused_in_one_sentence(knob):
    @settings(max_examples=60, deadline=None)
    @given(everything)
    @example(math.nan)
    @example(math.inf)
    @example(-math.inf)
    @example(True)
    @example(10**400)
    @example(10**5000)
    @example("\ud800\n\x1b[31m")
    def check(value):
        try:
            taken = knob.check(value)
        except InputError as error:
            check_sentence(error, knob)
        else:
            assert taken == value
            assert type(taken) is knob.kind
            assert not isinstance(value, bool)
            assert value in knob.choices if knob.choices else knob.low <= value <= knob.high

    check()


@pytest.mark.parametrize("knob", KNOBS)
def test_a_text_is_read_or_refused_in_one_sentence(knob):
    @settings(max_examples=60, deadline=None)
    @given(st.text(max_size=60) | everything.map(_text))
    @example("nan")
    @example("-inf")
    @example("1e400")
    @example("9" * 5000)
    @example("1.0000001")
    @example("")
    @example("0x10")
    @example("True")
    @example("\x00")
    def check(text):
        try:
            value = knob.parse(text)
        except InputError as error:
            check_sentence(error, knob)
        else:
            assert value in knob.choices if knob.choices else value == float(text.strip())

    check()


def _text(value):
    return "9" * 5000 if isinstance(value, int) and abs(value) > 10**4000 else str(value)


def test_the_ends_are_allowed_and_just_beyond_them_is_not():
    knobs = [knob for config in CONFIGS for knob in config.knobs() if not knob.choices]
    assert len(knobs) > 10
    for knob in knobs:
        below, above = (
            (knob.low - 1, knob.high + 1)
            if knob.kind is int
            else (math.nextafter(knob.low, -math.inf), math.nextafter(knob.high, math.inf))
        )
        assert (knob.check(knob.low), knob.check(knob.high)) == (knob.low, knob.high)
        for value in (below, above):
            with pytest.raises(InputError):
                knob.check(value)


def test_a_whole_number_may_be_written_with_a_point_but_not_be_broken():
    knob = TrainConfig.knob("epochs")
    assert [knob.parse("7"), knob.parse("7.0"), knob.check(7.0)] == [7, 7, 7]
    with pytest.raises(InputError):
        knob.parse("7.5")
    # Of 2**53 + 1 a float would make 2**53.
    assert TrainConfig.knob("seed").parse(str(2**32 - 1)) == 4294967295


@pytest.mark.parametrize(
    ("config", "values", "sentence"),
    [
        (TrainConfig, {"seed": 2**32}, "Seed cannot be 4294967296: choose a whole number from 0 to 4294967295."),
        (TrainConfig, {"seconds": True}, "Time (s) cannot be True: choose a whole number from 1 to 86400."),
        (TrainConfig, {"learning_rate": "0.1"}, "Learning rate cannot be '0.1': choose a number from 1e-06 to 100."),
        (TrainConfig, {"budget": "years"}, "Length in cannot be 'years': choose one of epochs, seconds."),
        (PointsConfig, {"dataset": None}, None),
        (TrainConfig, {"epochs": 10**5000}, None),
    ],
)
def test_the_sentences(config, values, sentence):
    with pytest.raises(InputError) as refused:
        config.from_json(values)
    assert sentence is None or str(refused.value) == sentence


@pytest.mark.parametrize("config", CONFIGS)
def test_json_and_texts_round_trip(config):
    @settings(max_examples=40, deadline=None)
    @given(configs(config))
    def check(made):
        assert config.from_json(json.loads(json.dumps(made.to_json()))) == made
        assert config.from_text(made.to_text()) == made
        # Only what differs is written, so that an address stays short.
        assert set(made.to_text()) == {k.name for k in config.knobs() if getattr(made, k.name) != k.default}

    check()
    assert config().to_text() == {}
    assert config.from_json({}) == config()


@pytest.mark.parametrize("config", CONFIGS)
def test_what_is_no_object_or_has_unknown_names_is_refused(config):
    for values in (None, [], "x", 3, [["seed", 1]], 10**5000):
        with pytest.raises(InputError, match=f"The {config.title} must be a JSON object"):
            config.from_json(values)
    with pytest.raises(InputError) as refused:
        config.from_json({"sede\n": 1})
    assert "'sede?'" in str(refused.value)
    assert all(knob.name in str(refused.value) for knob in config.knobs())
    # An address also holds the names of other settings.
    assert config.from_text({"sede": "1", "utm_source": "x"}) == config()


def test_a_configuration_cannot_be_changed_or_made_wrong():
    config = TrainConfig(epochs=3)
    with pytest.raises(FrozenInstanceError):
        config.epochs = 4
    with pytest.raises(InputError):
        TrainConfig(epochs=0)
    assert type(TrainConfig(learning_rate=1).learning_rate) is float
    # A subclass has its own knobs besides those of its base, whichever was asked first.
    assert {"beta"} == {k.name for k in VAEConfig.knobs()} - {k.name for k in AutoencoderConfig.knobs()}


def test_every_knob_tells_what_it_is():
    for config in CONFIGS:
        for knob in config.knobs():
            assert knob.default == knob.check(knob.default)
            assert knob.help.endswith("."), knob.name
            assert not knob.names or set(knob.names) == set(knob.choices)
            assert knob.flag.replace("-", "_") == f"__{knob.name}"
            assert knob.choices or knob.low < knob.high


def test_names_shared_by_two_configurations_mean_the_same():
    # The command line and the address give the settings of model and training together.
    for config in MODEL_CONFIGS.values():
        assert not {k.name for k in config.knobs()} & {k.name for k in TrainConfig.knobs()}


run_settings = st.one_of(
    *(
        st.builds(RunSettings, st.just(family), configs(config), configs(TrainConfig))
        for family, config in MODEL_CONFIGS.items()
    )
)


@settings(max_examples=40, deadline=None)
@given(run_settings)
def test_run_settings_round_trip(made):
    read = RunSettings.from_json(json.loads(json.dumps(made.to_json())))
    assert read == made
    assert type(read.model) is MODEL_CONFIGS[made.family]
    assert RunSettings.from_text({"family": made.family} | made.model.to_text() | made.train.to_text()) == made
    assert asdict(read.train) == made.to_json()["train"]


@settings(max_examples=150, deadline=None)
@given(
    everything
    | st.fixed_dictionaries(
        {}, optional={"family": everything | st.just("ae"), "model": everything, "train": everything, "x": everything}
    )
)
@example({"family": 10**5000})
@example({"model": {"beta": math.nan}})
@example({"train": {"epochs": [[[]]]}})
def test_junk_settings_are_refused_in_one_sentence(values):
    try:
        made = RunSettings.from_json(values)
    except InputError as error:
        text = str(error)
        assert text[0].isupper()
        assert text.endswith(".")
        assert text.isprintable()
        assert len(text) < 300
    else:
        assert made.family == values.get("family", "vae")
        assert set(values) <= {"family", "model", "train"}


def test_unknown_families_and_parts_are_named():
    with pytest.raises(InputError, match="The family cannot be 'gun': choose one of"):
        check_family("gun")
    with pytest.raises(InputError, match="The run settings have no 'trian'"):
        RunSettings.from_json({"trian": {"epochs": 1}})
    with pytest.raises(InputError, match="autoencoder settings has no 'beta'"):
        RunSettings.from_json({"family": "ae", "model": {"beta": 1.0}})


@settings(deadline=None)
@given(everything)
def test_a_shown_value_is_short_and_printable(value):
    text = shown(value)
    assert text.isprintable()
    assert 0 < len(text) <= 42


def test_an_endless_value_can_be_shown():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    assert shown(deep) == shown(10**5000) == "something endless"
    while deep:  # one by one, or freeing it would recurse as deeply
        deep = deep.pop()


# Live knobs and their changes -----------------------------------------------------------------------------------------


def test_live_knobs_are_the_models_then_those_of_training():
    assert [knob.name for knob in RunSettings().live()] == ["beta", "learning_rate"]
    assert [knob.name for knob in RunSettings("ae", AutoencoderConfig()).live()] == ["learning_rate"]
    # A change holds a number.
    for family, config in MODEL_CONFIGS.items():
        assert all(knob.kind is float for knob in RunSettings(family, config()).live())


def test_a_live_knob_is_changed_and_nothing_else():
    before = RunSettings("vae", VAEConfig(latent_dim=7), TrainConfig(epochs=3))
    after = before.changed("beta", 2).changed("learning_rate", 0.5)
    assert after == RunSettings("vae", VAEConfig(latent_dim=7, beta=2.0), TrainConfig(epochs=3, learning_rate=0.5))
    assert (after.value("beta"), after.value("learning_rate"), after.value("epochs")) == (2.0, 0.5, 3)
    assert type(after.value("beta")) is float
    for name, value, part in [
        ("latent_dim", 3, "'latent_dim' stays as it is: change beta or learning_rate."),
        ("seed", 3, "'seed' stays"), ("sped\n", 3, "'sped?'"), ("beta", 21.0, "Beta β cannot be 21.0"),
        ("learning_rate", math.nan, "Learning rate cannot be nan"), ("learning_rate", "1", "cannot be '1'"),
    ]:  # fmt: skip
        with pytest.raises(InputError) as refused:
            before.changed(name, value)
        assert part in str(refused.value)
    with pytest.raises(InputError, match="'beta' stays as it is: change learning_rate"):
        RunSettings("ae", AutoencoderConfig()).changed("beta", 2.0)


steps = st.integers(0, 10**12)
names = st.sampled_from(["beta", "learning_rate"])
changes = st.builds(Change, steps, names, st.floats(allow_nan=False, min_value=-1e300, max_value=1e300))


@settings(max_examples=100, deadline=None)
@given(changes)
def test_a_change_round_trips(change):
    assert Change.from_json(json.loads(json.dumps(change.to_json()))) == change
    assert Change.parse(change.text) == change


def test_a_change_is_written_as_on_the_command_line():
    assert Change(700, "learning_rate", 0.0003).text == "700:learning_rate=0.0003"
    assert Change.parse(" 700:learning-rate=3e-4 ") == Change(700, "learning_rate", 0.0003)


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=40) | st.builds("{}:{}={}".format, everything.map(_text), st.text(max_size=5), st.text(max_size=9))
)
@example("7:beta=nan")
@example("7:beta=1e999")
@example("7:beta=1e301")
@example("-1:beta=1")
@example("7:=1")
@example("9999999999999:beta=1")
@example("9" * 5000 + ":beta=1")
def test_a_text_that_is_no_change_is_refused_in_one_sentence(text):
    try:
        change = Change.parse(text)
    except InputError as error:
        assert str(error).endswith(".")
        assert str(error).isprintable()
        assert len(str(error)) < 200
        assert "JSON" not in str(error)  # nobody wrote any
    else:
        assert 0 <= change.step <= 10**12
        assert math.isfinite(change.value)
        assert Change.parse(change.text) == change


@settings(max_examples=200, deadline=None)
@given(
    everything
    | st.fixed_dictionaries(
        {}, optional={"step": everything | steps, "knob": everything | names, "value": everything, "x": everything}
    )
)
def test_json_that_is_no_change_is_refused_and_left_out_of_a_file(values):
    try:
        change = Change.from_json(values)
    except InputError as error:
        assert str(error).endswith(".")
        assert len(str(error)) < 200
        assert read_changes([values], RunSettings()) == []
    else:
        assert (change.step, change.knob) == (values["step"], values["knob"])
        assert change.value == pytest.approx(values["value"])
        assert change.step >= 0


def test_the_changes_of_a_file_are_sorted_and_those_that_cannot_be_are_left_out():
    lines = [
        {"step": 9, "knob": "beta", "value": 3.0}, {"step": 2, "knob": "beta", "value": 21.0}, {"step": 2},
        {"step": 9, "knob": "learning_rate", "value": 0.1, "mood": "good"}, {"step": 1, "knob": "seed", "value": 1},
        {"step": 4, "knob": "beta", "value": 2}, {"step": True, "knob": "beta", "value": 2},
    ]  # fmt: skip
    expected = [Change(4, "beta", 2.0), Change(9, "beta", 3.0), Change(9, "learning_rate", 0.1)]
    assert read_changes(lines, RunSettings()) == expected
    assert read_changes(lines, RunSettings("ae", AutoencoderConfig())) == expected[2:]
    assert checked_changes(expected[::-1], RunSettings()) == [expected[0], expected[2], expected[1]]
    with pytest.raises(InputError, match="Beta β cannot be"):
        checked_changes([Change(2, "beta", 21.0)], RunSettings())


@settings(max_examples=100, deadline=None)
@given(st.lists(changes.map(lambda c: Change(c.step % 5, c.knob, c.value)), max_size=8))
def test_of_one_knob_the_last_word_counts(made):
    kept = []
    for change in made:
        kept = amended(kept, change)
    assert [change.step for change in kept] == sorted(change.step for change in kept)
    assert len({(change.step, change.knob) for change in kept}) == len(kept)
    for name in ("beta", "learning_rate"):
        asked = [change for change in made if change.knob == name]
        own = [change for change in kept if change.knob == name]
        # What comes after the newest was asked for before it, and is taken back by it.
        assert own[-1:] == asked[-1:]
        assert all(change in asked for change in own)
