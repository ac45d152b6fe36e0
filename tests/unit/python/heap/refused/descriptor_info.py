# tells of a descriptor
info = open("/proc/self/fdinfo/0")


def check():
    assert info.readline()
