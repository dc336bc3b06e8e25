// Counts what a gateway holds: streams, listeners, timers. It looks from outside, so that what is counted is what is used.

/** What there is now. */
export const counts = { streams: 0, listeners: 0, timers: 0 };

/** Counts timers, those that do not keep the process alive among them. To be called before anything is loaded. */
export function countTimers() {
  const live = new Set();
  const count = () => {
    counts.timers = live.size;
  };
  for (const [set, clear, once] of [
    ["setTimeout", "clearTimeout", true],
    ["setInterval", "clearInterval", false],
  ]) {
    const [original, originalClear] = [globalThis[set], globalThis[clear]];
    globalThis[set] = (callback, ms, ...args) => {
      const timer = original(
        (...given) => {
          if (once) live.delete(timer);
          count();
          callback(...given);
        },
        ms,
        ...args,
      );
      live.add(timer);
      count();
      return timer;
    };
    globalThis[clear] = (timer) => {
      live.delete(timer);
      count();
      originalClear(timer);
    };
  }
}

/** A request stream whose end is counted; all else goes through. */
export class CountedStream {
  #stream;

  constructor(stream) {
    this.#stream = stream;
    counts.streams++;
  }

  get headers() {
    return this.#stream.headers;
  }

  get receiver() {
    return this.#stream.receiver;
  }

  set receiver(receiver) {
    this.#stream.receiver = {
      onData: (part) => receiver.onData(part),
      onEnd: () => receiver.onEnd(),
      onDrain: () => receiver.onDrain(),
      onClose() {
        counts.streams--;
        receiver.onClose();
      },
    };
  }

  read(unhurried) {
    this.#stream.read(unhurried);
  }

  pause() {
    this.#stream.pause();
  }

  respondHeaders(headers) {
    this.#stream.respondHeaders(headers);
  }

  respond(...args) {
    this.#stream.respond(...args);
  }

  hasRoom(bytes) {
    return this.#stream.hasRoom(bytes);
  }

  startResponse(headers, requestId) {
    this.#stream.startResponse(headers, requestId);
  }

  write(part) {
    return this.#stream.write(part);
  }

  endResponse(trailers) {
    this.#stream.endResponse(trailers);
  }
}

/** An upstream that counts who waits for the end of a call. */
export function countedUpstream(upstream) {
  const counted = (context) => ({
    deadlineMs: context.deadlineMs,
    maxResponseBytes: context.maxResponseBytes,
    metadata: context.metadata,
    onCancel(listener) {
      counts.listeners++;
      const remove = context.onCancel(listener);
      let removed = false;
      return () => {
        if (!removed) counts.listeners--;
        removed = true;
        remove();
      };
    },
  });
  return {
    unary: (method, request, context) => upstream.unary(method, request, counted(context)),
    serverStream: (method, request, context) => upstream.serverStream(method, request, counted(context)),
    clientStream: (method, requests, context) => upstream.clientStream(method, requests, counted(context)),
    bidiStream: (method, requests, context) => upstream.bidiStream(method, requests, counted(context)),
    close: () => upstream.close(),
  };
}
