# SPDX-License-Identifier: BSD-3-Clause
"""Event loops and connections"""
import asyncio
import multiprocessing
import select
import selectors
import socket
import ssl


def loops():
    """asyncio: locks and queues without a loop that runs | exact"""
    lock, waiting = asyncio.Lock(), asyncio.Queue()
    waiting.put_nowait(1)
    yield
    return waiting.get_nowait(), lock.locked()


def event_loop():
    """asyncio: an event loop with its tasks, futures and timers | exact"""
    loop, done = asyncio.new_event_loop(), []

    async def wait(future):
        done.append("begun")
        done.append(await future)
        await asyncio.sleep(0.001)
        return len(done)

    future = loop.create_future()
    task, late = loop.create_task(wait(future), name="waiting"), loop.call_later(3600, done.append, "late")
    loop.run_until_complete(asyncio.sleep(0))
    yield
    future.set_result("answer")
    length = loop.run_until_complete(task)
    late.cancel()
    loop.close()
    return length, done, task.get_name(), late.cancelled()


def sockets():
    """sockets | refused | a socket; a snapshot is possible when it is closed and gone"""
    one, two = socket.socketpair()
    yield
    one.send(b"x")
    return two.recv(1)


def pipes_of_multiprocessing():
    """multiprocessing.Pipe, socket.detach, os.openpty | refused | descriptor 3, which the script holds as a number: socket"""
    one, two = multiprocessing.Pipe()
    yield
    one.send("x")
    return two.recv()


def epolls():
    """select.epoll | refused | a select.poll or select.epoll, which does not show"""
    poll = select.epoll()
    yield
    return poll.closed


def polls():
    """select.poll | refused | a select.poll or select.epoll, which does not show"""
    poll = select.poll()
    yield
    return poll.poll(0)


def selector_alone():
    """selectors.DefaultSelector, but that of an event loop | refused | a selector that belongs to no event loop"""
    selector = selectors.DefaultSelector()
    yield
    return selector.select(0)


def tls():
    """ssl: contexts, connections, MemoryBIO | refused | a TLS context, connection or buffer"""
    buffer, context = ssl.MemoryBIO(), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    buffer.write(b"abc")
    yield
    return buffer.read(), context.verify_mode.name
