"""Certificates for requests of strangers, by openssl's small CA."""
import base64
import datetime
import subprocess

from support.tls_backend import Authority

CONFIG = """
[ca]
default_ca = ours
[ours]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
unique_subject = no
copy_extensions = copy
default_md = sha256
policy = any
x509_extensions = leaf
email_in_dn = no
[any]
commonName = optional
[leaf]
authorityKeyIdentifier = keyid
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
"""


class Issuing:
    """`root` is a file with the CA's certificate; `folder` is its own."""

    def __init__(self, folder):
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.authority = Authority(folder, "acme-root", days=3650)
        self.root = self.authority.file
        (folder / "index.txt").touch()
        (folder / "ca.cnf").write_text(CONFIG.format(folder=folder))

    def issue(self, request_der, life, number):
        """A chain (PEM, without the root) whose life began a second ago and ends in `life` seconds; `number` names its
        files."""
        request, chain = (self.folder / f"{number}.{end}" for end in ("csr", "pem"))
        request.write_bytes(request_der)
        now = datetime.datetime.now(datetime.timezone.utc)
        bounds = [(now + datetime.timedelta(seconds=seconds)).strftime("%Y%m%d%H%M%SZ") for seconds in (-1, life)]
        _openssl("ca", "-batch", "-notext", "-config", self.folder / "ca.cnf", "-cert", self.root, "-keyfile",
                 self.authority.key, "-in", request, "-inform", "DER", "-startdate", bounds[0], "-enddate", bounds[1],
                 "-out", chain)
        return chain.read_text()


def names_of(request_der):
    """What a request asks for: the DNS names and addresses of its subjectAltName. Fails where it isn't self-signed."""
    text = _openssl("req", "-inform", "DER", "-verify", "-noout", "-text", given=request_der).decode()
    lines = iter(text.splitlines())
    for line in lines:
        if "X509v3 Subject Alternative Name" in line:
            return [each.strip().split(":", 1)[1] for each in next(lines).split(",")]
    return []


def serial_of(pem):
    return int(_openssl("x509", "-noout", "-serial", given=pem.encode()).decode().split("=")[1], 16)


def der_of(pem):
    """Of the first certificate."""
    return base64.b64decode(pem.split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0])


def _openssl(*arguments, given=None):
    done = subprocess.run(["openssl", *map(str, arguments)], input=given, capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"openssl {arguments[0]}: {done.stderr.decode()}")
    return done.stdout
