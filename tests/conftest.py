"""What every test may ask for: the reference data, goldens that can be blessed, and repeatable property tests."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir, mkdtemp

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.internal.conjecture import providers

from armlet.kernels import private_folder
from armlet.toolchain.toolchain import GnuToolchain, Toolchain, ZigToolchain, toolchains

REPOSITORY = Path(__file__).parent.parent

# The current folder may be one that cannot be written; nothing is kept there that would decide what is tried.
set_hypothesis_home_dir((private_folder(Path(gettempdir())) or Path(mkdtemp())) / "hypothesis")
# Hypothesis takes numbers out of the modules that are loaded: what is tried would depend on the tests beside it.
assert hasattr(providers, "is_local_module_file"), "this hypothesis looks for constants elsewhere"
providers.is_local_module_file = lambda path: False  # pyright: ignore[reportPrivateImportUsage]
settings.register_profile(
    "house",
    database=None,
    deadline=None,  # the machine is shared; time is no law
    derandomize=True,  # the same examples on every run; tests/soak.py searches further
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    default = REPOSITORY.parent / "shared" / "data"
    parser.addoption("--reference-data", type=Path, default=default, help=f"folder of reference data ({default})")
    parser.addoption("--bless", action="store_true", help="rewrite the golden files from what the code gives now")


@pytest.fixture(scope="session")
def reference_data(request: pytest.FixtureRequest) -> Path:
    """The folder of networks and images that the project does not ship; tests that need it skip where it is absent."""
    folder = Path(str(request.config.getoption("--reference-data")))
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}; give its folder with --reference-data")
    return folder


@pytest.fixture(scope="module", params=["gnu", "llvm"])
def each_toolchain(request: pytest.FixtureRequest) -> Iterator[Toolchain]:
    """One toolchain after the other, as if no other were here; a test that asks for this runs under both."""
    kind = {"gnu": GnuToolchain, "llvm": ZigToolchain}[request.param]
    found = [tools for tools in toolchains() if isinstance(tools, kind)]
    if not found:
        pytest.skip(
            {"gnu": "no arm-none-eabi-as and arm-none-eabi-ld on the PATH", "llvm": "no ziglang"}[request.param]
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("armlet.toolchain.toolchain.toolchains", lambda: tuple(found))
        yield found[0]


class Golden:
    """Text that a person would want to read, kept in a file beside the tests."""

    def __init__(self, path: Path, bless: bool) -> None:
        self.path, self.bless = path, bless

    def check(self, actual: str) -> None:
        """Fail unless `actual` is what the file holds; with --bless, make it so."""
        if self.bless:
            self.path.parent.mkdir(exist_ok=True)
            self.path.write_text(actual)
        assert self.path.exists(), f"no golden at {self.path}; run pytest --bless, and read what it wrote"
        assert actual == self.path.read_text()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    name = request.node.name.replace("/", "_")
    return Golden(Path(__file__).parent / "golden" / f"{name}.txt", bool(request.config.getoption("--bless")))
