"""Parameters: what is written is read back, and all else is refused in one sentence."""

import json
import math
from dataclasses import FrozenInstanceError, asdict, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from genlib.changes import Change, amended, checked_changes, read_changes
from genlib.knobs import InputError, shown
from genlib.settings import (
    MODEL_CONFIGS,
    AutoencoderConfig,
    ClassifierConfig,
    GANConfig,
    MixtureConfig,
    PixelMixtureConfig,
    PointsConfig,
    RunSettings,
    TrainConfig,
    VAEConfig,
    check_family,
)

pytestmark = pytest.mark.fast

CONFIGS = [PointsConfig, MixtureConfig, TrainConfig, *MODEL_CONFIGS.values()]
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
    if knob.kind is bool:
        return st.booleans()
    if knob.kind is int:
        return st.integers(knob.low, knob.high)
    return st.floats(knob.low, knob.high)


def configs(config):
    """Configurations of values drawn one by one; those that are impossible together are tested below."""

    def possible(values):
        try:
            config(**values)
        except InputError:
            return False
        return True

    values = st.fixed_dictionaries({knob.name: allowed(knob) for knob in config.knobs()})
    plain = {name: st.just(knob.default) for name, knob in ((k.name, k) for k in config.knobs())}
    # Every second time a few knobs are turned and the others left, for the more are turned the fewer fit together.
    few = st.sets(st.sampled_from(sorted(plain)), max_size=3).flatmap(
        lambda names: st.fixed_dictionaries({n: allowed(config.knob(n)) if n in names else plain[n] for n in plain})
    )
    return (few | values).filter(possible).map(lambda v: config(**v))


def check_sentence(error, knob):
    text = str(error)
    assert text.startswith(f"{knob.title} cannot be ")
    assert text.endswith(f": choose {knob.allowed}.")
    assert text.isprintable()
    assert len(text) < 60 + len(knob.title) + len(knob.allowed) + 20
    for end in knob.choices or (() if knob.kind is bool else (knob.low, knob.high)):
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
            assert isinstance(value, bool) == (knob.kind is bool)
            if knob.kind is not bool:
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
            if knob.kind is bool:
                assert text.strip().lower() in ({"true", "1"} if value else {"false", "0"})
            else:
                assert value in knob.choices if knob.choices else value == float(text.strip())

    check()


def _text(value):
    return "9" * 5000 if isinstance(value, int) and abs(value) > 10**4000 else str(value)


def test_the_ends_are_allowed_and_just_beyond_them_is_not():
    knobs = [knob for config in CONFIGS for knob in config.knobs() if knob.kind in (int, float)]
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
        (GANConfig, {"turns": 3}, "Who learns cannot be 3: choose one of 0 (Both), 1 (D alone), 2 (G alone)."),
        (GANConfig, {"spectral": 1}, "Spectral normalisation cannot be 1: choose true or false."),
        (VAEConfig, {"labels": "yes"}, "With labels cannot be 'yes': choose true or false."),
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
    own = {k.name for k in VAEConfig.knobs()} - {k.name for k in AutoencoderConfig.knobs()}
    assert own == {"beta", "warmup", "importance", "binarise", "standardise"}


def test_every_knob_tells_what_it_is():
    for config in CONFIGS:
        for knob in config.knobs():
            assert knob.default == knob.check(knob.default)
            assert knob.help.endswith("."), knob.name
            numbers = [str(n) for n in range(knob.low, knob.high + 1)] if knob.kind is int and knob.names else []
            assert not knob.names or list(knob.names) == numbers or set(knob.names) == set(knob.choices)
            assert knob.flag.replace("-", "_") == f"__{knob.name}"
            assert knob.choices or knob.kind is bool or knob.low < knob.high
            assert knob.title[0].isupper()


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


# Knobs that go together or do not -------------------------------------------------------------------------------------

IMPOSSIBLE = [
    ("vae", {"importance": 2, "beta": 2.0}, "has no β: choose β = 1, or one importance sample."),
    ("vae", {"importance": 50, "beta": 0.0}, "has no β"),
    ("vae", {"binarise": True, "likelihood": "gaussian"}, "need the Bernoulli likelihood: choose it, or keep the grey"),
    ("gan", {"loss": "hinge", "smoothing": 0.1}, "which hinge has not: set it to 0, or choose non-saturating."),
    ("gan", {"loss": "wasserstein", "smoothing": 0.5}, "which wasserstein has not"),
    ("classifier", {"labels": True}, "is to find the labels: it cannot be told them."),
    *((family, {"schedule": "cosine", "budget": "seconds"}, "must know its end: give the length in epochs, or")
      for family in MODEL_CONFIGS),
]  # fmt: skip
POSSIBLE = [
    ("vae", {"importance": 2, "warmup": 100}),
    ("vae", {"importance": 2, "likelihood": "gaussian"}),
    ("vae", {"importance": 5, "binarise": True}),
    ("vae", {"likelihood": "gaussian", "beta": 4.0}),
    ("gan", {"loss": "minimax", "smoothing": 0.5}),
    ("gan", {"loss": "hinge", "smoothing": 0.0}),
    ("gan", {"loss": "wasserstein", "spectral": True}),
    ("classifier", {"labels": False}),
    ("ae", {"schedule": "cosine", "budget": "epochs"}),
    ("ae", {"schedule": "constant", "budget": "seconds"}),
]


def in_json(family, values):
    """Settings as in a file, before anybody has looked at them."""
    training = {k.name for k in TrainConfig.knobs()}
    parts = {"model": {}, "train": {}}
    for name, value in values.items():
        parts["train" if name in training else "model"][name] = value
    return {"family": family} | parts


def in_text(family, values):
    return {"family": family} | {name: str(value).lower() for name, value in values.items()}


@pytest.mark.parametrize(("family", "values", "sentence"), IMPOSSIBLE)
def test_what_cannot_be_together_is_refused_in_one_sentence_wherever_it_comes_from(family, values, sentence):
    texts = set()
    for read, given_ in (
        (RunSettings.from_json, in_json(family, values)),
        (RunSettings.from_text, in_text(family, values)),
    ):
        with pytest.raises(InputError) as refused:
            read(given_)
        texts.add(str(refused.value))
    (text,) = texts
    assert sentence in text
    assert text.endswith(".")
    assert text.count(".") == 1
    assert text[0].isupper()
    assert text.isprintable()
    # Each value alone is good, and one of them put right makes it possible.
    for name in values:
        others = {other: value for other, value in values.items() if other != name}
        RunSettings.from_json(in_json(family, others))


@pytest.mark.parametrize(("family", "values"), POSSIBLE)
def test_what_can_be_together_is_taken(family, values):
    made = RunSettings.from_json(in_json(family, values))
    assert made == RunSettings.from_text(in_text(family, values))
    assert {name: made.value(name) for name in values} == values


def test_a_good_configuration_cannot_be_replaced_by_an_impossible_one():
    for good, wrong in (
        (VAEConfig(importance=2), {"beta": 2.0}),
        (VAEConfig(binarise=True), {"likelihood": "gaussian"}),
        (GANConfig(smoothing=0.1), {"loss": "hinge"}),
        (ClassifierConfig(), {"labels": True}),
        (TrainConfig(schedule="cosine"), {"budget": "seconds"}),
    ):
        with pytest.raises(InputError):
            replace(good, **wrong)


def test_values_that_do_not_count_are_named():
    def left_out(family, model, **training):
        made = RunSettings(family, model, TrainConfig(**training))
        return set(made.to_json()["model"] | made.to_json()["train"]) - set(made.used())

    conv = {"hidden_dim", "layers"}
    for family, model, expected in [
        ("ae", AutoencoderConfig(), {"channels"}),
        ("ae", AutoencoderConfig(network="conv"), conv),
        ("vae", VAEConfig(), {"channels"}),
        ("vae", VAEConfig(importance=2), {"channels", "beta", "warmup"}),
        ("gan", GANConfig(), {*conv, "penalty"}),
        ("gan", GANConfig(network="dense", loss="wasserstein"), {"channels"}),
        ("mixture", PixelMixtureConfig(), {"learning_rate", "schedule"}),
        ("classifier", ClassifierConfig(network="dense"), {"channels"}),
    ]:
        assert left_out(family, model) == {*expected, "seconds"}
        assert left_out(family, model, budget="seconds") == {*expected, "epochs"}
        names = {knob.name for knob in (*model.knobs(), *TrainConfig.knobs())}
        assert model.unused() <= names
        assert (
            RunSettings(family, model).used().items()
            <= {name: RunSettings(family, model).value(name) for name in names}.items()
        )


# Live knobs and their changes -----------------------------------------------------------------------------------------


def test_live_knobs_are_the_models_then_those_of_training():
    assert [knob.name for knob in RunSettings().live()] == ["beta", "learning_rate"]
    assert [knob.name for knob in RunSettings("ae", AutoencoderConfig()).live()] == ["noise", "learning_rate"]
    live = [knob.name for knob in RunSettings("gan", GANConfig()).live()]
    assert live == ["d_steps", "d_rate", "turns", "learning_rate"]
    # A change holds a number.
    for family, config in MODEL_CONFIGS.items():
        assert all(knob.kind in (int, float) for knob in RunSettings(family, config()).live())
    # What changes nothing is not offered: with several codes for an image there is no KL term, and EM has no pace.
    assert [knob.name for knob in RunSettings("vae", VAEConfig(importance=5)).live()] == ["learning_rate"]
    assert RunSettings("mixture", PixelMixtureConfig()).live() == ()


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
    with pytest.raises(InputError, match=r"'beta' stays as it is: change learning_rate\.$"):
        RunSettings("vae", VAEConfig(importance=2)).changed("beta", 2.0)
    with pytest.raises(InputError, match="'beta' stays as it is: change noise or learning_rate"):
        RunSettings("ae", AutoencoderConfig()).changed("beta", 2.0)
    # A whole number stays one, for all that a change holds floats.
    after = RunSettings("gan", GANConfig()).changed("turns", 1.0)
    assert (after.model.turns, type(after.model.turns)) == (1, int)
    with pytest.raises(InputError, match=r"Who learns cannot be 0\.5"):
        after.changed("turns", 0.5)
    with pytest.raises(InputError, match=r"'learning_rate' stays as it is, like all its settings: start a new one\.$"):
        RunSettings("mixture", PixelMixtureConfig()).changed("learning_rate", 0.1)


@pytest.mark.parametrize("family", MODEL_CONFIGS)
def test_whatever_may_be_changed_on_the_way_fits_together(family):
    """A change is checked alone when it is written down, so no two may be impossible together."""

    @settings(max_examples=60, deadline=None)
    @given(configs(MODEL_CONFIGS[family]), configs(TrainConfig), st.data())
    def check(model, training, data):
        made = RunSettings(family, model, training)
        for knob in made.live():
            value = data.draw(allowed(knob), label=knob.name)
            made = made.changed(knob.name, float(value))
            assert made.value(knob.name) == value

    check()


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
