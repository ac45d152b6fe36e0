# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Progress bars and tables of rich, a log by loguru, around calculations."""
import io
import sys

from loguru import logger
from rich.console import Console
from rich.progress import Progress, track
from rich.table import Table

logger.remove()
logger.add(sys.stdout, format="{level} {message}")
logger.add("run.log", format="{level} {message}")
screen = Console(file=io.StringIO(), width=80)
paper = Console(file=sys.stdout, width=60)


def work(n):
    total = 0
    for k in range(n):
        total = (total * 31 + k * k) % 1000003
    return total


sums = []
with Progress(console=screen) as progress:
    outer = progress.add_task("rounds", total=12)
    for turn in range(12):
        sums.append(sum(work(4000) + turn for _ in range(40)))
        progress.advance(outer)
        logger.info("round {} of {}: {}", turn, progress.tasks[0].total, sums[-1])
    print(progress.tasks[0].completed, progress.finished, flush=True)
for turn in track(range(120), console=screen, update_period=0.02):
    sums.append(work(9000) + turn)
    if turn % 24 == 0:
        logger.warning("{} {}", turn, sums[-1])
table = Table(title="results")
table.add_column("n")
table.add_column("sum", justify="right")
for n in range(0, len(sums), 30):
    table.add_row(str(n), str(sums[n]))
paper.print(table)
