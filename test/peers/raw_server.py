"""A gRPC server on python3-h2, which is strict about what it receives: it serves, and says what it holds against a peer.

    raw_server.py [CERT KEY] [NAME=NUMBER ...]    serves, and prints its port; ends when standard input does

NAME is a setting of HTTP/2 that clients are told. What is wrong with a client goes to standard error.
"""

import gzip
import os
import socket
import ssl
import struct
import sys
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
from hyperframe.frame import GoAwayFrame

SERVICE = "/test.v1.Echo/"
TOGETHER = 1000
ENCODED_TEXT = "zu sp%C3%A4t, 100%25"


class Call:
    def __init__(self, stream, headers):
        self.stream = stream
        self.headers = headers
        self.method = headers[":path"].removeprefix(SERVICE)
        self.unread = bytearray()
        self.gathered = []
        self.out = bytearray()
        self.responded = False
        self.trailers = None

    def messages(self):
        """The messages that have come in whole, as they were before they were compressed."""
        while len(self.unread) >= 5:
            flag, length = struct.unpack(">BI", self.unread[:5])
            if len(self.unread) < 5 + length:
                return
            message = bytes(self.unread[5:5 + length])
            del self.unread[:5 + length]
            if flag == 1:
                assert self.headers["grpc-encoding"] == "gzip", "compressed, and does not say how"
                message = gzip.decompress(message)
            yield message


class Connection:
    def __init__(self, accepted, settings):
        self.socket = accepted
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self.h2 = h2.connection.H2Connection(config)
        # What h2 says by itself, but for more streams at once.
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values={
            h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 2 * TOGETHER,
            h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: 65536,
            **settings,
        })
        self.h2.initiate_connection()
        self.calls, self.together, self.hanging, self.cancelled, self.pinging = {}, [], 0, 0, []
        self.last = None
        self.flush()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def run(self):
        while data := self.socket.recv(65536):
            for event in self.h2.receive_data(data):
                self.on(event)
            self.pump()
            self.flush()

    def on(self, event):
        if isinstance(event, h2.events.RequestReceived):
            if self.last is not None:
                # It was told that this would not be done.
                return
            call = Call(event.stream_id, dict(event.headers))
            assert call.headers["te"] == "trailers" and "grpc-timeout" in call.headers, call.headers
            self.calls[event.stream_id] = call
            self.begin(call)
        elif isinstance(event, h2.events.DataReceived):
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if call := self.calls.get(event.stream_id):
                call.unread += event.data
                for message in call.messages():
                    self.receive(call, message)
        elif isinstance(event, h2.events.StreamEnded):
            if call := self.calls.get(event.stream_id):
                assert not call.unread, "the request ends within a message"
                self.finish(call)
        elif isinstance(event, h2.events.StreamReset):
            self.cancelled += event.error_code == h2.errors.ErrorCodes.CANCEL
            self.calls.pop(event.stream_id, None)
        elif isinstance(event, h2.events.PingAckReceived):
            for call in self.pinging:
                self.reply(call, event.ping_data)
                self.end(call)
            self.pinging.clear()

    def begin(self, call):
        """What is to be done as soon as the headers are there."""
        if call.method == "Early":
            self.end(call, "8", "early")
        elif call.method == "GoAway":
            self.go_away(call.stream)

    def receive(self, call, message):
        if call.method == "ServerStream":
            for _ in range(3):
                self.reply(call, message)
        elif call.method == "BidiStream":
            self.reply(call, message)
        else:
            call.gathered.append(message)

    def finish(self, call):
        """What is to be done when the request has ended."""
        method, message = call.method, b"".join(call.gathered)
        if method in ("Unary", "ClientStream", "GoAway"):
            self.reply(call, message)
            self.end(call)
        elif method in ("ServerStream", "BidiStream"):
            self.respond(call)
            self.end(call)
        elif method == "Together":
            self.together.append((call, message))
            if len(self.together) == TOGETHER:
                for one, request in self.together:
                    self.reply(one, request)
                    self.end(one)
                self.together.clear()
        elif method == "Fail":
            self.end(call, "9", ENCODED_TEXT)
        elif method == "Reset":
            self.reset(call, when=message[0], code=struct.unpack(">I", message[1:5])[0])
        elif method == "Hang":
            self.hanging += 1
        elif method == "Hanging":
            self.reply(call, bytes([self.hanging]))
            self.end(call)
        elif method == "Cancelled":
            self.reply(call, bytes([self.cancelled]))
            self.end(call)
        elif method == "Ping":
            self.pinging.append(call)
            self.h2.ping(b"12345678")
        elif method == "Page":
            self.h2.send_headers(call.stream, [(":status", "503"), ("content-type", "text/html")])
            call.responded = True
            call.out += b"<html>Service Unavailable</html>"
            call.trailers = []
        elif method == "NoStatus":
            self.reply(call, message)
            call.trailers = [("x-end", "1")]
        elif method == "Settings":
            # All at once, and what follows has to respect it.
            self.h2.update_settings({
                h2.settings.SettingCodes.HEADER_TABLE_SIZE: 0,
                h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 1000,
                h2.settings.SettingCodes.MAX_FRAME_SIZE: 20000,
            })
            self.reply(call, message)
            self.end(call)
        else:
            raise AssertionError(f"no method {method}")

    def respond(self, call):
        if call.responded:
            return
        call.responded = True
        if "x-early-hints" in call.headers:
            self.h2.send_headers(call.stream, [(":status", "103"), ("link", "</a>")])
        fields = [(":status", "200"), ("content-type", "application/grpc")]
        if "x-gzip" in call.headers:
            fields.append(("grpc-encoding", "gzip"))
        if "x-long" in call.headers:
            fields.append(("x-long", call.headers["x-long"]))
        self.h2.send_headers(call.stream, fields)

    def reply(self, call, message):
        self.respond(call)
        compressed = "x-gzip" in call.headers
        if compressed:
            message = gzip.compress(message, 1)
        call.out += struct.pack(">BI", compressed, len(message)) + message

    def end(self, call, status="0", text=None):
        call.trailers = [("grpc-status", status)]
        if text is not None:
            call.trailers.append(("grpc-message", text))
        if "x-long" in call.headers:
            # More than a frame holds: it goes on in CONTINUATION.
            call.trailers += [("x-longer-%d" % i, call.headers["x-long"]) for i in range(4)]

    def reset(self, call, when, code):
        """Before the headers, after them, within a message, or after one."""
        if when > 0:
            self.respond(call)
        if when == 2:
            self.h2.send_data(call.stream, struct.pack(">BI", 0, 9) + b"a")
        if when == 3:
            self.h2.send_data(call.stream, struct.pack(">BI", 0, 1) + b"a")
        self.h2.reset_stream(call.stream, code)
        del self.calls[call.stream]

    def go_away(self, last):
        """As h2 cannot: it takes a connection for closed that goes away, though its streams go on."""
        self.last = last
        self.flush()
        self.socket.sendall(GoAwayFrame(0, last_stream_id=last, error_code=0).serialize())

    def pump(self):
        """Sends what waits, as the windows allow."""
        for call in list(self.calls.values()):
            padding = 7 if "x-padded" in call.headers else None
            while call.out:
                room = min(self.h2.local_flow_control_window(call.stream), self.h2.max_outbound_frame_size)
                if padding is not None:
                    room = min(room - padding - 1, 100)
                if room <= 0:
                    break
                self.h2.send_data(call.stream, bytes(call.out[:room]), pad_length=padding)
                del call.out[:room]
            if call.out or call.trailers is None:
                continue
            if not call.responded:
                # Trailers alone.
                fields = [(":status", "200"), ("content-type", "application/grpc"), *call.trailers]
                self.h2.send_headers(call.stream, fields, end_stream=True)
            elif call.trailers:
                self.h2.send_headers(call.stream, call.trailers, end_stream=True)
            else:
                self.h2.end_stream(call.stream)
            del self.calls[call.stream]
            if call.method == "Early":
                self.h2.reset_stream(call.stream, h2.errors.ErrorCodes.NO_ERROR)


def serve(accepted, context, settings):
    try:
        if context is not None:
            accepted = context.wrap_socket(accepted, server_side=True)
            assert accepted.selected_alpn_protocol() == "h2", "it does not ask for HTTP/2"
        Connection(accepted, settings).run()
    except OSError:
        # Whoever leaves does so as it likes.
        pass
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        accepted.close()


def main(arguments):
    files = [one for one in arguments if "=" not in one]
    numbers = dict(one.split("=") for one in arguments if "=" in one)
    settings = {h2.settings.SettingCodes[name]: int(number) for name, number in numbers.items()}
    context = None
    if files:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*files)
        context.set_alpn_protocols(["h2"])
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)

    def accept():
        while True:
            accepted, _address = listener.accept()
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(accepted, context, settings), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
