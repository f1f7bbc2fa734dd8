"""The command line: thin. Every command opens a study, calls the model, and writes or prints."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from coverage import applications, backcast_tables, comparisons, console, handouts, pipeline, reports
from coverage import backcast as backcasting
from coverage import check as checks
from coverage import stress as stress_test
from coverage.assessment import Assessment
from coverage.audience import Audience
from coverage.compare import compare_runs
from coverage.compare.words import sentences
from coverage.disclosure import shown_to
from coverage.errors import CoverageError, SourceError
from coverage.plans import what_ifs
from coverage.policy import load_policy
from coverage.reports import contrast_table
from coverage.reports.delimited import write_csv
from coverage.scenario import Scenario
from coverage.study import Study
from coverage.terminal import print_json, progress, wide_console
from coverage.verify import verify_list

MOST_TOLD = 20  # areas that `compare` tells of one by one

app = typer.Typer(
    help="Find who lacks broadband or mobile coverage, what a fix costs, and which projects to fund first.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

StudyFolder = Annotated[Path, typer.Argument(metavar="STUDY", help="A folder with a study.toml.")]
DataRoot = Annotated[
    Path | None,
    typer.Option("--data-root", envvar="COVERAGE_DATA_ROOT", help='Where sources with root = "data" are found.'),
]
ScenarioFile = Annotated[Path | None, typer.Option("--scenario", help="A scenario saved as TOML.")]
PolicyId = Annotated[str | None, typer.Option("--policy", help="A pack in data/policies, instead of the study's.")]
Budget = Annotated[float | None, typer.Option("--budget", help="Public grant money, in the study's currency.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of the uncertainty draws.")]
TableFile = Annotated[Path | None, typer.Option("--out", help="A file for the tables that ends in xlsx or csv.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON alone on stdout.")]
Language = Annotated[str, typer.Option("--lang", help="Language of what is written for readers: en or nb.")]


@app.command()
def assess(
    study: StudyFolder,
    scenario: ScenarioFile = None,
    policy: PolicyId = None,
    budget: Budget = None,
    seed: Seed = None,
    out: Annotated[Path | None, typer.Option("--out", help="Output folder; default out/<study>.")] = None,
    lang: Language = "en",
    data_root: DataRoot = None,
    json_: AsJson = False,
) -> None:
    """Run the whole journey on STUDY and write every output."""
    reports.require_language(lang)
    opened = Study.open(study, data_root=data_root)
    question = _scenario(opened, scenario, policy, budget, seed)
    folder = out or Path("out") / opened.id
    reports.check_folder(folder)
    with progress(len(opened.sources) + len(pipeline.STEPS) + len(reports.FILES) + 1) as step:
        result = pipeline.assess(opened, question, progress=step)
        extra = {"map.html": partial(_write_html, language=lang)}
        reports.write_all(result, folder, progress=step, extra=extra, language=lang)
    if json_:
        print_json(result.summary)
    else:
        console.print_summary(result, folder, wide_console())


@app.command()
def check(study: StudyFolder, data_root: DataRoot = None, json_: AsJson = False) -> None:
    """Say what is wrong with the data of STUDY, and nothing else. Exit 1 where there are problems."""
    opened = Study.open(study, data_root=data_root)
    with progress(len(opened.sources)) as step:
        found = checks.inspect(opened, progress=step)
    if json_:
        print_json(found.to_mapping())
    else:
        found.print(wide_console())
    raise typer.Exit(1 if found.problems else 0)


@app.command()
def report(
    kind: Annotated[str, typer.Argument(metavar="{gap,priority,addresses,all}")],
    study: StudyFolder,
    format_: Annotated[str | None, typer.Option("--format", help="xlsx, csv, pdf, gpkg, geojson or html.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write; the folder, of all or of each municipality.")
    ] = None,
    scenario: ScenarioFile = None,
    policy: PolicyId = None,
    budget: Budget = None,
    seed: Seed = None,
    municipality: Annotated[list[str] | None, typer.Option("--municipality", help="Code; may be repeated.")] = None,
    area: Annotated[list[str] | None, typer.Option("--area", help="Area id; may be repeated.")] = None,
    technology: Annotated[str | None, typer.Option("--technology")] = None,
    each_municipality: Annotated[
        bool, typer.Option("--each-municipality", help="A folder for each municipality, or each of those named.")
    ] = False,
    audience: Annotated[
        str, typer.Option("--audience", help="Who may read it: internal (default), council, operator or public.")
    ] = "",
    operator: Annotated[str, typer.Option("--operator", help="The operator who may read it: its own plans only.")] = "",
    verify: Annotated[
        Path | None, typer.Option("--verify", help="A priority list, csv or xlsx: does it still follow? Exit 1 if not.")
    ] = None,
    lang: Language = "en",
    data_root: DataRoot = None,
) -> None:
    """Write one report of STUDY, or all, or those of each municipality; or say whether a priority list still follows.

    `all` writes every report in every format into the folder --out, or in --format alone.
    """
    reports.require_language(lang)
    reader = Audience.named(audience, operator)
    asked = handouts.Asked(
        kind, format_, out, tuple(municipality or ()), tuple(area or ()), technology, each_municipality, verify
    )
    asked.require(reader)
    opened = Study.open(study, data_root=data_root)
    question = _scenario(opened, scenario, policy, budget, seed)
    with progress(len(opened.sources) + len(pipeline.STEPS)) as step:
        result = shown_to(pipeline.assess(opened, question, progress=step), reader)
    if verify is not None:
        found = verify_list(verify, reports.select(result, **asked.parts))
        typer.echo("\n".join(found.sentences(language=lang)))
        raise typer.Exit(0 if found.follows else 1)
    writers = {"html": partial(_write_html, language=lang)}
    typer.echo(handouts.write(asked, result, language=lang, writers=writers), err=True)


@app.command()
def contrast(
    study: StudyFolder,
    against: Annotated[str, typer.Option("--against", help="The pack in data/policies to compare with.")],
    policy: PolicyId = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A folder, or a file that ends in csv, gpkg or xlsx.")
    ] = None,
    lang: Language = "en",
    data_root: DataRoot = None,
    json_: AsJson = False,
) -> None:
    """Say whose eligibility in STUDY another policy would change, in total and per municipality."""
    opened = Study.open(study, data_root=data_root)
    given, other = load_policy(policy or opened.policy), load_policy(against)
    contrast_table.texts(lang)
    if out is not None:
        contrast_table.files_for(out)  # said before the work is done
    with progress(len(opened.sources) + 2) as step:
        inputs = opened.load(progress=step)
        found = comparisons.contrast_study(opened, inputs, policy=given, other=other, progress=step)
    towns = inputs.municipalities
    if json_:
        print_json(contrast_table.to_mapping(found, study=opened))
    else:
        contrast_table.print_contrast(found, wide_console(), municipalities=towns, study=opened, language=lang)
    if out is not None:
        for path in contrast_table.write_contrast(found, out, municipalities=towns, study=opened, language=lang):
            typer.echo(f"wrote {path}", err=True)


@app.command()
def hearing(
    study: StudyFolder,
    policy: PolicyId = None,
    out: TableFile = None,
    lang: Language = "en",
    data_root: DataRoot = None,
    json_: AsJson = False,
) -> None:
    """Say what the public hearing of STUDY removed from the lists of the policy, by operator, and what came back."""
    reports.require_language(lang)
    opened = Study.open(study, data_root=data_root)
    rules = load_policy(policy or opened.policy)
    console.require_file(out)
    with progress(len(opened.sources) + 2) as step:
        inputs = opened.load(progress=step)
        step("verdict")
        account = comparisons.account_study(opened, inputs, policy=rules)
    if json_:
        print_json(account.summary())
    else:
        console.print_hearing(account, wide_console(), study=opened, language=lang)
    _write_tables(console.hearing_tables(account, study=opened), out, opened, rules.id, lang)


@app.command()
def stress(
    study: StudyFolder,
    scenario: ScenarioFile = None,
    policy: PolicyId = None,
    budget: Budget = None,
    seed: Seed = None,
    out: TableFile = None,
    lang: Language = "en",
    data_root: DataRoot = None,
    json_: AsJson = False,
) -> None:
    """Say which areas that STUDY funds today survive if operators' plans come late, lapse, or all arrive."""
    reports.require_language(lang)
    opened = Study.open(study, data_root=data_root)
    question = _scenario(opened, scenario, policy, budget, seed)
    console.require_file(out)
    prepared = _prepare(opened, question)
    cases = what_ifs(prepared.inputs, as_of=opened.as_of)
    with progress(len(cases) + 1) as step:
        found = stress_test.stress(prepared, question, cases=cases, progress=step)
    if json_:
        print_json(found.summary())
    else:
        console.print_stress(found, wide_console(), study=opened, language=lang)
    _write_tables(console.stress_tables(found, study=opened), out, opened, question.policy, lang)


@app.command()
def backcast(
    study: StudyFolder,
    scenario: ScenarioFile = None,
    policy: PolicyId = None,
    out: TableFile = None,
    write_scenario: Annotated[
        Path | None, typer.Option("--write-scenario", help="A file for the scenario with the fitted prices.")
    ] = None,
    lang: Language = "en",
    data_root: DataRoot = None,
    json_: AsJson = False,
) -> None:
    """Set the model beside the past awards of STUDY, and fit prices that only a scenario holding them will use."""
    reports.require_language(lang)
    opened = Study.open(study, data_root=data_root)
    question = _scenario(opened, scenario, policy, None, None)
    console.require_file(out)
    prepared = _prepare(opened, question)
    found = backcasting.backcast(prepared, question)
    if json_:
        print_json(found.summary())
    else:
        backcast_tables.print_backcast(found, wide_console(), study=opened, language=lang)
    _write_tables(backcast_tables.backcast_tables(found, study=opened), out, opened, question.policy, lang)
    if write_scenario is not None:
        backcast_tables.write_scenario(found, question, write_scenario, study=opened)
        typer.echo(f"wrote {write_scenario}", err=True)


@app.command()
def compare(
    run_a: Annotated[Path, typer.Argument(metavar="RUN_A", help="The folder of the earlier run.")],
    run_b: Annotated[Path, typer.Argument(metavar="RUN_B", help="The folder of the later run.")],
    out: TableFile = None,
    lang: Language = "en",
    json_: AsJson = False,
) -> None:
    """Say what moved between two runs that `assess` wrote, and why."""
    reports.require_language(lang)
    console.require_file(out)
    found = compare_runs(run_a, run_b)
    if json_:
        print_json(found.to_mapping())
    else:
        typer.echo("\n".join(sentences(found, language=lang, most=MOST_TOLD)))
    if out is not None:
        reports.write_comparison(found, out, language=lang)
        typer.echo(f"wrote {out}", err=True)


@app.command(name="applications")
def applications_(
    study: StudyFolder,
    out: Annotated[Path, typer.Option("--out", help="A file for the table that ends in csv.")],
    scenario: ScenarioFile = None,
    policy: PolicyId = None,
    data_root: DataRoot = None,
) -> None:
    """Set every open application of STUDY beside what the model says of the same premises."""
    opened = Study.open(study, data_root=data_root)
    question = _scenario(opened, scenario, policy, None, None)
    prepared = _prepare(opened, question)
    write_csv(applications.beside(prepared, question), out)
    typer.echo(f"wrote {out}", err=True)


def _prepare(study: Study, question: Scenario) -> pipeline.Prepared:
    policy = question.shape(load_policy(question.policy))
    with progress(len(study.sources) + len(pipeline.PREPARED)) as step:
        return pipeline.prepare(study, policy, progress=step)


def _write_tables(tables: console.Tables, out: Path | None, study: Study, policy: str, language: str) -> None:
    if out is None:
        return
    for path in console.write_tables(tables, out, study=study, policy=policy, language=language):
        typer.echo(f"wrote {path}", err=True)


def _scenario(study: Study, path: Path | None, policy: str | None, budget: float | None, seed: int | None) -> Scenario:
    question = Scenario.from_toml(path) if path else study.default_scenario()
    changes = {"policy": policy, "budget": budget, "seed": seed}
    return question.with_changes(**{name: value for name, value in changes.items() if value is not None})


def _write_html(result: Assessment, path: Path, *, language: str) -> None:
    # Imported here because the model must be usable without the map libraries.
    from maps.export import write_html

    write_html(result, path, language=language)


def main() -> None:
    """Run the command line; every expected error is one sentence on stderr and exit code 2 or 3."""
    try:
        app()
    except SourceError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(3)
    except CoverageError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
