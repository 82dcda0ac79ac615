"""The clock of one program, which a test sets while it runs (libfaketime)."""
import glob


class Clock:
    """`env` is what the program is started with: it keeps the right time until jump(). Timers are not touched: they
    run on the monotonic clock."""

    def __init__(self, case):
        found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not found:
            case.skipTest("no libfaketime: Debian's package faketime has it")
        self._file = case.folder / "clock"
        self.jump("+0")
        self.env = {"LD_PRELOAD": found[0], "FAKETIME_TIMESTAMP_FILE": str(self._file), "FAKETIME_NO_CACHE": "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def jump(self, offset):
        """`offset` from the right time, as faketime(1) has it: "+7h", "+365d"."""
        self._file.write_text(f"{offset}\n")
        self._file.chmod(0o644)
