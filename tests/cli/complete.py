#!/usr/bin/python3
"""Types lines, each with a TAB, into a real shell on a terminal of its own, and prints what the operator would see, then
the line as it stands, in <…>:  complete.py bash|zsh FOLDER SCRIPT LINE..."""
import os
import pty
import re
import select
import signal
import sys
import time

PATIENCE = 30
# Ctrl-G prints the line; READY is not what is typed, so that the terminal's echo of it does not count.
SETUP = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], r"""
bind 'set show-all-if-ambiguous on'; bind 'set completion-query-items 0'; bind 'set page-completions off'
bind 'set completion-display-width 0'; bind 'set bell-style none'; bind 'set enable-bracketed-paste off'
bind -x '"\C-g": printf "<%s>\n" "$READLINE_LINE"'
PS1=; source SCRIPT; echo REA''DY
"""),
    "zsh": (["zsh", "-f", "-i"], r"""
autoload -U compinit; compinit -u -D; LISTMAX=0; unsetopt beep promptsp zle_bracketed_paste; setopt listrowsfirst
report() { zle -I; print -r -- "<$BUFFER>" }; zle -N report; bindkey '^G' report
PS1=; source SCRIPT; echo REA''DY
"""),
}


def read_until(terminal, pattern, end):
    seen = ""
    while not re.search(pattern, seen, re.S):
        if not select.select([terminal], [], [], max(end - time.monotonic(), 0))[0]:
            sys.exit(f"{pattern} never came: {seen}")
        try:
            seen += os.read(terminal, 65536).decode(errors="replace")
        except OSError:
            sys.exit(f"the shell ended: {seen}")
    return seen


def main():
    shell, folder, script, *lines = sys.argv[1:]
    arguments, setup = SETUP[shell]
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ.update(TERM="dumb", COLUMNS="160", LINES="200", HISTFILE="")
        os.execvp(arguments[0], arguments)
    try:
        os.write(terminal, setup.replace("SCRIPT", script).encode())
        read_until(terminal, r"\nREADY\r", time.monotonic() + PATIENCE)
        seen = ""
        for line in lines:
            # Ctrl-A and Ctrl-K take away what the last one left.
            os.write(terminal, ("\x01\x0b" + line + "\t\x07").encode())
            seen += read_until(terminal, r"<[^>]*>\r?\n", time.monotonic() + PATIENCE)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    print(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\x07\x08]", "", seen))


main()
