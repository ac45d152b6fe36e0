# SPDX-License-Identifier: BSD-3-Clause
"""An event loop with one timer and nothing else that wakes it. Argument: its seconds."""
import asyncio
import sys


async def main(seconds):
    begin = asyncio.get_running_loop().time()
    await asyncio.sleep(seconds)
    return f"slept for {asyncio.get_running_loop().time() - begin:.0f} s"


print(asyncio.run(main(float(sys.argv[1]))))
