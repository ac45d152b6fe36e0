# a selector that belongs to no event loop
import selectors

selector = selectors.DefaultSelector()


def check():
    selector.close()
