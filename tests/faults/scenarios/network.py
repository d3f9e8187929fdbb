"""The network in between."""

import asyncio

from faults.proxy import Impediment
from faults.scenarios.table import Run, scenario


@scenario(11)
async def black_holes(run: Run) -> None:
    await black_hole(run, 12)


@scenario(11, group="faults_long")
async def long_black_holes(run: Run) -> None:
    await black_hole(run, 90)


async def black_hole(run: Run, seconds: float) -> None:
    for name, proxy in (("broker", run.system.broker), ("database", run.system.database)):
        await run.moment()
        with proxy.impeded(Impediment(blackhole=True)):
            await asyncio.sleep(seconds)
        proxy.cut()
        run.injected.append(f"black hole to the {name}, {seconds:.0f} s")
    await run.system.ready()


@scenario(12)
async def bad_network(run: Run) -> None:
    proxies = (run.system.broker, run.system.database)
    for _ in range(20):
        await asyncio.sleep(0.2)
        run.dice.choice(proxies).cut()
    with run.system.broker.impeded(Impediment(latency_seconds=0.3)):
        await run.moment(3, 4)
    with run.system.database.impeded(Impediment(latency_seconds=0.05)):
        await run.moment(3, 4)
    with run.system.broker.impeded(Impediment(bytes_per_second=10_000)):
        await run.moment(3, 4)
    run.injected.append("20 resets, 300 ms and 50 ms latency, 10 kB/s")
    await run.system.ready()
