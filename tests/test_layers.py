"""The layers of the architecture, read from the imports themselves."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parent.parent
LAYERS = [
    {""},  # genlib itself: its version
    {"knobs", "ending", "worker"},
    {"settings"},
    {"seeding", "device", "runs", "film", "colours", "facts", "metrics"},
    {"changes", "data", "gmm", "presets"},
    {"lessons", "models", "pca"},
    {"latent"},
    {"training"},
    {"checkpoint"},
    {"preprocess", "health", "evaluation", "export", "library", "recipe", "recorder", "sampling"},
    {"reading"},
    {"drift", "morph", "repair", "scoring", "studio"},
    {"plane_film"},
    {"flags", "handout", "pretrain", "progress", "archive", "portraits", "pixel_study"},
    {"check"},
    {"plots", "cli"},
    {"__main__"},
    {"app.py and pages"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
LONGEST = 260
FILES = sorted((ROOT / "genlib").rglob("*.py")) + sorted((ROOT / "pages").rglob("*.py")) + [ROOT / "app.py"]
GENLIB = [path for path in FILES if path.is_relative_to(ROOT / "genlib")]


@cache
def tree(path):
    return ast.parse(path.read_text("utf-8"))


def imports(node):
    """Every module that is imported below a node, at the top or inside a function."""
    for child in ast.walk(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            yield child.module
            if child.module == "genlib":
                yield from (f"genlib.{alias.name}" for alias in child.names)


def part(path):
    """The layered name of a file: the module or package directly below genlib."""
    if not path.is_relative_to(ROOT / "genlib"):
        return "app.py and pages"
    name = path.relative_to(ROOT / "genlib").parts[0].removesuffix(".py")
    return "" if name == "__init__" else name


def target(module):
    """The layered name of an imported module; None for those of others."""
    top, _, rest = module.partition(".")
    if top == "pages":
        return "app.py and pages"
    name = rest.partition(".")[0]
    if top != "genlib":
        return None
    # ``from genlib import __version__`` is a name of genlib itself.
    exists = (ROOT / "genlib" / name).is_dir() or (ROOT / "genlib" / f"{name}.py").is_file()
    return name if exists else ""


def ids(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


def outside(path):
    return {module.partition(".")[0] for module in imports(tree(path))} - {"genlib", "pages"} - sys.stdlib_module_names


def test_there_is_something_to_read():
    assert len(GENLIB) > 20
    assert len(FILES) > len(GENLIB) + 5


@pytest.mark.parametrize("path", FILES, ids=ids(FILES))
def test_imports_go_down_only(path):
    here = part(path)
    assert here in RANK, f"give genlib.{here} a layer"
    for module in imports(tree(path)):
        there = target(module)
        assert there is None or there == here or RANK[there] < RANK[here], f"{here or 'genlib'} imports {module}"


@pytest.mark.parametrize("path", GENLIB, ids=ids(GENLIB))
def test_streamlit_and_plotly_have_one_door_each(path):
    found = outside(path)
    if part(path) == "cli":
        without = ast.parse(path.read_text("utf-8"))  # of its own, since it is changed
        for function in ast.walk(without):
            if isinstance(function, ast.FunctionDef) and function.name == "_app":
                function.body = [ast.Pass()]
        found = {module.partition(".")[0] for module in imports(without)}
    assert "streamlit" not in found
    assert "plotly" not in found or part(path) == "plots"


def test_a_run_folder_needs_the_standard_library_only():
    for path in GENLIB:
        if part(path) == "runs":
            other = {"files": "platformdirs", "cluster": "distributed", "workers": "distributed"}
            allowed = {other.get(path.stem)}
            assert outside(path) <= allowed
            functions = ast.FunctionDef | ast.AsyncFunctionDef
            at_the_top = ast.Module([node for node in tree(path).body if not isinstance(node, functions)], [])
            assert not allowed & set(imports(at_the_top))
            inside = {module for module in imports(tree(path)) if module.startswith("genlib")}
            assert {name for name in inside if not name.startswith("genlib.runs")} <= {
                "genlib",
                "genlib.__version__",
                "genlib.knobs",
            }


@pytest.mark.parametrize("path", FILES, ids=ids(FILES))
def test_nothing_from_outside_is_run(path):
    assert not {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"} & {
        module.partition(".")[0] for module in imports(tree(path))
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"eval", "exec", "compile", "__import__", "torch.load", "os.system", "os.popen"}
            assert called not in {"np.load", "numpy.load"} or "allow_pickle=False" in ast.unparse(node)
            assert "shell=True" not in ast.unparse(node)


@pytest.mark.parametrize("path", GENLIB, ids=ids(GENLIB))
def test_no_global_generator_is_used(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"torch.manual_seed", "torch.seed", "np.random.seed", "numpy.random.seed"}
            assert not called.startswith("random."), "the standard library's generator is a global one"


@pytest.mark.parametrize("path", FILES, ids=ids(FILES))
def test_files_are_short_and_say_what_they_are(path):
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST
    assert ast.get_docstring(tree(path)), "a file begins with what it is"
    if path in GENLIB and path.name != "__main__.py" and path != ROOT / "genlib" / "__init__.py":
        names = {ast.unparse(t) for node in tree(path).body if isinstance(node, ast.Assign) for t in node.targets}
        assert "__all__" in names
