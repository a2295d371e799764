"""Data Docs, the static site of the validation, made to work without a network.

Great Expectations writes pages that fetch scripts, styles and pictures from the web, and an index
that is empty without them. Here its pages are kept, without all of that; a stylesheet of our own
and an index of our own take their place.
"""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paperdump import engine, report, tables
from paperdump.engine import Outcome
from paperdump.expectations import columns_of

_REMOTE = re.compile(
    r"<script\b.*?</script>"
    r"|<link\b[^>]*>"
    r"|<img\b[^>]*\bsrc=[\"']https?:[^>]*>"
    r"|<footer\b.*?</footer>"
    # the filter buttons and the tables' search work by those scripts
    r"|<div class=\"card mb-3\">\s*<div class=\"card-header p-2\">\s*<strong>Actions</strong>"
    r".*?(?=<div class=\"card d-md-block)",
    re.DOTALL,
)

# what a run without name and time of its own leaves empty, and a link that those scripts open
_EMPTY = re.compile(
    r"(?<=<br>) Data asset: None<br>"
    r"|<tr>\s*<td[^>]*><div[^>]*>Run Time</div></td>"
    r"\s*<td[^>]*><div[^>]*>__none__</div></td>\s*</tr>"
    r"| / __none__"
    r"|<p\b[^>]*>\s*<a\b[^>]*>\s*Show more info\.\.\.\s*</a>\s*</p>"
)

_STYLE = """\
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --bad: #c62828; --good: #2e7d32; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; }
h1 { font-size: 1.5em; } h4, h5, h6 { margin: 0; font-size: 1.05em; }
a { color: #1565c0; }
.navbar { padding: .6em 2em; border-bottom: 1px solid var(--line); height: auto !important; }
.breadcrumb { list-style: none; display: flex !important; gap: .5em; margin: 0; padding: 0; }
.breadcrumb li + li::before { content: "› "; }
.container-fluid { padding: 1em 2em; } .container-fluid .container-fluid { padding: 0; }
.container-fluid > .row { display: grid; grid-template-columns: minmax(12em, 1fr) 5fr; gap: 2em; }
.ge-section > .row { display: block; }
.sticky { position: sticky; top: 1em; }
.card-body nav, .card-body ul { max-height: none !important; } .card-body { max-height: 70vh; }
.nav { list-style: none; margin: 0; padding: .5em 0; } .nav-item { padding: .1em 0; }
.nav-link { word-break: normal !important; overflow-wrap: anywhere !important; }
.alert { background: var(--soft); padding: .5em 1em; margin: 1.2em 0 .4em; border-radius: 4px; }
table { border-collapse: collapse; width: 100%; margin: .4em 0; }
th, td { border-bottom: 1px solid var(--line); padding: .35em .6em; text-align: left; }
td, th { vertical-align: top; overflow-wrap: anywhere; } th { white-space: nowrap; }
.badge { background: var(--soft); border-radius: 4px; padding: 0 .3em; font-family: monospace; }
.fas { font-style: normal; font-weight: bold; }
.fa-check-circle::before { content: "✔"; color: var(--good); }
.fa-times::before { content: "✘"; color: var(--bad); }
.fa-exclamation-triangle::before { content: "⚠"; color: var(--bad); }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: bold; }
.name { white-space: nowrap; }
.d-none, [hidden] { display: none; } .d-md-block, .d-md-inline-flex { display: block; }
"""


# Values of failing rows that a page shows.
_SHOWN = 20


def write(
    folder: Path, document: Mapping[str, Any], outcomes: Mapping[str, Sequence[Outcome]]
) -> None:
    """Write the site: an index, a page of results and one of expectations per suite.

    How long each expectation took stands there only, on the index and in ``seconds.json``: all
    else that validation writes is the same for the same tables.

    Args:
        folder: Where to write it; it is emptied.
        document: The results of the validation.
        outcomes: Suite → what each of its expectations found.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("static", "validations", "expectations"):
        (folder / name).mkdir(parents=True)
    (folder / "static" / "paperdump.css").write_text(_STYLE, "utf-8")
    view = _view()
    for suite, found in outcomes.items():
        results, expected = _pages(view, suite, found)
        (folder / "validations" / f"{suite}.html").write_text(offline(results), "utf-8")
        (folder / "expectations" / f"{suite}.html").write_text(offline(expected), "utf-8")
    seconds = {suite: [round(one.seconds, 4) for one in found] for suite, found in outcomes.items()}
    tables.write_json(folder / "seconds.json", seconds)
    (folder / "index.html").write_text(index_page(document, seconds), "utf-8")


def _view() -> Any:
    """What makes HTML of what is rendered; one for all pages, since it compiles its templates."""
    engine.library()
    from great_expectations.render.view.view import DefaultJinjaPageView  # noqa: PLC0415

    return DefaultJinjaPageView()


def _pages(view: Any, suite: str, outcomes: Sequence[Outcome]) -> tuple[str, str]:
    """The pages that Great Expectations makes of results, and of what was expected."""
    gx = engine.library()
    from great_expectations.core import (  # noqa: PLC0415
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.render.renderer.page_renderer import (  # noqa: PLC0415
        ExpectationSuitePageRenderer,
        ValidationResultsPageRenderer,
    )

    configurations = [engine.configured(one.expectation, n) for n, one in enumerate(outcomes)]
    results = [
        ExpectationValidationResult(
            success=one.success,
            expectation_config=configuration,
            result={**one.result, **_shown(one)},
            exception_info={
                "raised_exception": one.error is not None,
                "exception_message": one.error or "",
                "exception_traceback": "",
            },
        )
        for one, configuration in zip(outcomes, configurations, strict=True)
    ]
    passed = sum(one.success for one in outcomes)
    validation = ExpectationSuiteValidationResult(
        success=passed == len(outcomes),
        results=results,
        suite_name=suite,
        statistics={
            "evaluated_expectations": len(outcomes),
            "successful_expectations": passed,
            "unsuccessful_expectations": len(outcomes) - passed,
            "success_percent": 100 * passed / len(outcomes),
        },
        meta={"run_id": "release", "great_expectations_version": gx.__version__},
    )
    expected = gx.ExpectationSuite(
        name=suite, expectations=[one.to_domain_obj() for one in configurations]
    )
    results_page: Any = ValidationResultsPageRenderer()
    suite_page: Any = ExpectationSuitePageRenderer()
    return view.render(results_page.render(validation)), view.render(suite_page.render(expected))


def _shown(outcome: Outcome) -> dict[str, Any]:
    """The first values that fail."""
    columns = columns_of(outcome.expectation.arguments)
    if outcome.failing is None or not columns:
        return {}
    rows = outcome.failing.head(_SHOWN).select(c for c in columns if c in outcome.failing.columns)
    values = rows.rows() if rows.width > 1 else rows.to_series().to_list()
    return {"partial_unexpected_list": [None if v is None else str(v) for v in values]}


def offline(page: str) -> str:
    """A page of a subfolder without scripts, pictures and styles from the web."""
    # the library means them for pages that lie deeper
    page = _REMOTE.sub("", page).replace("../../../../", "../")
    page = _EMPTY.sub("", page)
    style = '<link rel="stylesheet" href="../static/paperdump.css">'
    return page.replace("</head>", f"  {style}\n  </head>", 1)


def index_page(document: Mapping[str, Any], seconds: Mapping[str, Sequence[float]]) -> str:
    """The site's first page: a row per suite, what failed, then every check with its seconds.

    Args:
        document: The results of the validation.
        seconds: Suite → how long each of its expectations took.
    """
    suites, failures, checks = [], [], []
    for suite, outcome in document["tables"].items():
        results = outcome["results"]
        bad = [r for r in results if not r["success"]]
        critical = sum(r["severity"] == "critical" for r in bad)
        link = f'<a href="validations/{suite}.html">{suite}</a>'
        suites.append(
            _row(
                [
                    _mark(not critical),
                    link,
                    f"{outcome['rows']:,}",
                    len(results),
                    critical,
                    len(bad) - critical,
                    f"{sum(seconds[suite]):.2f}",
                    f'<a href="expectations/{suite}.html">expectations</a>',
                ]
            )
        )
        failures += [
            _row([r["severity"], link, _of(r), html.escape(r["meaning"]), _failed_rows(suite, r)])
            for r in bad
        ]
        checks += [
            _row(
                [
                    _mark(r["success"]),
                    link,
                    _of(r),
                    f'<span class="name">{html.escape(r["expectation"])}</span>',
                    f"{r['rows']:,}",
                    "" if r["unexpected_rows"] is None else f"{r['unexpected_rows']:,}",
                    f"{took:.3f}",
                ]
            )
            for r, took in zip(results, seconds[suite], strict=True)
        ]
    failed = (
        "<h1>What failed</h1>"
        + _table(["Severity", "Table", "Column", "Expected", "Found"], failures)
        if failures
        else "<p>All expectations passed.</p>"
    )
    held = document.get("quarantined_papers", 0)
    quarantine = (
        f"<p>{held:,} papers failed before and are in quarantine: rejects.parquet has their "
        "entries, failures.parquet says why.</p>"
        if held
        else ""
    )
    against = document["compared_with"]
    compared = f"It was compared with release {against}." if against else ""
    return f"""<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1.0">
    <title>Data Docs of the release</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="static/paperdump.css">
  </head>
  <body>
    <div class="container-fluid">
      <h1>Validation of the release</h1>
      <p>Of {document["expectations"]} expectations {document["passed"]} passed; of the others
      {document["failed_critical"]} critical, {document["failed_warning"]} for warning.
      {compared}</p>
      {quarantine}
      {
        _table(
            [
                "",
                "Results",
                "Rows",
                "Expectations",
                "Failed, critical",
                "Failed, warning",
                "Seconds",
                "Suite",
            ],
            suites,
        )
    }
      {failed}
      <h1>Every check</h1>
      {_table(["", "Table", "Column", "Expectation", "Rows", "Failing", "Seconds"], checks)}
    </div>
  </body>
</html>
"""


def _row(cells: Sequence[object]) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _mark(good: bool) -> str:
    return '<span class="good">✔</span>' if good else '<span class="bad">✘</span>'


def _of(result: Mapping[str, Any]) -> str:
    """The columns that a result is of; none where it is of the whole table."""
    if result["expectation"].startswith("expect_table"):
        return ""
    return html.escape(", ".join(columns_of(result["arguments"])))


def _failed_rows(suite: str, result: Mapping[str, Any]) -> str:
    if result["unexpected_rows"] is None:
        return html.escape(str(result["error"] or result["observed"]))
    first = result["first_rows"][:3]
    named = "; ".join(report.row_in_words(suite, row) for row in first)
    return html.escape(f"{result['unexpected_rows']} rows" + (f", e.g. {named}" if named else ""))
