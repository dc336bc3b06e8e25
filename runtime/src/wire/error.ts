/** A message whose bytes are not valid protobuf, or break a bound that protects its reader. */
export class WireError extends Error {
  override readonly name = "WireError";

  constructor(
    message: string,
    /** Where the bytes came from: the path of an upstream method, or "" for the public request. */
    readonly origin: string,
    /** Whether whoever sent the bytes may read the message: it says nothing but what they hold, in names that they know. */
    readonly isPublic = false,
  ) {
    super(origin === "" ? message : `${message}, in a reply of ${origin}`);
  }
}

/** A written message that grew over its bound. */
export class TooLongError extends Error {
  override readonly name = "TooLongError";
}

/** A message with more elements in its lists than its reader takes. */
export class TooManyRowsError extends Error {
  override readonly name = "TooManyRowsError";

  constructor(maxRows: number, origin: string) {
    super(`more than ${maxRows} rows in a reply of ${origin}`);
  }
}
