# asyncio is running
import asyncio

loop = asyncio.new_event_loop()


def check():
    loop.close()
