// An internal service in a process of its own, on the port that is given: echoes, after a moment. Ends as servers do on
// SIGTERM.
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { internal } from "./methods.js";

const codec = (bytes) => bytes;
const definition = ({ path, kind }) => ({
  path,
  requestStream: kind === "bidi_streaming",
  responseStream: kind !== "unary",
  requestSerialize: codec,
  requestDeserialize: codec,
  responseSerialize: codec,
  responseDeserialize: codec,
});

const server = new Server();
server.addService(
  { get: definition(internal.get), list: definition(internal.list), chat: definition(internal.chat) },
  {
    get: (call, reply) => setTimeout(() => reply(null, call.request), Math.random() * 4),
    list(call) {
      for (let i = 0; i < 20; i++) call.write(call.request);
      call.end();
    },
    chat(call) {
      call.on("data", (message) => call.write(message));
      call.on("end", () => call.end());
      call.on("error", () => {});
    },
  },
);
server.bindAsync(`127.0.0.1:${process.argv[2]}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
  process.send("ready");
});
process.on("SIGTERM", () => server.tryShutdown(() => process.exit(0)));
// The soak has ended, or was ended.
process.on("disconnect", () => process.exit(0));
