"""The table at the end of a run."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    from faults.test_faults import LINES, SEED  # noqa: PLC0415 - only when they ran

    if not LINES:
        return
    write = terminalreporter.write_line
    terminalreporter.section(f"faults, seed {SEED}")
    write(
        f"{'scenario':44} {'leads':>5} {'chats':>5} {'booked':>6} {'events':>6} {'lost':>4} {'doubled':>7} {'unknown':>7} {'recovered':>9}  injected"
    )
    for line in LINES:
        report = line.report
        write(
            f"{line.scenario:44} {report.leads:5} {report.messages:5} {report.appointments:6} {report.events:6} "
            f"{report.count('lost'):4} {report.count('doubled'):7} {report.unknown:7} {line.recovered_seconds:7.1f} s  "
            + ", ".join(line.injected)
        )
