# processes of multiprocessing are running: 'helper-3'
import multiprocessing
import time

context = multiprocessing.get_context("fork")
process = context.Process(target=time.sleep, args=(60,), name="helper-3")
process.start()


def check():
    process.kill()
    process.join()
