"""What an ACME client signs, taken apart and checked (RFC 7515, flattened JSON; RFC 8555 §6.2)."""
import base64
import hashlib
import hmac
import json
import pathlib
import subprocess
import tempfile

# SubjectPublicKeyInfo of P-256 up to the point's coordinates (RFC 5480 §2).
P256_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")


class Unacceptable(Exception):
    """What is wrong, for the client: the type of RFC 8555 §6.7 and a sentence."""

    def __init__(self, kind, detail, status=400):
        super().__init__(detail)
        self.kind, self.detail, self.status = kind, detail, status


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text):
    if "=" in text:
        raise Unacceptable("malformed", "base64url is written without padding")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def thumbprint(jwk):
    """RFC 7638."""
    required = {name: jwk[name] for name in sorted(("crv", "kty", "x", "y"))}
    return base64url(hashlib.sha256(json.dumps(required, separators=(",", ":")).encode()).digest())


def take_apart(body):
    """(protected header, payload or None for POST-as-GET, the JWS itself)."""
    try:
        jws = json.loads(body)
        header = json.loads(from_base64url(jws["protected"]))
        payload = json.loads(from_base64url(jws["payload"])) if jws["payload"] else None
    except (KeyError, TypeError, ValueError) as wrong:
        raise Unacceptable("malformed", f"no flattened JWS: {wrong!r}") from None
    if set(jws) != {"protected", "payload", "signature"}:
        raise Unacceptable("malformed", f"members of the JWS: {sorted(jws)}")
    return header, payload, jws


def check_signature(jws, jwk):
    """ES256 (RFC 7518 §3.4), by openssl."""
    if (jwk.get("kty"), jwk.get("crv")) != ("EC", "P-256"):
        raise Unacceptable("badPublicKey", "only P-256 here")
    raw = from_base64url(jws["signature"])
    if len(raw) != 64:
        raise Unacceptable("malformed", "an ES256 signature is 64 bytes")
    public = P256_HEAD + from_base64url(jwk["x"]) + from_base64url(jwk["y"])
    with tempfile.TemporaryDirectory(prefix="lintel-e2e-jws-") as folder:
        key, signature = (pathlib.Path(folder) / name for name in ("key.der", "signature"))
        key.write_bytes(public)
        signature.write_bytes(_der_signature(raw))
        done = subprocess.run(["openssl", "dgst", "-sha256", "-keyform", "DER", "-verify", key, "-signature", signature],
                              input=f"{jws['protected']}.{jws['payload']}".encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise Unacceptable("malformed", "the signature doesn't fit")


def check_binding(jws, jwk, url, keys):
    """External account binding (RFC 8555 §7.3.4). `keys`: {kid: base64url}."""
    header, bound, _ = take_apart(json.dumps(jws))
    if header.get("alg") != "HS256" or header.get("url") != url or "nonce" in header or header.get("kid") not in keys:
        raise Unacceptable("unauthorized", f"the binding's header: {header}", 403)
    expected = hmac.digest(from_base64url(keys[header["kid"]]), f"{jws['protected']}.{jws['payload']}".encode(), "sha256")
    if bound != jwk or not hmac.compare_digest(expected, from_base64url(jws["signature"])):
        raise Unacceptable("unauthorized", "the binding is of another key", 403)


def _der_signature(raw):
    """SEQUENCE of two INTEGERs instead of r‖s."""
    integers = b""
    for half in (raw[:32], raw[32:]):
        number = half.lstrip(b"\0") or b"\0"
        number = b"\0" + number if number[0] & 0x80 else number
        integers += bytes([2, len(number)]) + number
    return bytes([0x30, len(integers)]) + integers
