"""Downloads from a local server that cuts, stalls, trickles, corrupts and lies: the whole file, or nothing."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import logging
import struct
import threading

import numpy as np
import pytest
from thermozoo_plugins.datasets import Mnist, downloads, mnist

from thermozoo.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
FILES = {
    "t10k-images-idx3-ubyte.gz": gzip.compress(b"\0\0\x08\x03" + struct.pack(">3I", *PIXELS.shape) + PIXELS.tobytes()),
    "t10k-labels-idx1-ubyte.gz": gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", 3) + b"\x03\x01\x04"),
}
IMAGES = "t10k-images-idx3-ubyte.gz"


class Server(http.server.ThreadingHTTPServer):
    """A server, or a proxy, that does as it is told, and remembers what it was asked for."""

    daemon_threads = True
    does = "well"

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []
        self.over = threading.Event()

    def handle_error(self, *_):
        """A client that hung up is no matter."""

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        content, does = FILES[self.path.rpartition("/")[2]], self.server.does
        self.send_response(404 if does == "is not there" else 200)
        length = {"promises an exabyte": 2**60, "promises more": len(content) + 9}.get(does, len(content))
        if does != "says no length":
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if does == "corrupts":
            content = content[:100] + bytes([content[100] ^ 1]) + content[101:]
        if does in ("cuts", "says no length"):
            content = content[:-7]
        if does == "stalls":
            self.wfile.write(content[:50])
            self.wfile.flush()
            self.server.over.wait(60)
        elif does == "trickles":
            for k in range(len(content)):
                self.wfile.write(content[k : k + 1])
                self.wfile.flush()
                if self.server.over.wait(0.02):
                    break
        else:
            self.wfile.write(content)


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A server that has the files, and a cache of the user's that has none."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    served = Server()
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(mnist, "_URL", served.address)
    monkeypatch.setattr(mnist, "_SHA256", {name: hashlib.sha256(one).hexdigest() for name, one in FILES.items()})
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    logging.getLogger("pooch").setLevel(logging.ERROR)
    yield served
    served.over.set()
    served.shutdown()
    thread.join()
    served.server_close()


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache" / "thermozoo"


def left(cache):
    return sorted(path.name for path in cache.iterdir()) if cache.is_dir() else []


def test_files_come_once(server, cache):
    for _ in range(2):
        images, labels = Mnist().load()
        assert np.array_equal(images, PIXELS / 255.0)
        assert labels.tolist() == [3, 1, 4]
    assert server.asked == [f"/{name}" for name in FILES]
    assert left(cache) == sorted(FILES)


FAULTS = {
    "corrupts": "hash",
    "cuts": "bytes came|IncompleteRead",
    "promises more": "bytes came|IncompleteRead",
    "says no length": "hash",
    "stalls": "timed out",
    "trickles": "bytes came in 0.5 s",
    "promises an exabyte": "promises 1152921504606846976 bytes, expected at most",
    "is not there": "404 Client Error",
}


@pytest.mark.parametrize("does", FAULTS)
def test_what_does_not_come_whole_leaves_nothing(server, cache, monkeypatch, does):
    server.does = does
    if does in ("stalls", "trickles"):
        monkeypatch.setattr(downloads, "_STALL" if does == "stalls" else "_WHOLE", 0.5)
    with pytest.raises(DataError, match=FAULTS[does]) as caught:
        Mnist().load()
    said = str(caught.value)
    assert said.startswith(f"mnist: could not download {server.address}{IMAGES} (")
    assert f"put the file {IMAGES} (SHA-256 {hashlib.sha256(FILES[IMAGES]).hexdigest()}) into {cache}, " in said
    assert "\n" not in said
    assert left(cache) == []
    monkeypatch.setattr(downloads, "_STALL", 60)
    monkeypatch.setattr(downloads, "_WHOLE", 60)
    server.does = "well"  # and nothing is in the way of the next try
    assert len(Mnist().load()[0]) == 3


def test_without_a_network(server, cache, monkeypatch):
    """Nobody listens there; with the files put where the message says, no network is needed."""
    monkeypatch.setattr(mnist, "_URL", "http://127.0.0.1:9/")
    with pytest.raises(
        DataError, match=rf"could not download http://127.0.0.1:9/.*put the file .* into {cache}, set data"
    ):
        Mnist().load()
    assert left(cache) == []
    cache.mkdir(parents=True, exist_ok=True)
    for name, content in FILES.items():
        (cache / name).write_bytes(content)
    assert len(Mnist().load()[0]) == 3
    assert server.asked == []


def test_a_damaged_file_in_the_cache_is_replaced(server, cache):
    Mnist().load()
    (cache / IMAGES).write_bytes(FILES[IMAGES][:-1])
    assert len(Mnist().load()[0]) == 3
    assert (cache / IMAGES).read_bytes() == FILES[IMAGES]


def test_a_proxy_is_asked(server, cache, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.address)
    monkeypatch.setattr(mnist, "_URL", "http://nowhere.invalid/mnist/")
    assert len(Mnist().load()[0]) == 3
    assert server.asked == [f"http://nowhere.invalid/mnist/{name}" for name in FILES]


def test_a_cache_that_cannot_be_written(server, cache):
    cache.parent.mkdir(parents=True)
    cache.write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"could not download .* into "):
        Mnist().load()
    assert cache.read_text() == "a file where the folder should be"
