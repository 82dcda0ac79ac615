"""`lintel ca trust`: what makes this machine trust the local CA, said or done, and undone."""
import os
import pathlib
import shutil
import stat
import tempfile

from support.case import Case, main
from support.lintel import cli

# Keeps what it is told as a file in the database's folder, and writes down every call.
CERTUTIL = """#!/bin/bash
echo "$@" >> "$CERTUTIL_CALLS"
[[ $1 == -H ]] && exit 0
folder=${2#sql:}
while [[ $# -gt 0 ]]; do [[ $1 == -n ]] && name=$2; [[ $1 == -[ADL] ]] && what=$1; shift; done
case $what in
-A) touch "$folder/$name" ;;
-D) rm "$folder/$name" ;;
-L) test -e "$folder/$name" ;;
esac
"""


class CaTrust(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lintel-e2e-trust-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.front = self.lintel()
        self.root, self.home, self.programs = (self.folder / name for name in ("root", "home", "bin"))
        self.database = self.home / ".pki/nssdb"
        self.database.mkdir(parents=True)
        self.programs.mkdir()
        self.calls = self.folder / "calls"
        self.calls.touch()

    def have_browsers(self):
        profile = self.home / ".mozilla/firefox/abc.default"
        profile.mkdir(parents=True)
        for folder in (self.database, profile):
            (folder / "cert9.db").touch()
        certutil = self.programs / "certutil"
        certutil.write_text(CERTUTIL)
        certutil.chmod(certutil.stat().st_mode | stat.S_IXUSR)
        return self.database, profile

    def trust(self, *arguments):
        env = {**os.environ, "HOME": str(self.home), "CERTUTIL_CALLS": str(self.calls),
               "PATH": f"{self.programs}:/usr/sbin:/usr/bin:/sbin:/bin"}
        done = cli("ca", "trust", "--state", str(self.front.state), *arguments, within=60, env=env)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def installed(self):
        return list(self.root.glob("usr/local/share/ca-certificates/lintel-local-ca-*.crt"))

    def test_says_what_to_do_for_each(self):
        said = self.trust()
        for word in ("curl", "Debian", "Chromium", "Firefox", "macOS", str(self.front.state / "ca.pem")):
            self.assertIn(word, said)
        self.assertEqual([], self.installed())

    def test_the_system_store_has_it_after_install_and_not_after_remove(self):
        if shutil.which("update-ca-certificates", path="/usr/sbin") is None:
            self.skipTest("no update-ca-certificates here")
        bundle = self.root / "etc/ssl/certs/ca-certificates.crt"
        ours = (self.front.state / "ca.pem").read_text().strip()
        for attempt in ("added", "has it already"):
            self.assertIn(attempt, self.trust("--install", "--root", str(self.root)))
            self.assertEqual(1, len(self.installed()))
            self.assertIn(ours, bundle.read_text())
        for attempt in ("removed", "it isn't there"):
            self.assertIn(attempt, self.trust("--remove", "--root", str(self.root)))
            self.assertEqual([], self.installed())
            self.assertNotIn(ours, bundle.read_text())

    def test_browsers_of_the_user_have_it_after_install_and_not_after_remove(self):
        folders = self.have_browsers()
        for attempt in ("added", "has it already"):
            said = self.trust("--install", "--root", str(self.root))
            for folder in folders:
                self.assertRegex(said, f"browsers: {attempt}.*{folder}")
                self.assertEqual(1, len(list(folder.glob("Lintel local CA *"))))
        self.assertEqual(2, self.calls.read_text().count(" -A -t C,, -n Lintel local CA "))
        for attempt in ("removed from", "it isn't in"):
            said = self.trust("--remove", "--root", str(self.root))
            for folder in folders:
                self.assertIn(f"browsers: {attempt} {folder}", said)
                self.assertEqual([], list(folder.glob("Lintel local CA *")))

    def test_missing_tools_are_named(self):
        (self.database / "cert9.db").touch()
        if shutil.which("certutil"):
            self.skipTest("there is a certutil here")
        self.assertIn("libnss3-tools", self.trust("--install", "--root", str(self.root)))

    def test_ca_still_prints_the_certificate(self):
        self.assertEqual((self.front.state / "ca.pem").read_text(), cli("ca", "--state", str(self.front.state)).stdout)

    def test_a_folder_without_a_ca_is_an_error(self):
        done = cli("ca", "trust", "--install", "--state", str(self.folder))
        self.assertEqual(1, done.returncode)
        self.assertIn("first `lintel run`", done.stderr)


if __name__ == "__main__":
    main()
