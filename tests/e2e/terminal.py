# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Terminals to run sockstall in: a bare pty, whose bytes are kept, and tmux, which shows what they mean."""

import fcntl
import os
import pty
import shlex
import struct
import subprocess
import termios
import time

from child import wait_until
from netns import command


def run_in_pty(argv, rows=24, columns=80, timeout=30, until=None, keys=(), **environment):
    """
    Run a command on a terminal and return all bytes that it wrote there, and its exit code. With
    `until`, it gets the keys when those bytes have come, each when something was drawn after the one before, and then a `q`.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    settings = termios.tcgetattr(slave)
    process = subprocess.Popen(
        list(map(str, argv)),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm-256color", **environment},
    )
    written = bytearray()
    os.set_blocking(master, False)

    def pump():
        try:
            written.extend(os.read(master, 65536))
        except OSError:  # nothing there now
            pass
        return process.poll() is not None or (until and until in written)

    try:
        wait_until(pump, timeout, f"{argv} on a terminal, which wrote {bytes(written)}")
        for key in keys:
            size = len(written)
            os.write(master, key)
            wait_until(lambda: pump() and len(written) > size, timeout, f"an answer to the key {key}")
        if process.poll() is None:
            os.write(master, b"q")
            until = None
            wait_until(pump, timeout, f"{argv} to quit")
        pump()
        assert termios.tcgetattr(slave) == settings, "the terminal's settings are not restored"
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)
    return bytes(written), process.returncode


class Tmux:
    """A terminal of the given size in which a command runs; its exit code is shown afterwards."""

    def __init__(self, argv, folder, columns=80, rows=24):
        self.socket = str(folder / "tmux")
        self.before, self.after = folder / "before", folder / "after"
        words = shlex.join(map(str, argv))
        # The shell itself outlives Ctrl-C.
        script = (
            f"trap : INT; stty -g > {self.before}; echo the shell; {words}; echo code=$?; "
            f"stty -g > {self.after}; sleep 600"
        )
        self("new-session", "-d", "-x", columns, "-y", rows, "sh", "-c", script)
        self("set-option", "-g", "window-size", "manual")

    def __call__(self, *words):
        return command("tmux", "-S", self.socket, "-f", "/dev/null", *words)

    def screen(self):
        return self("capture-pane", "-p")

    def wait(self, text, timeout=15):
        try:
            return wait_until(lambda: self._with(text), timeout)
        except AssertionError:
            raise AssertionError(f"no {text!r} on the screen:\n{self.screen()}") from None

    def settled(self):
        """The screen, unless it is being drawn: then tmux has taken a part of what was written, and None is returned."""
        screen = self.screen()
        time.sleep(0.05)
        return screen if screen == self.screen() else None

    def _with(self, text):
        screen = self.settled()
        return screen if screen and text in screen else None

    def wait_for_screen(self, expected, timeout=15):
        """Until this is all that is on the screen."""
        try:
            wait_until(lambda: self.settled() == expected, timeout)
        except AssertionError:
            raise AssertionError(f"not\n{expected}\nbut\n{self.screen()}") from None

    def resize(self, columns, rows):
        """
        Until the program can know of it: tmux tells it a moment later, and of several changes only the last. Between two that it
        did not hear of tmux cuts what is on the screen, and it draws on as if that were still there.
        """
        self("resize-window", "-x", columns, "-y", rows)
        wait_until(lambda: self.size() == (columns, rows), 10, f"a terminal of {columns} x {rows}")
        time.sleep(0.2)  # and has drawn for it: what comes and goes before that it does not see

    def size(self):
        """As the kernel has it: columns, rows."""
        terminal = os.open(self("display-message", "-p", "#{pane_tty}").strip(), os.O_RDONLY | os.O_NOCTTY)
        try:
            rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(terminal, termios.TIOCGWINSZ, bytes(8)))
        finally:
            os.close(terminal)
        return columns, rows

    def keys(self, *names):
        self("send-keys", *names)

    def type(self, text):
        """As it stands, and not as the name of a key."""
        self("send-keys", "-l", text)

    def wait_without(self, text, timeout=15):
        """Until this is not on the screen any more. Returns the screen."""
        try:
            return wait_until(lambda: self._without(text), timeout)
        except AssertionError:
            raise AssertionError(f"still {text!r} on the screen:\n{self.screen()}") from None

    def _without(self, text):
        screen = self.settled()
        return screen if screen and text not in screen else None

    def check_restored(self):
        """The shell's screen is back, with its cursor and its settings."""
        screen = self.wait("code=0")
        assert "the shell" in screen, screen
        self.check_settings()

    def check_settings(self):
        state = self("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}")
        assert state.split() == ["0", "1", "0"], state
        wait_until(self.after.exists, 5)
        assert wait_until(self.after.read_text, 5) == self.before.read_text()

    def close(self):
        self("kill-server")
