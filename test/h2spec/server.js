// A server that answers every request, once it is complete, on our own HTTP/2; for h2spec. Prints its port.
import { readFileSync } from "node:fs";
import { defaultConnectionLimits } from "../../runtime/dist/server/connection-limits.js";
import { ownFront } from "../../runtime/dist/server/own-front.js";

const [keyFile, certFile] = process.argv.slice(2);
const headers = Object.freeze({ ":status": "200", "content-type": "text/plain" });
const trailers = Object.freeze({ "x-end": "1" });
const body = Buffer.from("an answer of some bytes");

const front = ownFront({
  host: "127.0.0.1",
  port: 0,
  tls: keyFile === undefined ? undefined : { key: readFileSync(keyFile), cert: readFileSync(certFile) },
  limits: defaultConnectionLimits,
  logger: (entry) => process.stderr.write(`${JSON.stringify(entry)}\n`),
  serve(stream) {
    stream.receiver = {
      onData() {},
      onEnd: () => stream.respond(headers, "1", body, trailers),
      onDrain() {},
      onClose() {},
    };
    stream.read();
  },
});

const { port } = await front.listen();
console.log(port);
