"""Promises of the way requests go over the network: real sockets, whatever comes back."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.errors import SourceError, SourceUnavailable
from connectors.http import Patience, SourceClient

pytestmark = pytest.mark.anyio
ONCE = Patience(attempts=1)
TWICE = Patience(attempts=2, seconds=20, first_wait=0.01, longest_wait=0.1, jitter=0.01)
GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[1]"


@dataclass
class Server:
    """What it was asked, a connection at a time, and over how many connections."""

    url: str = ""
    asked: list[bytes] = field(default_factory=list)
    connections: int = 0


Say = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
"""Answers one request, given as its head and body."""


@asynccontextmanager
async def served(say: Say, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """A server that says just these bytes."""
    server = Server()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (int(one[15:]) for one in head.split(b"\r\n") if one.lower().startswith(b"content-length:")), 0
                )
                whole = head + await reader.readexactly(length)
                server.asked.append(whole)
                await say(whole, writer)
                await writer.drain()
                if writer.is_closing():
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    scheme = "http" if tls is None else "https"
    server.url = f"{scheme}://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    try:
        yield server
    finally:
        listening.close()


def saying(*answers: bytes, then_close: bool = False) -> Say:
    """These answers, the last one for ever."""
    left = list(answers)

    async def say(_asked: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        if then_close:
            writer.close()

    return say


def packed(body: bytes) -> bytes:
    packed = gzip.compress(body, mtime=0)  # the same in each process that collects tests
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(packed), packed)


async def test_a_connection_is_kept_for_the_next_request() -> None:
    """What is sent is what was meant: headers once each, the query as written, the body whole."""
    async with served(saying(GOOD)) as server, SourceClient("crm", server.url, headers={"X-Key": "k"}) as source:
        for _ in range(3):
            assert await source.json("GET", "things", list[int], params={"page[size]": 2, "q": "a b,c"}) == [1]
        assert await source.json("POST", "things", list[int], json={"name": "Zoë"}) == [1]

    assert server.connections == 1
    get, *_, post = server.asked
    assert get.startswith(b"GET /things?page%5Bsize%5D=2&q=a+b,c HTTP/1.1\r\n")
    assert post.endswith(b'{"name":"Zo\xc3\xab"}')
    for asked in (get, post):
        names = [line.partition(b":")[0].lower() for line in asked.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]]
        assert len(names) == len(set(names))
        assert {b"host", b"x-key", b"accept-encoding", b"user-agent"} <= set(names)


@pytest.mark.parametrize("pieces", [1, 7])
async def test_a_chunked_and_packed_body_is_whole(pieces: int) -> None:
    """However it is cut."""
    body = gzip.compress(b"[" + b"1," * 50_000 + b"1]")
    size = -(-len(body) // pieces)
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with served(saying(head + chunks + b"0\r\n\r\n")) as server, SourceClient("crm", server.url) as source:
        assert len(await source.json("GET", "things", list[int])) == 50_001


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n[1", "the body ends before its end"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1", "the body ends before its end"),
        (packed(b"[1]")[:-9], "the body ends before its end"),
        (b"", "the connection was closed without an answer"),
        (b"220 mail.example ESMTP\r\n\r\n", "what comes is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n", "what comes is not HTTP"),
    ],
    ids=["cut", "cut chunk", "cut packing", "nothing", "another protocol", "a long head"],
)
async def test_what_is_no_whole_answer_is_told_without_the_query(answer: bytes, said: str) -> None:
    """And asked for again before it is given up."""
    say = saying(answer, then_close=True)
    async with served(say) as server, SourceClient("crm", server.url, patience=TWICE) as source:
        with pytest.raises(SourceUnavailable, match=said) as error:
            await source.request("GET", "things", params={"key": "s3cret"})

    assert len(server.asked) >= 2
    assert "s3cret" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__context__ is None


async def test_who_does_not_answer_in_time_is_left() -> None:
    """Before the head and within the body; the text names no query."""

    async def nothing(_asked: bytes, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async def half(_asked: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(GOOD[:-1])
        await asyncio.sleep(30)

    for say in (nothing, half):
        async with served(say) as server, SourceClient("crm", server.url, timeout=0.3, patience=ONCE) as source:
            with pytest.raises(SourceUnavailable, match="ReadTimeout: nothing came in time") as error:
                await source.request("GET", "things", params={"key": "s3cret"})
            assert "s3cret" not in str(error.value)


async def test_where_nobody_listens_is_told() -> None:
    """With the address, so that it can be mended."""
    async with served(saying(GOOD)) as server:
        pass
    async with SourceClient("crm", server.url, patience=ONCE) as source:
        with pytest.raises(SourceUnavailable, match=r"ConnectError: .*127\.0\.0\.1"):
            await source.request("GET", "things", params={"key": "s3cret"})


@pytest.mark.parametrize("way", ["announced", "streamed", "packed"])
async def test_what_is_too_large_is_not_read(way: str) -> None:
    """No more than its limit and what is under way; a connection with the rest on it is not used again."""
    sent = 0

    async def say(_asked: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        if way == "packed":
            writer.write(packed(b" " * 50_000_000))
            return
        length = b"Content-Length: 50000000" if way == "announced" else b"Connection: close"
        writer.write(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % length)
        for _ in range(500):
            writer.write(b" " * 100_000)
            await writer.drain()
            sent += 100_000

    async with served(say) as server, SourceClient("crm", server.url, largest=1_000_000, patience=ONCE) as source:
        for _ in range(2):
            with pytest.raises(SourceError, match="larger than"):
                await source.request("GET", "things")
    assert server.connections == (1 if way == "packed" else 2)
    assert sent < 40_000_000


def moved(status: int, to: str) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize(("status", "then"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
async def test_a_redirect_at_home_is_followed(status: int, then: str) -> None:
    """With the credentials, and with the body where the request stays what it was."""
    say = saying(moved(status, "/there?x=1"), GOOD)
    async with served(say) as server, SourceClient("crm", server.url, auth=("ann", "s3cret")) as source:
        assert await source.json("POST", "here", list[int], json=[1]) == [1]

    first, second = server.asked
    assert first.startswith(b"POST /here ")
    assert second.startswith(f"{then} /there?x=1 ".encode())
    assert b"Authorization: Basic " in first
    assert b"Authorization: Basic " in second
    assert second.endswith(b"\r\n\r\n[1]" if then == "POST" else b"\r\n\r\n")
    assert (b"Content-Type" in second) is (then == "POST")


async def test_a_redirect_to_another_host_is_refused() -> None:
    """Nobody there is asked anything."""
    async with (
        served(saying(GOOD)) as other,
        served(saying(moved(302, other.url))) as server,
        SourceClient("crm", server.url) as source,
    ):
        with pytest.raises(SourceError, match="not followed"):
            await source.request("GET", "here")
    assert other.asked == []


async def test_redirects_that_go_round_and_round_end() -> None:
    """After twenty of them."""
    async with served(saying(moved(302, "/here"))) as server, SourceClient("crm", server.url, patience=ONCE) as source:
        with pytest.raises(SourceUnavailable, match="TooManyRedirects"):
            await source.request("GET", "here")
    assert len(server.asked) == 21


async def test_so_many_connections_at_a_time_and_no_more() -> None:
    """Others wait for one, but not for ever."""

    async def slowly(_asked: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        writer.write(GOOD)

    async with served(slowly) as server, SourceClient("crm", server.url, connections=3) as source:
        await asyncio.gather(*(source.request("GET", "things") for _ in range(12)))
    assert server.connections == 3


def _certificate(folder: Path, host: str) -> ssl.SSLContext:
    """A server's context with a certificate that it signed itself, which stands in `folder`/ca.pem."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "c360 test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context


@pytest.mark.parametrize(
    ("host", "trusted", "said"),
    [
        ("127.0.0.1", True, None),
        ("127.0.0.1", False, "certificate verify failed"),
        ("127.0.0.9", True, "certificate verify failed"),
    ],
)
async def test_certificates_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, trusted: bool, said: str | None
) -> None:
    """By who signed it and for whom; `SSL_CERT_FILE` names another authority. Nothing is sent before."""
    tls = _certificate(tmp_path, host)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with served(saying(GOOD), tls) as server, SourceClient("crm", server.url, patience=ONCE) as source:
        if said is None:
            assert await source.json("GET", "things", list[int]) == [1]
            return
        with pytest.raises(SourceUnavailable, match=said):
            await source.request("GET", "things")
    assert server.asked == []


async def test_a_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """But not for hosts that the environment leaves out."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    async with served(saying(GOOD)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removeprefix("http://").rstrip("/"))
        async with SourceClient("crm", "http://crm.example/api/", patience=ONCE) as source:
            assert await source.json("GET", "things", list[int]) == [1]
        assert proxy.asked[0].startswith(b"GET http://crm.example/api/things HTTP/1.1\r\n")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        async with served(saying(GOOD)) as server, SourceClient("crm", server.url, patience=ONCE) as source:
            assert await source.json("GET", "things", list[int]) == [1]
        assert (len(proxy.asked), len(server.asked)) == (1, 1)
