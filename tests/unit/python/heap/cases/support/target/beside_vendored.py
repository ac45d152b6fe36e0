"""The script's own module, although it lies where packages were installed."""
import socket

state = {"rounds": 0}
opened = socket.SOCK_STREAM


def advance():
    state["rounds"] += 1
    return state["rounds"]
