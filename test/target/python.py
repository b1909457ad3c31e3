"""A process as people have them: a buffer that changes by itself, and one that others may change.

Prints where they are as one line of JSON; answers each line of input with what the second buffer holds now.
"""
import ctypes
import json
import sys
import threading
import time

moving = bytearray(b"count 00000000 and so on........")
note = bytearray(b"Change me, I am a bytearray.....")


def address(buffer):
    return hex(ctypes.addressof((ctypes.c_char * len(buffer)).from_buffer(buffer)))


def move():
    count = 0
    while True:
        count += 1
        moving[6:14] = b"%08d" % (count % 100_000_000)
        time.sleep(0.02)


threading.Thread(target=move, daemon=True).start()
print(json.dumps({"moving": address(moving), "note": address(note)}), flush=True)
for line in sys.stdin:
    print(note.decode("latin-1"), flush=True)
