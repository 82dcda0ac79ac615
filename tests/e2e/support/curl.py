"""Real curl, with verification on."""
import subprocess


def curl(lintel, url, *options, within=20):
    """Runs curl against `url` trusting the instance's CA. Returns the finished process (output as bytes)."""
    command = ["curl", "--silent", "--show-error", "--cacert", str(lintel.ca), *options, url]
    return subprocess.run(command, capture_output=True, timeout=within, check=False)


def https_url(lintel, host, path="/"):
    return f"https://{host}:{lintel.https.rpartition(':')[2]}{path}"
