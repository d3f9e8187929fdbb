"""The table at the end of a run. `recovered`: from the last fault's end until all was well."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [one for outcome in ("passed", "failed") for one in terminalreporter.stats.get(outcome, ())]
    lines = [line for report in reports for name, line in report.user_properties if name == "faults"]
    if not lines:
        return
    terminalreporter.section("faults")
    terminalreporter.write_line(
        f"{'scenario':44} {'leads':>5} {'chats':>5} {'booked':>6} {'events':>6} {'lost':>4} {'doubled':>7} "
        f"{'unknown':>7} {'recovered':>9}  {'seed':>6}  injected"
    )
    for line in lines:
        terminalreporter.write_line(line)
