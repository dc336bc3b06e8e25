"""Calls a gateway with python3-h2, in ways that other clients seldom do; prints "ok", or what is wrong."""

import gzip
import socket
import ssl
import struct
import sys

import h2.config
import h2.connection
import h2.events
import h2.settings

SERVICE = "/test.v1.Echo/"


class Peer:
    def __init__(self, port, secure, window=65535):
        plain = socket.create_connection(("127.0.0.1", port), timeout=20)
        if secure:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.set_alpn_protocols(["h2"])
            self.socket = context.wrap_socket(plain)
            assert self.socket.selected_alpn_protocol() == "h2"
        else:
            self.socket = plain
        # Strict about what comes back: header validation is on.
        config = h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.bodies, self.trailers, self.ended, self.resets, self.pings = {}, {}, set(), {}, 0
        self.flush()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def open(self, method, *fields):
        stream = self.h2.get_next_available_stream_id()
        self.bodies[stream] = b""
        self.h2.send_headers(stream, [
            (":method", "POST"), (":scheme", "http"), (":path", SERVICE + method), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"), *fields,
        ])
        return stream

    def receive(self):
        data = self.socket.recv(65536)
        assert data, "the connection was closed"
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.DataReceived):
                self.bodies[event.stream_id] += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, (h2.events.TrailersReceived, h2.events.ResponseReceived)):
                self.trailers.setdefault(event.stream_id, {}).update(dict(event.headers))
            elif isinstance(event, h2.events.StreamEnded):
                self.ended.add(event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                self.resets[event.stream_id] = event.error_code
            elif isinstance(event, h2.events.PingAckReceived):
                self.pings += 1
            elif isinstance(event, h2.events.ConnectionTerminated):
                raise AssertionError(f"GOAWAY {event.error_code}")
        self.flush()

    def wait(self, *streams):
        while not all(stream in self.ended for stream in streams):
            self.receive()

    def expect(self, stream, body, status="0"):
        self.wait(stream)
        assert self.trailers[stream].get("grpc-status") == status, self.trailers[stream]
        assert self.bodies[stream] == body, f"{len(self.bodies[stream])} bytes, and not {len(body)}"

    def send_all(self, stream, body, end=True):
        """Sends as the windows allow."""
        while body:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room == 0:
                self.receive()
                continue
            self.h2.send_data(stream, body[:room])
            body = body[room:]
            self.flush()
        if end:
            self.h2.end_stream(stream)
        self.flush()


def envelope(message, flag=0):
    return struct.pack(">BI", flag, len(message)) + message


def messages(body):
    """The flag and the bytes of each message."""
    while body:
        flag, length = struct.unpack(">BI", body[:5])
        yield flag, body[5:5 + length]
        body = body[5 + length:]


def byte_by_byte(port, secure):
    peer, body = Peer(port, secure), envelope(b"slowly")
    stream = peer.open("Unary")
    for at in range(len(body)):
        peer.h2.send_data(stream, body[at:at + 1], pad_length=at)
        peer.flush()
    peer.h2.end_stream(stream)
    peer.flush()
    peer.expect(stream, body)


def interleaved(port, secure):
    peer = Peer(port, secure)
    streams = [peer.open("BidiStream") for _ in range(100)]
    messages = [envelope(b"%d-%d" % (stream, i)) for i in range(3) for stream in streams]
    for at, message in enumerate(messages):
        peer.h2.send_data(streams[at % 100], message)
    for stream in reversed(streams):
        peer.h2.end_stream(stream)
    peer.flush()
    for at, stream in enumerate(streams):
        peer.expect(stream, b"".join(messages[at::100]))


def tiny_window(port, secure):
    peer, body = Peer(port, secure, window=1), envelope(b"x" * 500)
    stream = peer.open("Unary")
    peer.send_all(stream, body)
    peer.expect(stream, body)


def large(port, secure):
    peer, body = Peer(port, secure), envelope(bytes(4 << 20))
    stream = peer.open("Unary")
    peer.send_all(stream, body)
    peer.expect(stream, body)


def cancelled(port, secure):
    peer, body = Peer(port, secure), envelope(b"after")
    for _ in range(20):
        stream = peer.open("Hang")
        peer.send_all(stream, body)
        peer.h2.reset_stream(stream, 8)
    stream = peer.open("Unary")
    peer.send_all(stream, body)
    peer.expect(stream, body)


def settings_in_between(port, secure):
    peer, body = Peer(port, secure), envelope(b"y" * 100_000)
    stream = peer.open("ServerStream")
    peer.h2.ping(b"12345678")
    peer.h2.update_settings({
        h2.settings.SettingCodes.HEADER_TABLE_SIZE: 0,
        h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 1000,
        h2.settings.SettingCodes.MAX_FRAME_SIZE: 20_000,
    })
    peer.send_all(stream, body)
    peer.expect(stream, body * 3)
    assert peer.pings == 1, f"{peer.pings} answers to a ping"


def failure(port, secure):
    peer = Peer(port, secure)
    stream = peer.open("Fail")
    peer.send_all(stream, envelope(b""))
    peer.expect(stream, b"", status="9")


KINDS = (("Unary", 1, 1), ("ServerStream", 1, 3), ("ClientStream", 2, 1), ("BidiStream", 2, 2))


def all_kinds(port, secure):
    peer, body = Peer(port, secure), envelope(b"z" * 10_000)
    for method, requests, replies in KINDS:
        stream = peer.open(method, ("x-long", "v" * 8000))
        peer.send_all(stream, body * requests)
        expected = envelope(b"z" * 20_000) if method == "ClientStream" else body * replies
        peer.expect(stream, expected)


def compressed(port, secure):
    peer, message = Peer(port, secure), b"z" * 10_000
    body = envelope(gzip.compress(message), flag=1)
    for method, requests, replies in KINDS:
        stream = peer.open(method, ("grpc-encoding", "gzip"), ("grpc-accept-encoding", "gzip"))
        peer.send_all(stream, body * requests)
        peer.wait(stream)
        assert peer.trailers[stream].get("grpc-encoding") == "gzip", peer.trailers[stream]
        received = list(messages(peer.bodies[stream]))
        assert [flag for flag, _ in received] == [1] * replies, received
        expected = message * 2 if method == "ClientStream" else message
        assert all(gzip.decompress(one) == expected for _, one in received), method


def thousand(port, secure):
    """All of them are open before the first is answered; a front takes 100 on a connection."""
    peers, body = [Peer(port, secure) for _ in range(10)], envelope(b"together")
    streams = [(peer, peer.open("Together")) for _ in range(100) for peer in peers]
    for peer, stream in streams:
        peer.send_all(stream, body)
    for peer, stream in streams:
        peer.expect(stream, body)


def refused_metadata(port, secure):
    """What came is what was sent."""
    peer = Peer(port, secure)
    stream = peer.open("Unary", ("x-long", "v" * 7999))
    peer.send_all(stream, envelope(b""))
    peer.expect(stream, b"", status="16")


if __name__ == "__main__":
    arguments = int(sys.argv[1]), sys.argv[2] == "tls"
    for case in (
        byte_by_byte, interleaved, tiny_window, large, cancelled, settings_in_between, failure,
        all_kinds, compressed, thousand, refused_metadata,
    ):
        try:
            case(*arguments)
        except Exception as error:
            print(f"{case.__name__}: {type(error).__name__}: {error}")
            sys.exit(1)
    print("ok")
