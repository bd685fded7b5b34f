"""Authlib as a panel's back end: finds the server, gets a token, uses it, asks about it, revokes it.

The job comes as JSON on standard input; the answer on standard output names the tokens that were issued. The first
thing that is not as the RFCs have it ends the program with a traceback.
"""

import base64
import json
import os
import sys
import time

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from joserfc.jwk import ECKey

# Loopback without TLS; the library has no other way to be told.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

JOB = json.load(sys.stdin)
ISSUER = JOB["issuer"]
TOKENS = []
SECONDS = 30


def discover():
    answer = requests.get(get_well_known_url(ISSUER, external=True), timeout=SECONDS)
    answer.raise_for_status()
    metadata = AuthorizationServerMetadata(answer.json())
    metadata.validate()
    assert metadata.issuer == ISSUER, metadata.issuer
    assert "client_credentials" in metadata.grant_types_supported
    return metadata


def by_basic(_endpoint):
    client = JOB["client"]
    return OAuth2Session(client["id"], client["secret"], scope="register")


def by_key(endpoint):
    """One request's session: the library gives all assertions of a `claims` the same `jti`."""
    client = JOB["keyed"]
    key = ECKey.import_key(pem(client["pkcs8"]))
    session = OAuth2Session(
        client["id"],
        key,
        scope="register",
        token_endpoint_auth_method="private_key_jwt",
        revocation_endpoint_auth_method="private_key_jwt",
    )
    # The library's own hour is longer than an assertion may live.
    claims = {"exp": int(time.time()) + 60}
    session.register_client_auth_method(PrivateKeyJWT(endpoint, claims=claims, alg="ES256"))
    return session


def pem(pkcs8):
    der = base64.b64decode(pkcs8)
    return b"-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(der) + b"-----END PRIVATE KEY-----\n"


def sign_up(session, username):
    person = {"fname": "Ada", "lname": "Lovelace", "provider_server": "srv", "provider_username": username}
    return session.post(f"{ISSUER}/api/users", json={"user": person}, timeout=SECONDS)


def go_through(metadata, session_for, client_id, username):
    endpoint = metadata["token_endpoint"]
    session = session_for(endpoint)
    token = session.fetch_token(endpoint, grant_type="client_credentials")
    TOKENS.append(token["access_token"])
    assert token["token_type"] == "Bearer" and token["scope"] == "register", token.keys()
    assert token["expires_at"] > time.time()

    answer = sign_up(session, username)
    assert answer.status_code == 201, answer.text

    def introspect():
        asking = session_for(endpoint)
        answer = asking.introspect_token(metadata["introspection_endpoint"], token=token["access_token"])
        answer.raise_for_status()
        return answer.json()

    known = introspect()
    assert known["active"] is True and known["client_id"] == client_id, known
    assert known["scope"] == "register" and known["iss"] == ISSUER, known

    answer = session_for(endpoint).revoke_token(metadata["revocation_endpoint"], token=token["access_token"])
    assert answer.status_code == 200, answer.text
    assert introspect() == {"active": False}
    answer = sign_up(session, f"{username}-again")
    assert answer.status_code == 401, answer.text
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def refused(metadata):
    session = OAuth2Session(JOB["client"]["id"], "not-the-secret", scope="register")
    try:
        session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    except OAuthError as error:
        assert error.error == "invalid_client", error.error
    else:
        raise AssertionError("a wrong secret got a token")


METADATA = discover()
go_through(METADATA, by_basic, JOB["client"]["id"], "basic")
go_through(METADATA, by_key, JOB["keyed"]["id"], "keyed")
refused(METADATA)
json.dump({"tokens": TOKENS}, sys.stdout)
