"""aiosmtpd as the operator's mail server: takes mails, and says on standard output what came.

The first line of standard input is a JSON object of options: `port` (0 for any), `tls` (`none`, `starttls` or
`implicit`), `folder` (where the certificate of its authority is written, as `ca.pem`), `user` and `password`,
`refuse_sender` and `smtputf8`. The first line of standard output says at which port it listens; each later one is a
mail. It ends when standard input does, so that no test leaves one behind.

What becomes of a mail is decided by the name before the `@`:

- `refused`: there is no such person, with the address in the refusal
- `spam`: the mail is refused for its link, with the link in the refusal
- `later`: come again, twice
- `twice`: the first mail is kept, and its sender is told to come again
"""

import asyncio
import datetime
import email
import email.policy
import ipaddress
import json
import re
import ssl
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def certify(folder):
    """Makes an authority and, by it, a certificate for this machine's loopback address; gives a context with it."""
    now = datetime.datetime.now(datetime.timezone.utc)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]) for name in ("Test authority", "mail")]

    def certificate(which):
        return (
            x509.CertificateBuilder()
            .subject_name(names[which])
            .issuer_name(names[0])
            .public_key(keys[which].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )

    authority = certificate(0).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    own = certificate(1).add_extension(x509.SubjectAlternativeName([address]), critical=False)
    authority, own = (builder.sign(keys[0], hashes.SHA256()) for builder in (authority, own))
    (folder / "ca.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    both = folder / "mail.pem"
    key = keys[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(own.public_bytes(serialization.Encoding.PEM) + key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(both)
    return context


class Handler:
    """Decides what becomes of mails."""

    def __init__(self):
        self.visits = {}

    def visit(self, address):
        self.visits[address] = self.visits.get(address, 0) + 1
        return self.visits[address]

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.partition("@")[0]
        if name == "refused":
            return f"550 5.1.1 <{address}>: there is no such person here"
        if name == "later" and self.visit(address) <= 2:
            return f"451 4.7.1 <{address}>: greylisted, come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}
        text = parts.get("text/plain", "")
        name = envelope.rcpt_tos[0].partition("@")[0]
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "hello": session.host_name,
            "encrypted": server.transport.get_extra_info("ssl_object") is not None,
            "headers": [[name, str(value)] for name, value in message.items()],
            "raw_headers": envelope.content.partition(b"\r\n\r\n")[0].decode("ascii"),
            "text": text,
            "html": parts.get("text/html", ""),
            "kind": message.get_content_type(),
        }
        say(mail)
        if name == "spam":
            link = re.search(r"http\S+", text)
            return f"554 5.7.1 we do not like {link[0]} for {envelope.rcpt_tos[0]}"
        if name == "twice" and self.visit(envelope.rcpt_tos[0]) == 1:
            return "451 4.3.0 the disk is full, come again"
        return "250 OK"


class Strict(Handler):
    """Refuses whoever sends."""

    async def handle_MAIL(self, server, session, envelope, address, options):
        return "550 5.7.1 you may not send as this address"


def say(what):
    print(json.dumps(what), flush=True)


async def serve(options):
    tls = options.get("tls", "none")
    context = certify(Path(options["folder"])) if tls != "none" else None
    user, password = options.get("user"), options.get("password")

    def authenticate(server, session, envelope, mechanism, data):
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == (user, password), handled=False)

    handler = Strict() if options.get("refuse_sender") else Handler()

    def protocol():
        return SMTP(
            handler,
            enable_SMTPUTF8=options.get("smtputf8", True),
            tls_context=context if tls == "starttls" else None,
            require_starttls=tls == "starttls",
            authenticator=authenticate,
            auth_required=user is not None,
            auth_require_tls=False,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        protocol, "127.0.0.1", options.get("port", 0), ssl=context if tls == "implicit" else None
    )
    say({"port": server.sockets[0].getsockname()[1]})
    # Until whoever started it is gone.
    await loop.run_in_executor(None, sys.stdin.read)


def main():
    options = json.loads(sys.stdin.readline())
    try:
        asyncio.run(serve(options))
    except OSError as error:
        sys.exit(f"the mail server cannot start: {error}")


main()
