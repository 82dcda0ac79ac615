"""What a CA by RFC 8555 §7.1 keeps and says."""
import json
import secrets
from dataclasses import dataclass, field

ERROR = "urn:ietf:params:acme:error:"


@dataclass
class Reply:
    """`body`: a JSON value, or bytes as they are. `fields` beside the Replay-Nonce that every one gets."""
    status: int
    body: object = b""
    fields: dict = field(default_factory=dict)
    content_type: str = "application/json"

    def data(self):
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def problem(status, kind, detail, **fields):
    """A problem document (RFC 8555 §6.7). `fields`: HTTP fields, _ for -."""
    return Reply(status, {"type": ERROR + kind, "detail": detail, "status": status},
                 {name.replace("_", "-"): str(value) for name, value in fields.items()}, "application/problem+json")


@dataclass
class Account:
    jwk: dict
    contact: list
    status: str = "valid"


@dataclass
class Challenge:
    type: str
    authorization: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    status: str = "pending"
    error: dict = None


@dataclass
class Authorization:
    order: int
    type: str  # "dns" or "ip"
    name: str
    wildcard: bool = False
    status: str = "pending"
    challenges: list = field(default_factory=list)


@dataclass
class Order:
    account: int
    names: list
    profile: str = None
    replaces: str = None
    status: str = "pending"
    authorizations: list = field(default_factory=list)
    request: bytes = None  # the CSR
    certificate: int = None
    error: dict = None
