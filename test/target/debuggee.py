"""A program for debugpy: buffers whose addresses it tells, in a loop.

debuggee.py [FACTS]     FACTS is a file that gets the same line of JSON as standard output
"""
import ctypes
import json
import os
import signal
import sys
import time

signal.alarm(600)
note = bytearray(b"Change me, I am a bytearray.....")
numbers = (ctypes.c_int * 8)(1, 2, 3, 4, 5, 6, 7, 8)


def address(buffer):
    return hex(ctypes.addressof((ctypes.c_char * len(buffer)).from_buffer(buffer)))


facts = json.dumps({"pid": str(os.getpid()), "note": address(note), "numbers": hex(ctypes.addressof(numbers))})
print(facts, flush=True)
if len(sys.argv) > 1:
    with open(sys.argv[1] + ".unfinished", "w") as file:
        file.write(facts + "\n")
    os.rename(sys.argv[1] + ".unfinished", sys.argv[1])


def turn(iteration):
    local = iteration * 2
    text = "a text"
    local += len(text)  # break here
    note[0] = ord("a") + iteration % 26  # step 1
    numbers[3] = iteration  # step 2
    return local


iteration = 0
while True:
    turn(iteration)
    iteration += 1
    time.sleep(0.02)
