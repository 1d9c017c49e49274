"""A provider of OpenID Connect for tests, made of Authlib and Flask, in a process of its own.

It prints its address. Whoever types a name on its page is that person; what the token says of them is in ``PEOPLE``.
Addresses under ``/test`` are for tests: they change the key, and sign whatever claims they are given.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode
from flask import Flask, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "yinji-site", "geheim & 秘密"
PEOPLE: dict[str, dict[str, Any]] = {
    "qinghe": {"name": "青禾", "realm": {"groups": ["editors"]}},
    "shenhe": {"name": "审核员", "realm": {"groups": ["staff", "desk"]}},
    "jia": {"name": "甲", "realm": {"groups": ["editors"]}},
    "yi": {"name": "乙", "realm": {"groups": ["editors"]}},
    "bing": {"name": "丙", "realm": {"groups": ["editors"]}},
    "stranger": {"name": "路人", "realm": {"groups": ["guests"]}},
}

app = Flask(__name__)
app.secret_key = "only for tests"
keys = [RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"}, private=True)]
codes: dict[str, Code] = {}
ended: list[str] = []


class Client(ClientMixin):
    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri.endswith("/sign-in/oidc/callback")

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class Code(AuthorizationCodeMixin):
    def __init__(self, code: str, user: str, data: Any) -> None:
        self.code, self.user, self.data = code, user, data
        self.code_challenge = data.get("code_challenge")
        self.code_challenge_method = data.get("code_challenge_method")

    def get_redirect_uri(self) -> str:
        return str(self.data["redirect_uri"])

    def get_scope(self) -> str:
        return str(self.data["scope"])

    def get_nonce(self) -> str:
        return str(self.data["nonce"])

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None

    def get_auth_time(self) -> int:
        return int(time.time())


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["client_secret_basic"]

    def save_authorization_code(self, code: str, request: Any) -> None:
        codes[code] = Code(code, request.user, dict(request.payload.data))

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        return codes.get(code)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        del codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> str:
        return authorization_code.user


class IdToken(OpenIDCode):
    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return False

    def resolve_client_private_key(self, client: Client) -> RSAKey:
        return keys[-1]

    def get_client_algorithm(self, client: Client) -> str:
        return "RS256"

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": issuer(), "exp": int(time.time()) + 3600}

    def generate_user_info(self, user: str, scope: str) -> dict[str, Any]:
        return {"sub": f"id-{user}", "preferred_username": f"{user}@example.cn", "name": PEOPLE[user]["name"]}


def issuer() -> str:
    return request.host_url.rstrip("/")


server = AuthorizationServer(app, query_client=lambda _: Client(), save_token=lambda *_: None)
server.register_grant(CodeGrant, [IdToken(require_nonce=True), CodeChallenge(required=True)])
server.register_token_generator(
    "default",
    lambda grant_type, client, user=None, scope=None, **_: {
        "token_type": "Bearer",
        "access_token": signed({"iss": issuer(), "sub": f"id-{user}", "aud": "userinfo", "exp": time.time() + 60}),
        "expires_in": 60,
        "scope": scope,
    },
)


def signed(claims: dict[str, Any], key: RSAKey | None = None) -> str:
    key = key or keys[-1]
    return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


@app.get("/.well-known/openid-configuration")
def discovery() -> Any:
    at = issuer()
    return jsonify(
        issuer=at,
        authorization_endpoint=f"{at}/authorize",
        token_endpoint=f"{at}/token",
        userinfo_endpoint=f"{at}/userinfo",
        jwks_uri=f"{at}/jwks",
        end_session_endpoint=f"{at}/end",
        token_endpoint_auth_methods_supported=["client_secret_basic"],
        authorization_response_iss_parameter_supported=False,
    )


@app.get("/end")
def end() -> Any:
    """Signs somebody out as RP-Initiated Logout 1.0 says: by their own token, and back only to an address it knows."""
    asked = request.args
    said = jwt.decode(asked["id_token_hint"], keys[-1]).claims
    back = asked["post_logout_redirect_uri"]
    if asked["client_id"] != CLIENT or CLIENT not in said["aud"] or not back.endswith("/sign-out/done"):
        return "", 400
    ended.append(said["sub"])
    return redirect(back)


@app.get("/test/ended")
def ended_here() -> Any:
    return jsonify(ended)


@app.get("/jwks")
def jwks() -> Any:
    return jsonify(keys=[key.as_dict(private=False) for key in keys])


@app.get("/authorize")
def ask() -> Any:
    form = '<form method="post"><input name="who"><button>Go</button></form>'
    return f"<!doctype html><link rel=icon href=data:,><title>Provider</title>{form}"


@app.post("/authorize")
def authorize() -> Any:
    grant = server.get_consent_grant(end_user=request.form["who"])
    return server.create_authorization_response(grant_user=request.form["who"], grant=grant)


@app.post("/token")
def token() -> Any:
    return server.create_token_response()


@app.get("/userinfo")
def userinfo() -> Any:
    claims = jwt.decode(request.headers["Authorization"].removeprefix("Bearer "), keys[-1]).claims
    user = claims["sub"].removeprefix("id-")
    return jsonify(sub=claims["sub"], realm=PEOPLE[user]["realm"])


@app.post("/test/rotate")
def rotate() -> Any:
    keys[:] = [RSAKey.generate_key(2048, {"kid": f"k{int(keys[0].kid[1:]) + 1}", "use": "sig"}, private=True)]
    return "", 204


@app.post("/test/groups/<user>")
def groups(user: str) -> Any:
    PEOPLE[user]["realm"] = {"groups": request.get_json()}
    return "", 204


@app.post("/test/token")
def any_token() -> Any:
    return signed(request.get_json())


if __name__ == "__main__":
    web = make_server("127.0.0.1", 0, app, threaded=True)
    print(f"http://127.0.0.1:{web.port}", flush=True)
    web.serve_forever()
