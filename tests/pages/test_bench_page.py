"""The data bench without a browser."""

from urllib.parse import parse_qs

import numpy as np
import pytest

from genlib.data.own.csv import list_tables
from genlib.data.toy2d import make_points
from genlib.pixel_study import EPOCHS, GANS, UNBOUNDED, VAES, Contest, load_study
from genlib.preprocess import COMPLETE, WAYS, try_scalings, try_ways
from genlib.settings import MODEL_CONFIGS, BenchConfig, MixtureConfig, PointsConfig, TrainConfig
from pages.ui.measured import blame, gaps
from tests.pages.conftest import KEY, own

pytestmark = pytest.mark.fast
PAGE = "two_d/bench.py"


def sentences(test):
    return [item.value for item in [*test.error, *test.warning]]


def test_opens_with_all_ways_beside_what_would_be(app):
    test = app(PAGE, data_n="400")
    assert not test.exception
    x, mixture = make_points(PointsConfig(dataset="stretched", n=400)).x, MixtureConfig(components=3)
    *_, last = try_ways(x, BenchConfig(), mixture)
    shown = test.dataframe[0].value
    assert list(shown["Way"])[:2] == ["Nothing missing", "Drop rows"]
    assert list(shown["log p(x)"]) == pytest.approx([each.log_likelihood for each in last.outcomes.values()])
    errors = [each.error for each in last.outcomes.values()]
    assert [None if np.isnan(each) else each for each in shown["Error"]] == pytest.approx(errors)
    scaled = test.dataframe[1].value
    *_, all_scalings = try_scalings(x, BenchConfig(), mixture)
    expected = all_scalings.outcomes
    assert list(scaled["log p(x)"]) == pytest.approx([each.log_likelihood for each in expected.values()])
    told = "".join(each.value for each in test.caption)
    nearest, best = "Mixture, mean", max(list(last.outcomes)[1:], key=lambda name: last.outcomes[name].log_likelihood)
    if last.outcomes[best].error == last.outcomes["mixture_mean"].error:
        assert f"Nearest values, and the best model of those rows: {WAYS[best].title}." in told
    else:
        assert f"Nearest values: {nearest}. Best model of those rows: {WAYS[best].title}; not the same way" in told
    assert last.outcomes[COMPLETE].error is None


def test_an_address_sets_the_table_and_what_is_wrong(app):
    query = {
        "data_dataset": "ring",
        "data_n": "300",
        "components": "5",
        "share": "0.5",
        "gaps": "mnar",
        "scaling": "raw",
    }
    test = app(PAGE, **query)
    assert not test.exception
    x = make_points(PointsConfig(dataset="ring", n=300)).x
    *_, last = try_ways(x, BenchConfig(share=0.5, gaps="mnar", scaling="raw"), MixtureConfig(components=5))
    assert list(test.dataframe[0].value["log p(x)"]) == pytest.approx(
        [each.log_likelihood for each in last.outcomes.values()]
    )


def test_columns_of_unlike_width_are_warned_of(app):
    test = app(PAGE, data_n="200", stretch="1000", scaling="raw", covariance="spherical")
    assert not test.exception
    assert "one radius for all columns" in test.warning[0].value
    assert any("lies outside this picture" in each.value for each in test.caption)
    test.selectbox(key="BenchConfig.scaling").set_value("standard").run()
    assert sentences(test) == []


def test_nothing_missing_has_no_error_to_tell(app):
    test = app(PAGE, data_n="200", share="0.0")
    assert not test.exception
    assert test.dataframe[0].value["Error"].isna().all()
    assert "Nearest values" not in "".join(each.value for each in test.caption)


@pytest.mark.parametrize("query", [{"share": "2"}, {"gaps": "some"}, {"stretch": "nan"}, {"scaling": "<b>"}])
def test_a_bad_address_gets_one_sentence_and_the_default(app, query):
    test = app(PAGE, data_n="100", **query)
    assert not test.exception
    assert len(sentences(test)) == 1


def upload(test, text):
    test.file_uploader(key="bench_file_0").upload("table.csv", text.encode(), "text/csv")
    return test.run()


def table(rows=60, gap=""):
    rng = np.random.default_rng(0)
    lines = ["when,size,weight,empty,flat"]
    for i, (a, b) in enumerate(rng.normal(size=(rows, 2))):
        lines.append(f"2026-11-{i % 30 + 1:02d},{a:.3f},{gap if i % 7 == 0 else f'{b:.3f}'},,3")
    return "\n".join(lines)


@pytest.mark.parametrize("gap", ["", "NA", "nan"])
def test_a_file_may_have_gaps_dates_and_flat_columns(app, gap):
    test = upload(app(PAGE), table(gap=gap))
    assert not test.exception
    assert sentences(test) == []
    told = "".join(each.value for each in test.caption)
    assert "hold no number: when, empty" in told
    assert "hold one value only: flat" in told
    assert test.multiselect(key="bench_columns").value == ["size", "weight"]
    assert not test.dataframe[0].value["log p(x)"].isna().any()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n3,4\n", "at least 2 columns and 20 rows"),
        ("a\n1\n", "needs at least 2"),
        (table() + "\n1,2", "Row 62 has 2 cells"),
        (",".join(["1"] * 3000) + "\n", "3,000 columns where 100 are allowed"),
        ("a,b\n" + "1,2\n" * 30, "two columns whose numbers differ"),
    ],
)
def test_a_bad_file_gets_one_sentence(app, text, told):
    test = upload(app(PAGE), text)
    assert not test.exception
    assert any(told in sentence for sentence in sentences(test)), sentences(test)


def number(text):
    """The mean in a cell such as "−754.0 ± 3.9"."""
    return float(text.split(" ")[0].replace("−", "-"))


def test_pixels_are_shown_three_ways_with_what_was_measured(app):
    test = app(PAGE, of="images")
    assert not test.exception
    study = load_study()
    told = "".join(each.value for each in [*test.markdown, *test.caption])
    assert f"is {study.mean:.3f}, their standard deviation {study.deviation:.3f}" in told
    shown, unit = test.dataframe[0].value, -784 * np.log(study.deviation)
    nats = {kind: np.mean(study.vaes[kind].nll) for kind in (*VAES, UNBOUNDED)}
    assert [number(text) for text in shown["−log p(x)"]] == pytest.approx(list(nats.values()), abs=0.06)
    own = [each - unit if kind == "standardised" else each for kind, each in nats.items()]
    assert [number(text) for text in shown["In its own unit"]] == pytest.approx(own, abs=0.06)
    bits = [each / 784 / np.log(2) for each in nats.values()]
    assert [number(text) for text in shown["Bits a pixel"]] == pytest.approx(bits, abs=6e-4)
    assert list(shown["It is a"]) == 2 * ["probability"] + 3 * ["density"]
    assert f"{unit:.0f} nats of that are the unit alone" in told
    distances = [np.mean([seed[-1] for seed in study.gans[kind].frechet]) for kind in GANS]
    assert [number(text) for text in test.dataframe[1].value["Fréchet"]] == pytest.approx(distances, abs=0.6)
    test.segmented_control(key="bench_of").set_value("tables").run()
    assert not test.exception
    assert test.dataframe[0].value["Way"].iloc[0] == "Nothing missing"


def test_each_kind_of_pixels_can_be_trained_as_it_was_measured(app):
    links = [parse_qs(each.proto.query_string) for each in app(PAGE, of="images").get("page_link")]
    asked = [{name: value[0] for name, value in link.items()} for link in links if "family" in link]
    assert len(asked) == len(VAES) + len(GANS)
    for told, config in zip(asked, [*VAES.values(), *GANS.values()], strict=True):
        assert MODEL_CONFIGS[told["family"]] is type(config)
        assert type(config).from_text(told) == config
        assert TrainConfig.from_text(told) == TrainConfig(epochs=EPOCHS)


@pytest.mark.parametrize(
    ("share", "told"), [(1.1, "not the scale"), (0.81, "not the scale"), (0.8, "a part"), (0.2, "not the reason")]
)
def test_the_missing_bounds_are_blamed_for_as_much_as_they_cost(share, told):
    assert told in blame(share)


def test_how_well_d_tells_images_apart_is_the_difference_of_what_it_says():
    contest = Contest(frechet=[[1.0, 2.0]], real=[[0.1, 0.8]], fake=[[0.1, 0.2]], grey=[0.1])
    assert gaps(contest) == [pytest.approx([0.0, 0.6])]


def test_an_address_that_names_no_view_or_image(app):
    for query in ({"of": "<b>"}, {"of": "images", "pixels_image": "99999"}, {"of": "images", "pixels_image": "x"}):
        assert not app(PAGE, **query).exception


def test_a_table_of_ones_own_is_kept_chosen_again_and_removed(app):
    rows = "\n".join(f"{i},{i * i % 7}" for i in range(60))
    test = own(app(PAGE))
    test.file_uploader(key="bench_file_0").upload("my_table.csv", f"a,b\n{rows}".encode(), "text/csv").run()
    assert not test.exception
    (kept,) = list_tables(KEY)
    assert test.query_params["table"] == kept.id or test.query_params["table"] == [kept.id]
    again = own(app(PAGE, table=kept.id))
    assert again.selectbox(key="bench_file_table").value == kept.id
    assert again.multiselect(key="bench_columns").value == ["a", "b"]
    other = own(app(PAGE, table=kept.id), "f" * 32)
    assert "another browser brought it" in "".join(each.value for each in [*other.error, *other.warning])
    assert not other.multiselect
    again.button(key="bench_file_remove").click().run()
    assert not again.exception
    assert list_tables(KEY) == []
    assert not again.multiselect
