"""The rooms and who may import whom; and that `coverage` is ours."""

from __future__ import annotations

import ast
import importlib.metadata
import re
from pathlib import Path

import pytest

import coverage

ROOT = Path(__file__).parent.parent

BASE = {"errors"}
STAGE = {"errors", "crs", "schemas", "policy", "scenario", "inputs", "kinds"}
SEEN = {"assessment", "schemas", "policy", "costbook", "costs", "study", "scenario", "errors", "crs", "inputs"} | {
    "audience",
    "contrast",
    "criteria",
    "curve",
    "kinds",
    "programme",
    "scoring",
    "stability",
    "swaps",
    "templates",
    "wishes",
}

# Room -> the rooms of `coverage` it may import.
ALLOWED: dict[str, set[str]] = {
    "__init__": set(),
    "errors": set(),
    "crs": BASE,
    "schemas": BASE | {"crs"},
    "rules": BASE | {"schemas"},
    "policy": BASE | {"crs", "schemas", "rules"},
    "scenario": BASE | {"crs", "schemas", "policy", "rules", "wishes"},
    "inputs": BASE | {"schemas"},
    # What the writer and the reader of the address form agree on.
    "form": set(),
    "sources": BASE | {"schemas", "crs", "inputs", "sources", "form"},
    "study": BASE | {"sources", "policy", "scenario", "schemas", "crs", "inputs"},
    # It compares with published figures, so it judges places as the pipeline does.
    "findings": BASE | {"study", "inputs"},
    "check": BASE | {"study", "inputs", "schemas", "policy", "verdicts", "agreement", "findings"},
    "trial": BASE | {"study", "inputs", "check", "findings"},
    "roads": BASE | {"schemas", "crs"},
    "burn": set(),
    "polygon_index": {"burn"},
    "mobile": STAGE | {"polygon_index"},
    "measured": STAGE,
    "service": STAGE | {"measured", "claims"},
    "claims": STAGE,
    "overlay": STAGE | {"mobile", "polygon_index", "service", "claims"},
    "regions": STAGE | {"mobile"},
    "lacking": STAGE | {"regions"},
    "extent": STAGE | {"lacking", "regions"},
    "phrases": BASE | {"policy"},
    "reasons": BASE | {"policy", "schemas", "phrases"},
    "gaps": STAGE | {"reasons"},
    "corrections": STAGE,
    "verdicts": STAGE | {"overlay", "gaps", "corrections"},
    # It judges places again under parts of what was said, as the stages do.
    "hearing": STAGE | {"claims", "overlay", "gaps"},
    "nace": BASE | {"schemas"},
    "ground": STAGE | {"mobile", "polygon_index"},
    "hubs": STAGE | {"roads"},
    "business": STAGE | {"nace", "ground", "hubs", "roads"},
    "clusters": STAGE | {"roads"},
    "lots": STAGE,
    "areas": STAGE | {"roads", "clusters", "lots"},
    "routes": STAGE | {"roads", "surfaces"},
    "heights": STAGE,
    "terrain": STAGE | {"heights"},
    "surfaces": STAGE | {"heights", "roads", "terrain"},
    "kinds": set(),
    "figure_files": BASE,
    "radio": STAGE | {"figure_files"},
    "sight": STAGE | {"heights", "radio"},
    "sites": STAGE | {"heights", "radio", "roads"},
    "demand": STAGE | {"extent", "mobile"},
    "siting": STAGE,
    "mobile_areas": STAGE | {"areas", "demand", "lots", "mobile", "radio", "roads", "sight", "sites", "siting"},
    # What a mast's backhaul shares with a fibre trench is found by routing again.
    "backhaul": STAGE | {"radio", "roads", "routes", "sight"},
    "wireless": STAGE | {"radio", "roads", "sight", "sites"},
    "finance": set(),
    "costbook": BASE | {"schemas", "scenario", "figure_files"},
    "parts": BASE | {"costbook", "finance", "kinds"},
    "bill": BASE | {"costbook", "finance", "schemas", "parts"},
    "draws": BASE | {"bill", "costbook", "finance", "parts"},
    "stranding": STAGE | {"roads", "bill", "costbook", "parts"},
    "costs": STAGE | {"bill", "costbook", "finance", "parts"},
    "ceiling": STAGE | {"bill", "costbook", "costs", "parts"},
    "contributions": STAGE | {"bill", "costbook", "finance", "parts"},
    "subsidy": STAGE | {"bill", "contributions", "costbook", "finance", "draws", "parts"},
    # They ask the estimate again with one thing changed.
    "levers": STAGE | {"bill", "contributions", "costbook", "costs", "parts", "subsidy"},
    "clawback": STAGE | {"costbook", "subsidy"},
    "selection": STAGE,
    "wishes": BASE | {"rules"},
    "programme": STAGE | {"wishes", "selection"},
    "criteria": STAGE,
    "traits": STAGE,
    "enclosed": {"kinds", "policy"},
    "templates": STAGE | {"criteria"},
    "scoring": STAGE | {"criteria", "templates"},
    "priority": STAGE | {"selection", "criteria", "programme", "templates", "scoring", "wishes"},
    # They ask of a ranked list how firm it is, and what money reaches.
    "reselection": STAGE | {"selection", "wishes"},
    "refinement": STAGE | {"reselection", "selection"},
    "redraw": STAGE | {"draws", "priority", "criteria", "scoring", "templates"},
    "swaps": STAGE,
    "stability": STAGE
    | {"draws", "priority", "redraw", "refinement", "reselection", "selection", "swaps", "templates"},
    "curve": STAGE | {"draws", "priority", "redraw", "criteria"},
    "agreement": STAGE | {"gaps", "study"},
    "summary": STAGE | {"gaps"},
    "contrast": STAGE,
    "audience": BASE,
    "assessment": {"costbook", "costs", "curve", "inputs", "policy", "programme", "scenario", "stability", "study"}
    | {"audience"},
    # The one gate between an assessment and who is looking: it explains anew what it narrows.
    "disclosure": STAGE | {"assessment", "audience", "claims", "phrases", "reasons", "study"},
    "comparisons": STAGE | {"contrast", "corrections", "hearing", "study", "verdicts"},
    "layout": STAGE
    | {"study", "areas", "backhaul", "corrections", "mobile_areas", "radio", "roads", "routes", "stranding", "terrain"}
    | {"enclosed", "mobile", "traits", "wireless"},
    "preparation": STAGE
    | {"study", "check", "comparisons", "corrections", "verdicts", "gaps", "extent", "business", "roads"}
    | {"layout", "radio", "lots", "agreement", "status", "summary"},
    "provenance": STAGE | {"business", "costbook", "nace", "preparation", "radio", "templates", "traits"},
    "pipeline": SEEN
    | {
        "comparisons",
        "corrections",
        "curve",
        "draws",
        "layout",
        "preparation",
        "pricing",
        "provenance",
        "priority",
        "reselection",
        "scoring",
        "stability",
        "status",
        "stranding",
        "subsidy",
        "summary",
        "templates",
    },
    "plans": BASE | {"claims", "inputs"},
    # What was built is routed again, and priced as areas are.
    "calibration": BASE | {"figure_files"},
    "awards": STAGE | {"preparation", "roads", "routes"},
    # The life of areas, and applications priced as areas are.
    "status": STAGE,
    # What a list and a single drawn area are both laid out and priced by.
    "drawn": STAGE | {"layout", "preparation", "radio", "roads"},
    "pricing": STAGE | {"costbook", "costs", "draws", "status", "subsidy"},
    "applications": STAGE
    | {"figure_files"}
    | {"costbook", "costs", "drawn", "lots", "preparation", "roads", "status", "subsidy"},
    "sketch": STAGE
    | {"areas", "costbook", "costs", "drawn", "layout", "lots", "preparation", "pricing", "priority", "status"}
    | {"study"},
    "backcast": STAGE | {"awards", "parts", "calibration", "costbook", "costs", "preparation", "subsidy"},
    "backcast_tables": SEEN | {"backcast", "calibration", "reports"},
    # It runs the pipeline again on changed plans.
    "stress": SEEN | {"pipeline", "plans", "priority", "criteria"},
    "terminal": set(),
    "console": SEEN | {"agreement", "hearing", "stress", "reports"},
    "handouts": BASE | {"assessment", "audience", "reports", "terminal"},
    "compare": BASE | {"policy"},
    "earlier": SEEN | {"compare"},
    # A list that was handed over is set beside the same file written anew.
    "verify": BASE | {"assessment", "compare", "inputs", "policy", "reports", "sources"},
    "side_by_side": BASE,
    # A list tells what would let an area in, and what a ceiling would change.
    "reports": SEEN
    | {"reports", "reasons", "business", "nace", "levers", "ceiling", "compare", "curve", "programme", "stability"}
    | {"templates", "disclosure", "enclosed", "form", "side_by_side"},
    "__main__": SEEN
    | {"disclosure"}
    | {"backcast", "backcast_tables"}
    | {"comparisons", "pipeline", "reports", "check", "console", "plans", "stress"}
    | {"applications", "compare", "handouts", "terminal", "verify"},
}
SAID = {"language", "words"}
# Room of `maps` -> (rooms of coverage, rooms of maps)
MAPS_ALLOWED: dict[str, tuple[set[str], set[str]]] = {
    "__init__": (set(), set()),
    "assets": ({"schemas"}, set()),
    "language": (set(), set()),
    "words": ({"reports"}, {"language"}),
    "style": ({"schemas"}, SAID),
    "figures": (SEEN, SAID),
    "charts": (SEEN, {"style", "figures"} | SAID),
    "themes": (SEEN, {"style"} | SAID),
    "tiles": (SEEN, {"style", "themes"} | SAID),
    "layers": (SEEN, {"style", "themes", "tiles", "assets"} | SAID),
    "legends": (SEEN, {"style", "themes"} | SAID),
    "landmarks": (SEEN, {"layers", "legends", "style"} | SAID),
    "masts": (SEEN, {"layers", "legends", "style"} | SAID),
    "lacking": (SEEN, {"layers", "legends", "style"} | SAID),
    "background": (SEEN, {"style", "tiles"} | SAID),
    "ranking": (SEEN, {"layers", "legends", "style"} | SAID),
    "build": (
        SEEN,
        {"background", "lacking", "layers", "landmarks", "legends", "masts", "themes", "tiles", "style", "assets"}
        | SAID,
    ),
    "swipe": (SEEN, {"build", "layers", "legends"} | SAID),
    "heading": (SEEN, {"style"} | SAID),
    "export": (
        SEEN,
        {"background", "build", "heading", "layers", "legends", "masts", "tiles", "style", "assets"} | SAID,
    ),
    "picking": (SEEN, {"tiles", "style"}),
    "filters": ({"schemas"}, set()),
    "search": (set(), set()),
    "store": (SEEN | {"earlier"}, {"filters"}),
    # It reads runs back, and compares as the command line does.
    "compare": (SEEN | {"compare", "earlier", "reports"}, {"store"}),
    "tilesets": (SEEN, {"filters", "store", "themes", "tiles"}),
    "payload": (set(), {"layers", "tiles"}),
    "hover": (SEEN, {"payload", "store", "style", "themes", "tiles", "tilesets"} | SAID),
    "contrast": (SEEN, {"build", "charts", "layers", "legends", "style", "tiles"} | SAID),
    "server": (
        SEEN,
        {"assets", "background", "contrast", "hover", "lacking", "layers", "landmarks", "masts", "payload", "ranking"}
        | {"tiles", "store", "style", "language", "tilesets"},
    ),
    "scored": (SEEN, set()),
    "clash": (SEEN, {"masts", "style"} | SAID),
    "halt": ({"errors"}, {"store", "style"} | SAID),
    "jobs": (set(), {"store"}),
    "patience": (set(), {"jobs", "store", "style"} | SAID),
    "audience": (SEEN | {"disclosure"}, {"store", "style"} | SAID),
    "work": (
        SEEN | {"applications", "check", "disclosure", "pipeline", "plans", "stress", "trial"},
        {"halt", "jobs", "patience", "store"} | SAID,
    ),
    "sketches": (SEEN | {"drawn", "sketch"}, {"store", "work"}),
    "uploads": (SEEN | {"sources", "trial"}, {"language"}),
    "session": (
        SEEN | {"earlier"},
        {"audience", "clash", "compare", "halt", "scored", "store", "style", "uploads", "work"} | SAID,
    ),
    "pages": (
        SEEN
        | {"check", "sources", "trial"}
        | {
            "reports",
            "compare",
            "earlier",
            "pipeline",
            "agreement",
            "reasons",
            "hearing",
            "plans",
            "stress",
            "corrections",
            "business",
            "nace",
            "subsidy",
            "contributions",
            "levers",
            "clawback",
            "backcast",
            "backcast_tables",
            "calibration",
            "ceiling",
            "sketch",
        },
        SAID
        | {
            "audience",
            "halt",
            "patience",
            "scored",
            "session",
            "uploads",
            "work",
            "sketches",
            "store",
            "build",
            "contrast",
            "export",
            "layers",
            "background",
            "ranking",
            "lacking",
            "legends",
            "masts",
            "picking",
            "compare",
            "swipe",
            "charts",
            "figures",
            "themes",
            "filters",
            "search",
            "tiles",
            "tilesets",
        }
        | {"style"},
    ),
    "dark": (set(), {"style"}),
    "frame": (SEEN, {"dark", "pages", "session", "halt", "server", "style", "language"}),
}
WEB = {"requests", "urllib", "http", "socket", "httpx", "urllib3"}
BANNED = {"numba", "coverage", "pytest-cov", "pytest-testmon", "mutmut"}


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the layers"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _rooms(imports: set[str], package: str) -> set[str]:
    """Name the rooms of a package that are imported; `from coverage import x` counts as room x."""
    return {name.split(".")[1] for name in imports if name.startswith(package + ".")}


def _files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def _room(path: Path, package: str) -> str:
    return path.relative_to(ROOT / package).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", _files("coverage"), ids=lambda p: str(p.relative_to(ROOT)))
def test_model_imports_only_what_the_table_allows(path: Path) -> None:
    imports = _imports(path)
    room = _room(path, "coverage")
    assert room in ALLOWED, f"{room} is a new room: give it a row in the table, and in README.md"
    assert _rooms(imports, "coverage") - {room} <= ALLOWED[room]
    top = {name.split(".")[0] for name in imports}
    assert not top & {"streamlit", "folium", "branca", "streamlit_folium"}
    assert room == "sources" or not top & WEB, "the network is used only in coverage/sources"
    maps = {name for name in imports if name.split(".")[0] == "maps"}
    assert not maps or room == "__main__", "only the command line may reach maps, for map.html"


@pytest.mark.parametrize("path", _files("maps"), ids=lambda p: str(p.relative_to(ROOT)))
def test_maps_imports_only_what_the_table_allows(path: Path) -> None:
    imports = _imports(path)
    room = _room(path, "maps")
    assert room in MAPS_ALLOWED, f"{room} is a new room: give it a row in the table, and in README.md"
    model, maps = MAPS_ALLOWED[room]
    assert _rooms(imports, "coverage") <= model
    assert _rooms(imports, "maps") - {room} <= maps
    top = {name.split(".")[0] for name in imports}
    assert room in {"audience", "frame", "halt", "patience", "work", "session", "pages"} or "streamlit" not in top
    assert not top & WEB


def test_coverage_is_this_project() -> None:
    assert Path(coverage.__file__).is_relative_to(ROOT)


def test_nothing_that_collides_with_the_name_is_installed() -> None:
    installed = {(dist.metadata["Name"] or "").lower().replace("_", "-") for dist in importlib.metadata.distributions()}
    assert not installed & BANNED


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_and_free_of_collisions(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if line and line[0] not in "#-"]
    assert lines
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9_.\-]+(\[[a-z]+\])?==[0-9.]+", line), line
        assert re.split(r"[\[=]", line)[0].lower() not in BANNED


def test_git_does_not_hide_the_package() -> None:
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert not {"coverage", "coverage/", "/coverage", "/coverage/"} & {line.strip() for line in lines}


def test_modules_stay_small() -> None:
    # One concept a module; 400 is where review begins, not a target.
    long = {str(path.relative_to(ROOT)): n for path in [*_files("coverage"), *_files("maps")]
            if (n := len(path.read_text(encoding="utf-8").splitlines())) > 400}  # fmt: skip
    assert not long


def test_no_third_party_javascript_is_committed() -> None:
    for path in [*ROOT.glob("maps/**/*.js"), *ROOT.glob("maps/**/*.css")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"copyright|@license|MIT License", text, re.IGNORECASE), path
        assert "http://" not in text and "https://" not in text, path  # noqa: PT018
