# Runs a program on a terminal of a size and passes on what it prints there: terminal.py COLUMNS ROWS PROGRAM WORD...
import fcntl, os, pty, struct, sys, termios

columns, rows = int(sys.argv[1]), int(sys.argv[2])
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.execvp(sys.argv[3], sys.argv[3:])
while True:
    try:
        some = os.read(terminal, 65536)
    except OSError:
        break
    if not some:
        break
    os.write(1, some)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
