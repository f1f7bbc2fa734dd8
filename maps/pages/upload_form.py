"""The form of an uploaded file: which of its columns is which of ours, in fields that a [[sources]] table fills.

`fill` puts a table into the fields and `read` makes one of them: a guess, a saved mapping and what a person typed are
the same thing. What the table says is checked as study.toml is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from coverage import schemas
from coverage.sources.offered import Preview, fields_for, guess_value, is_known
from coverage.sources.roles import COORDINATES, PLACED, ROLES, Field
from coverage.study import Study
from maps import language, style
from maps.language import _, pgettext
from maps.pages.upload_words import SHAPES, Kind, field_name, value_name
from maps.uploads import Pending
from maps.words import word

KEY: Final = "upload-"
STAY: Final[Mapping[str, Any]] = {"persist_state": "session"}  # what is typed is there still after a look elsewhere
NONE: Final = ""
ONE: Final = "\0one"  # of a field: one value for all rows; no column is called so
SPEEDS: Final = {"mbps": "Mbit/s", "kbps": "kbit/s"}
POSITION: Final = ("x", "y", "lon", "lat", "cell_x", "cell_y", "cell_id")
COMMON_CRS: Final = ("EPSG:25832", "EPSG:25833", "EPSG:25835", "EPSG:4326", "EPSG:4258")
WITHIN_M: Final = 50.0  # how far coordinates may lie from what they mean, until somebody says otherwise
CELL_M: Final = 250.0
ACROSS: Final = 3  # fields to a line
SHAPE_NEEDS: Final[Mapping[str, str]] = {"place": "place_id", "h3": "h3", "quadkey": "quadkey"}


def shapes_of(kind: Kind, preview: Preview) -> tuple[str, ...]:
    """Return what a row of the file may be, the likeliest first; none where the role has no shapes."""
    if not preview.family:
        return kind.table_shapes
    likely = tuple(shape for shape in kind.vector_shapes if shape == preview.family)
    return (*likely, *(shape for shape in kind.vector_shapes if shape not in likely))


def guess(kind: Kind, pending: Pending, preview: Preview, *, shape: str) -> dict[str, Any]:
    """Return the table that the names of the columns and the words in them suggest."""
    fields = _fields(kind, pending, shape)
    columns = preview.guess(fields)
    values = {
        field.name: words
        for field in fields
        if field.name in columns and (words := _guessed_words(kind, field, preview, columns[field.name]))
    }
    options: dict[str, Any] = {"shape": shape} if shape else {}
    if kind.clip:
        options["clip"] = True
    return {"columns": columns, "values": values, "options": options}


def fill(table: Mapping[str, Any], kind: Kind, pending: Pending, preview: Preview) -> None:
    """Put a table into the form's fields; what it does not say is left empty."""
    state, columns, constants = st.session_state, table.get("columns", {}), table.get("constants", {})
    options, values = table.get("options", {}), table.get("values", {})
    shapes = shapes_of(kind, preview)
    shape = str(options.get("shape", "")) if options.get("shape") in shapes else shapes[0] if shapes else ""
    state[KEY + "shape"] = shape
    for field in _fields(kind, pending, shape):
        name, theirs = field.name, columns.get(field.name, NONE)
        state[f"{KEY}col-{name}"] = ONE if name in constants else theirs if theirs in preview.columns else NONE
        state[f"{KEY}one-{name}"] = _shown(field, constants.get(name))
        known = values.get(name, {})
        if theirs not in preview.columns:
            continue
        if field.type == "flag":
            state[_word_key(name, theirs, "")] = [said for said in preview.values(theirs) if known.get(said) is True]
            continue
        for said in _unknown(kind, field, preview, theirs):
            state[_word_key(name, theirs, said)] = known.get(said)
    state[KEY + "crs"] = table.get("crs") or None
    state[KEY + "as-of"] = table.get("as_of")
    state[KEY + "supplier"], state[KEY + "licence"] = table.get("supplier", ""), table.get("licence", "")
    state[KEY + "data-status"] = table.get("data_status", "real")
    state[KEY + "within"] = float(options.get("within_m", WITHIN_M))
    state[KEY + "cell"] = float(options.get("cell_m", CELL_M))
    state[KEY + "unit"] = options.get("speed_unit", "mbps")
    state[KEY + "clip"] = bool(options.get("clip", False))


def render(
    study: Study, kind: Kind, pending: Pending, preview: Preview, *, digits: int, plain: bool = True
) -> dict[str, Any]:
    """Draw the fields and return the table that they say, without the file's name.

    `digits` is how many a municipality code has. Where the file is in a supplier's format (not `plain`), its columns
    are known.
    """
    shapes = shapes_of(kind, preview) if plain else ()
    shape = ""
    if shapes:
        shape = st.selectbox(_("A row is"), shapes, key=KEY + "shape", **STAY, format_func=lambda code: _(SHAPES[code]))
    fields = _fields(kind, pending, shape) if plain else ()
    guessed = set(preview.guess(fields))
    first = [field for field in fields if _at_once(field, kind, shape) or field.name in guessed]
    said: dict[str, Any] = {"columns": {}, "constants": dict(kind.constants), "values": {}, "options": {}}
    _grid(first, kind, preview, said)
    rest = [field for field in fields if field not in first]
    if rest:
        with st.expander(_("More columns ({count})", count=len(rest))):
            _grid(rest, kind, preview, said)
    table = {"role": kind.role, "kind": pending.kind, **said}
    options = table["options"]
    if shape:
        options["shape"] = shape
    left, middle, right = st.columns(ACROSS, gap="medium")
    with left:
        _numbers(kind, shape, said, options)
        if plain and kind.role in ("offers", "hearing"):
            unit = st.selectbox(_("Speeds are in"), list(SPEEDS), key=KEY + "unit", **STAY, format_func=SPEEDS.get)
            options |= {"speed_unit": unit} if unit != "mbps" else {}
        if st.checkbox(_("Leave out rows outside the study, instead of rejecting them"), key=KEY + "clip", **STAY):
            options["clip"] = True
    with middle:
        if _needs_crs(said, preview):
            choices = list(dict.fromkeys((study.crs, *COMMON_CRS)))
            crs = st.selectbox(
                _("Coordinate system"), choices, index=None, key=KEY + "crs", **STAY, accept_new_options=True,
                placeholder=_("Choose, or write such as EPSG:25833"),
                help=_("It is never guessed: coordinates of another system would stand in the wrong place."),
            )  # fmt: skip
            table |= {"crs": crs} if crs else {}
        day = st.date_input(_("From when is it?"), value=None, key=KEY + "as-of", **STAY, format=_date_form())
        table |= {"as_of": day} if day else {}
        status = st.selectbox(
            _("What the data is"), schemas.DATA_STATUSES, key=KEY + "data-status", **STAY, format_func=word
        )
    with right:
        supplier = st.text_input(_("Who made it?"), key=KEY + "supplier", **STAY, max_chars=200).strip()
        licence = st.text_input(_("Licence"), key=KEY + "licence", **STAY, max_chars=100).strip()
    table |= {"data_status": status, "supplier": supplier, "licence": licence}
    if "municipality_code" in said["columns"] and digits and "code_digits" in ROLES[kind.role].options:
        options["code_digits"] = digits
    return {key: value for key, value in table.items() if value not in ({}, "")}


def lacking(table: Mapping[str, Any], kind: Kind, pending: Pending, preview: Preview) -> list[str]:
    """Return what the form still needs, one sentence each, before the file can be checked."""
    columns, options = table.get("columns", {}), table.get("options", {})
    shape = str(options.get("shape", ""))
    have = {*columns, *table.get("constants", {})}
    needed = [
        field.name
        for field in _fields(kind, pending, shape)
        if field.required and field.name not in POSITION and field.name not in have
    ]
    told = [_("Say which column is “{field}”, or give one value for all rows.", field=field_name(n)) for n in needed]
    pairs = [pair for pair in COORDINATES if set(pair) <= have]
    if pending.kind == "table":
        placed = shape == "point" or (kind.role in PLACED and kind.role != "corrections")
        if placed and not pairs and not (kind.role == "premises" and "cell_id" in have):
            told.append(_("Say which columns hold the coordinates: x and y, or longitude and latitude."))
        if shape == "cell" and not ({"cell_x", "cell_y"} <= have or "cell_id" in have):
            told.append(_("Say which columns hold the corner of the cell, or its id."))
        if (shape == "address" or kind.role == "corrections") and not (pairs or have & {"place_id", "address"}):
            told.append(_("Say which column names the place: its id, its address or its coordinates."))
    if _needs_crs(table, preview) and not table.get("crs"):
        told.append(_("Say which coordinate system the coordinates are in."))
    return told


def _fields(kind: Kind, pending: Pending, shape: str) -> tuple[Field, ...]:
    return tuple(
        field for field in fields_for(kind.role, kind=pending.kind, shape=shape) if field.name not in kind.constants
    )


def _at_once(field: Field, kind: Kind, shape: str) -> bool:
    """Return whether a column is shown without being asked for."""
    if field.name in POSITION:
        if shape == "address" or kind.role == "corrections":  # an address will mostly do
            return False
        return (field.name in ("cell_x", "cell_y", "cell_id")) == (shape == "cell")
    return field.required or field.name in kind.first or field.name == SHAPE_NEEDS.get(shape)


def _grid(fields: Sequence[Field], kind: Kind, preview: Preview, said: dict[str, Any]) -> None:
    """Draw columns of ours three to a line, and below what their words mean, where they are not ours."""
    for start in range(0, len(fields), ACROSS):
        line = fields[start : start + ACROSS]
        for place, field in zip(st.columns(ACROSS, gap="medium"), line, strict=False):
            with place:
                _field(field, preview, said)
        for field in line:
            if field.name in said["columns"]:
                _words(field, kind, preview, said["columns"][field.name], said)


def _field(field: Field, preview: Preview, said: dict[str, Any]) -> None:
    """Draw one column of ours: theirs, or one value for all rows."""
    name, label = field.name, field_name(field.name)
    if f"{KEY}col-{name}" not in st.session_state:
        st.session_state[f"{KEY}col-{name}"] = NONE
    needed = field.required and name not in POSITION
    before = st.session_state[f"{KEY}col-{name}"]
    chosen = st.selectbox(
        f"{label} *" if needed else label,
        [NONE, ONE, *preview.columns] if name not in POSITION else [NONE, *preview.columns],
        key=f"{KEY}col-{name}",
        **STAY,
        format_func=lambda choice: {NONE: "–", ONE: _("one value for all rows")}.get(choice, choice),
        help=style.plain(_for_example(preview, before)) if before in preview.columns else None,
    )
    if chosen == ONE:
        value = _one(field, label)
        if value not in (None, ""):
            said["constants"][name] = value
    elif chosen != NONE:
        said["columns"][name] = chosen


def _one(field: Field, label: str) -> Any:
    key, about = f"{KEY}one-{field.name}", _("{field}, of all rows", field=label)
    if field.allowed:
        return st.selectbox(
            about, field.allowed, index=None, key=key, **STAY, format_func=value_name, placeholder=_("Choose")
        )
    if field.type == "number":
        return st.number_input(about, value=None, key=key, **STAY, min_value=field.low, max_value=field.high)
    if field.type == "date":
        return st.date_input(about, value=None, key=key, **STAY, format=_date_form())
    if field.type == "flag":
        return st.selectbox(
            about, (True, False), index=None, key=key, **STAY, format_func=_yes_no, placeholder=_("Choose")
        )
    return st.text_input(about, key=key, **STAY, max_chars=200)


def _words(field: Field, kind: Kind, preview: Preview, column: str, said: dict[str, Any]) -> None:
    """Ask what the words of a column mean that the readers do not know."""
    unknown = _unknown(kind, field, preview, column)
    if not unknown:
        return
    with st.container(border=True):
        st.caption(_("What the words in “{column}” mean", column=style.plain(column)))
        if field.type == "flag":
            yes = st.multiselect(
                _("These mean yes; all others mean no"),
                preview.values(column),
                key=_word_key(field.name, column, ""),
                **STAY,
            )
            said["values"] |= {field.name: dict.fromkeys(yes, True)} if yes else {}
            return
        meant: dict[str, Any] = {}
        for number, word_ in enumerate(unknown):
            if number % ACROSS == 0:
                beside = st.columns(ACROSS, gap="medium")
            with beside[number % ACROSS]:
                ours = st.selectbox(
                    style.plain(word_[:60]), field.allowed, index=None, format_func=value_name,
                    key=_word_key(field.name, column, word_), **STAY, placeholder=_("not known: reject these rows"),
                )  # fmt: skip
            meant |= {word_: ours} if ours else {}
        said["values"] |= {field.name: meant} if meant else {}


def _unknown(kind: Kind, field: Field, preview: Preview, column: str) -> list[str]:
    if not (field.allowed or field.type == "flag"):
        return []
    return [value for value in preview.values(column) if not is_known(field, value, role=kind.role)]


def _guessed_words(kind: Kind, field: Field, preview: Preview, column: str) -> dict[str, Any]:
    if field.type == "flag":
        return {}
    meant = {word_: guess_value(field, word_) for word_ in _unknown(kind, field, preview, column)}
    return {word_: ours for word_, ours in meant.items() if ours is not None}


def _numbers(kind: Kind, shape: str, said: Mapping[str, Any], options: dict[str, Any]) -> None:
    """Ask for the metres that a shape needs."""
    by_position = any(set(pair) <= set(said["columns"]) for pair in COORDINATES)
    named = shape == "address" or kind.role == "corrections"
    if shape in ("line", "point") or (named and by_position):
        options["within_m"] = st.number_input(
            _("A row reaches what lies within, m"), min_value=0.0, step=10.0, key=KEY + "within", **STAY
        )
    if shape == "cell":
        options["cell_m"] = st.number_input(_("Side of a cell, m"), min_value=1.0, step=50.0, key=KEY + "cell", **STAY)


def _needs_crs(said: Mapping[str, Any], preview: Preview) -> bool:
    """Return whether somebody must say which coordinate system the file is in."""
    columns = said.get("columns", {})
    paired = any(set(pair) <= set(columns) for pair in (*COORDINATES, ("cell_x", "cell_y")))
    return preview.needs_crs or (not preview.family and paired)


def _for_example(preview: Preview, column: str) -> str:
    shown = ", ".join(value[:40] for value in preview.values(column)[:3])
    return _("such as {values}", values=shown) if shown else _("empty in every row")


def _shown(field: Field, value: Any) -> Any:
    """Return a constant as its field takes it."""
    if value is None:
        return "" if field.type == "text" and not field.allowed else None
    if field.type == "number":
        return float(value)
    return str(value) if field.type == "text" and not field.allowed else value


def _date_form() -> str:
    return "YYYY-MM-DD" if language.current() == language.DEFAULT else "DD.MM.YYYY"


def _yes_no(value: bool) -> str:
    return pgettext("rule", "yes") if value else pgettext("rule", "no")


def _word_key(name: str, column: str, value: str) -> str:
    """Return the key of a field for one word; file contents stay out of it."""
    return f"{KEY}word-{name}-{hashlib.sha256(f'{column}|{value}'.encode()).hexdigest()[:12]}"


def clear() -> None:
    """Forget what the form says."""
    for name in [str(name) for name in st.session_state if str(name).startswith(KEY)]:
        del st.session_state[name]
