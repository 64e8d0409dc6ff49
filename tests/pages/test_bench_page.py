"""The data bench without a browser."""

import numpy as np
import pytest

from genlib.data.own.csv import list_tables
from genlib.data.toy2d import make_points
from genlib.pixel_study import load_study
from genlib.preprocess import COMPLETE, WAYS, try_scalings, try_ways
from genlib.settings import BenchConfig, MixtureConfig, PointsConfig
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


def test_pixels_are_shown_three_ways_with_what_was_measured(app):
    test = app(PAGE, of="images")
    assert not test.exception
    study = load_study()
    told = "".join(each.value for each in [*test.markdown, *test.caption])
    assert f"{study.mean:.3f}, their standard deviation {study.deviation:.3f}" in told
    shown = test.dataframe[0].value
    nats = {kind: np.mean(fit.nll) for kind, fit in study.vaes.items()}
    told_nats = [float(text.split(" ")[0]) for text in shown["−log p(x), nats"]]
    assert told_nats == pytest.approx(list(nats.values()), abs=0.06)
    own = float(shown["in its own unit"].iloc[-1])
    assert own == pytest.approx(nats["standardised"] + 784 * np.log(study.deviation), abs=0.06)
    assert len(test.get("page_link")) >= 7, "each can be trained"
    test.segmented_control(key="bench_of").set_value("tables").run()
    assert not test.exception
    assert test.dataframe[0].value["Way"].iloc[0] == "Nothing missing"


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
