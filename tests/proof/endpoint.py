"""What the user sees, and what is kept, of whatever an endpoint or the way to it gets wrong.

Each fault is met by a real `gitgen fix` over a real connection, and what it left by a `gitgen resume` at an endpoint
that is well: that has to end in the same file as a fix without a fault.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from tests.conftest import HELLO, git, write
from tests.proof import Scale, Table
from tests.proof.faults import BONJOUR, GOOD, Fault, faults
from tests.proof.running import Dying
from tests.scripted import endpoint

BRANCH = "gitgen/s"


@dataclass(frozen=True)
class Met:
    """What came of a fault, and in `wrong` what was not as it has to be."""

    fault: Fault
    code: int
    asked: int
    status: str
    wrong: tuple[str, ...]
    printed: str

    @property
    def row(self) -> tuple[object, ...]:
        """Of the table in docs/trust.md."""
        seen = self.fault.sees.format(
            url="http://ENDPOINT/v1", https="https://ENDPOINT/v1", root="http://ENDPOINT", n="N"
        )
        return self.fault.name, self.code, self.asked, self.status or "-", " ".join(seen.split())


def meet(fault: Fault, dying: Dying, folder: Path, certificate: Path) -> Met:
    """Meet a fault in a folder of its own, then resume."""
    _ground(folder)
    with endpoint(*fault.script, certificate=certificate if fault.tls else None) as running:
        root = running.base_url.removesuffix("/v1")
        https = running.base_url.replace("http:", "https:")
        names = {"url": running.base_url, "root": root, "https": https, "certificate": str(certificate), "n": "N"}
        environ = {name: value.format(**names) for name, value in fault.environ.items()}
        args = ("fix", "Greet in French", "--name", "s", "--base-url", fault.place.format(**names))
        done = dying.run(folder, args, running.base_url, None, answers=False, **environ)
        asked = len(running.requests)
    status = git(folder, "log", "-1", "--format=%(trailers:key=Gitgen-Status,valueonly)", *_tip(folder)).strip()
    sees = re.escape(fault.sees.format(**names)).replace(r"in\ N\ s", r"in \d+ s")
    wrong = [] if re.search(sees, done["printed"]) else ["it was not told so"]
    came, expected = (done["code"], asked, status), (fault.code, fault.asked, fault.status)
    wrong += [] if came == expected else [f"{came}, not {expected}"]
    if done["code"]:
        with endpoint(GOOD) as well:
            again = dying.run(folder, ("resume", BRANCH, "--base-url", well.base_url), well.base_url)
        wrong += [] if again["code"] == 0 else ["a resume did not mend it: " + again["printed"]]
    if git(folder, "show", f"{BRANCH}:hello.py") + "\n" != BONJOUR:
        wrong.append("hello.py is something else in the end")
    return Met(fault, *came, tuple(wrong), done["printed"])


def _ground(folder: Path) -> None:
    folder.mkdir()
    git(folder, "init", "-q")
    write(folder, {"hello.py": HELLO})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Say hello")


def _tip(folder: Path) -> tuple[str, ...]:
    return (BRANCH,) if git(folder, "branch", "--list", BRANCH) else ()


def certificate(path: Path) -> Path:
    """A key and a certificate for 127.0.0.1 that nobody has signed, in a file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1)).add_extension(address, False)
    as_pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(as_pem, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + made.sign(key, hashes.SHA256()).public_bytes(as_pem))
    return path


def prove(scale: Scale) -> Table:
    """All faults, one after the other."""
    table = Table("Endpoint faults: what the user sees", ("fault", "exit", "asked", "step", "what is seen"))
    pem, dying = certificate(scale.folder / "pem"), Dying()
    try:
        for number in range(len(faults())):
            met = meet(faults()[number], dying, scale.folder / str(number), pem)
            table.rows.append(met.row)
            table.broken += [f"{met.fault.name}: {line}" for line in met.wrong]
    finally:
        dying.close()
    return table
