# the event loop waits for descriptor 
import asyncio
import socket

loop = asyncio.new_event_loop()
reading, writing = socket.socketpair()
loop.add_reader(reading, print)


def check():
    loop.close()
    reading.close()
    writing.close()
