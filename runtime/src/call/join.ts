import { beginWalk } from "../cel/budget.js";
import type { AskedRow, ResolverSpec, Resolving } from "../resolve/resolver.js";
import type { Method } from "../upstream/upstream.js";
import { ByteKey } from "../wire/byte-key.js";
import { type At, Reader } from "../wire/reader.js";
import { type Key, keyAt, type Scalar } from "../wire/scalar.js";
import type { Writer } from "../wire/writer.js";
import { ByteIndex } from "./byte-index.js";
import { KeyArena } from "./key-arena.js";
import type { OnError } from "./on-error.js";

/** The key of one row: of a composite key, its parts. */
export type RowKey = Key | ByteKey | readonly Key[];

/** How rows of a kind are fetched: one per upstream method and way of asking. Made by the generator. */
export interface Lookup {
  /** Says in logs and errors which it is. */
  readonly name: string;
  readonly method: Method;
  /** The hand-written function that makes what is found of what it reads in a row: then nothing is fetched. */
  readonly resolver?: ResolverSpec;
  /**
   * "batch": keys go in calls of up to `batchSize`. "each": one call per key. "all": called once, without keys, and
   * matched in memory.
   */
  readonly mode: "batch" | "each" | "all";
  readonly batchSize: number;
  readonly maxKeys: number;
  readonly maxRows: number;
  /** How a reply that says there is more is followed; default: such a reply is an error. */
  readonly pages?: Pages;
  readonly timeoutMs?: number;
  /** Of a composite key, the parts that are singular in the request: one batch per distinct combination of them. */
  readonly group?: readonly number[];
  /** Writes the keys of one batch into the request. */
  readonly ask: (w: Writer, keys: readonly RowKey[]) => void;
  /** Finds the rows in a reply and gives them to `replies`. */
  readonly match: (r: Reader, replies: Replies) => void;
}

/** The pages of a reply. */
export interface Pages {
  /** As many are read at most, for each call of the join. */
  readonly max: number;
  /** The tag of the request's field that asks for a page. */
  readonly tag: number;
}

/** Joins on found rows whose keys are gathered in one walk. */
export interface InnerJoins {
  readonly joins: readonly Rows[];
  /** The joins on the same rows whose results the keys need. */
  readonly after: readonly Rows[];
  /** Walks one found row and gives the keys of the rows in it. */
  readonly scan: (row: Reader) => void;
}

/** What one join of one message says, beside how its rows are fetched. */
export interface RowsOptions {
  /** Default "empty". */
  readonly onMissing?: OnMissing;
  /** Default: an error of the upstream fails the public call. */
  readonly onError?: OnError;
  /** What every call of the join carries beside its keys, encoded. */
  readonly set?: Uint8Array;
  /** Of rows that a resolver makes: what it runs in. */
  readonly resolving?: Resolving;
  /** Whether all rows of a key are used; default: the first. Says for which rows the joins inside are run. */
  readonly many?: boolean;
  /** Default true; false: nothing that it would find is written, so that its rows ask for nothing. */
  readonly needed?: boolean;
}

/** What a row gets when nothing is found for it. */
export type OnMissing = "empty" | "drop" | "fail";

const NO_KEY = -1;

/** The distinct keys that are asked for, and what was found for each: shared by joins that fetch the same way. */
export class Replies {
  /** The distinct keys, in the order in which rows named them. */
  readonly keys: RowKey[] = [];
  /** For each distinct key, the number of the first found row, or -1. */
  readonly #first: number[] = [];
  /** For each found row, the number of the next one of its key, or -1. */
  readonly #next: number[] = [];
  readonly #last: number[] = [];
  readonly #index = new ByteIndex();
  /** Of a resolver, what it reads in each row: each row is a key of its own. */
  readonly asked: AskedRow[] = [];
  #arena: KeyArena | undefined;
  /** For each distinct key, the batch that asks for it; undefined where one batch asks for all. */
  #batchOf: number[] | undefined;
  readonly #readers: Reader[] = [];
  readonly #readerOf: number[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  /** Rows that were found but that nobody asked for: for the metrics. */
  foreign = 0;
  /** Of a reply that is a map: what was found under its keys, and the key of the entry that is read. */
  #entries: Map<Key, { readonly keyNumber: number; readonly entry: number }> | undefined;
  #entryKey: Key | undefined;
  #batch = 0;
  #keyNumber = 0;
  /** Says where the page after the one that is read begins; empty: there is none. */
  #nextPage = "";
  /** The pages of answers that came in several, until they are put together. */
  readonly #pages = new Map<number, Uint8Array[]>();

  constructor(readonly lookup: Lookup) {}

  /** The number of a key, which is noted if it is new. */
  want(key: RowKey): number {
    const bytes = this.#keyBytes(key);
    const known = this.#find(bytes);
    if (known >= 0) return known;
    if (bytes !== key && typeof key !== "string") this.#arena!.keep();
    return this.#note(key, bytes);
  }

  /** As `want`, of the key at `at`. */
  wantAt(r: Reader, at: At, type: Scalar): number {
    if (!isBytes(type)) return this.want(keyAt(r, at, type));
    const { view } = r;
    const start = r.startAt(at);
    const length = r.lengthAt(at);
    const known = this.#index.find(view, start, length);
    if (known >= 0) return known;
    if (type === "string") r.checkUtf8(at);
    const key = new ByteKey(view, start, length);
    return this.#note(key, key);
  }

  /** The number of a row that a resolver makes. */
  wantResolved(row: AskedRow): number {
    this.asked.push(row);
    return this.#add("");
  }

  /** Notes what a resolver made for a row. */
  resolved(keyNumber: number, bytes: Uint8Array): void {
    this.#readers.push(new Reader(bytes, this.lookup.method.path));
    this.#found(keyNumber, 0, bytes.length);
  }

  #note(key: RowKey, bytes: ByteKey): number {
    this.#index.add(bytes, this.keys.length);
    return this.#add(key);
  }

  #add(key: RowKey): number {
    const number = this.keys.length;
    this.keys.push(key);
    this.#first.push(-1);
    this.#last.push(-1);
    return number;
  }

  #find(key: ByteKey): number {
    return this.#index.find(key.view, key.start, key.length);
  }

  /** All keys of a join are of the same types: a number's bytes are never those of a string. */
  #keyBytes(key: RowKey): ByteKey {
    if (typeof key === "string") return ByteKey.of(key);
    if (key instanceof ByteKey) return key;
    this.#arena ??= new KeyArena();
    return this.#arena.write(key);
  }

  /** Says which batch asks for a key: a reply answers for its own keys only. */
  assign(keyNumber: number, batch: number): void {
    this.#batchOf ??= [];
    this.#batchOf[keyNumber] = batch;
  }

  /** The batch that asks for a key. */
  batchOf(keyNumber: number): number {
    return this.#batchOf?.[keyNumber] ?? 0;
  }

  /** Takes back what the first pages of a batch said, since a later one failed. */
  forget(batch: number): void {
    for (let number = 0; number < this.keys.length; number++) {
      if (this.batchOf(number) === batch) this.#first[number] = this.#last[number] = -1;
    }
  }

  /**
   * Reads the reply to a batch, or one of its pages; `keyNumber` is the first of its keys. Gives the token of the next
   * page (its bytes as latin1), which is empty where there is none.
   */
  read(reply: Reader, batch: number, keyNumber: number): string {
    this.#batch = batch;
    this.#keyNumber = keyNumber;
    this.#nextPage = "";
    this.#readers.push(reply);
    this.#entries?.clear();
    this.lookup.match(reply.begin(), this);
    return this.#nextPage;
  }

  /** A part of the key that is the same for the whole batch. */
  sharedPart(part: number): Key {
    // Parts of a composite key are values: only a key that is single stands in a message.
    return partOf(this.keys[this.#keyNumber]!, part) as Key;
  }

  /** Notes the token, at `at`, of the page that follows; an empty one says that there is none. */
  more(r: Reader, at: At): void {
    this.#nextPage = r.latin1At(at);
  }

  /** Notes that the bytes [start, end) of the reply answer the one key that was asked for. */
  answer(start: number, end: number): void {
    const before = this.#first[this.#keyNumber]!;
    if (before < 0) this.#found(this.#keyNumber, start, end);
    else this.#append(before, start, end);
  }

  /**
   * A page more of the one answer to a key: the encodings of two messages, one after the other, are that of both
   * merged, so that lists go on where the page before it ended.
   */
  #append(entry: number, start: number, end: number): void {
    const pages = this.#pages.get(entry) ?? [this.#bytesOf(entry)];
    this.#pages.set(entry, pages);
    const [reader] = this.#readers.splice(-1);
    pages.push(reader!.buffer.subarray(start, end));
  }

  #bytesOf(entry: number): Uint8Array {
    const { buffer } = this.#readers[this.#readerOf[entry]!]!;
    return buffer.subarray(this.#starts[entry]!, this.#ends[entry]!);
  }

  /** Puts the pages of answers together, once all are there. */
  finishPages(): void {
    for (const [entry, pages] of this.#pages) {
      const whole = new Reader(Buffer.concat(pages), this.lookup.method.path);
      this.#readerOf[entry] = this.#readers.length;
      this.#readers.push(whole);
      this.#starts[entry] = 0;
      this.#ends[entry] = whole.byteLength;
    }
    this.#pages.clear();
  }

  /** As `matchAt`, for rows of a map: of those with the same key the last one counts. */
  matchLastAt(r: Reader, at: At, type: Scalar, start: number, end: number): void {
    const number = this.#findAt(r, at, type);
    const entry = number < 0 ? -1 : this.#first[number]!;
    if (entry < 0) this.#match(number, start, end);
    else if (this.#readerOf[entry] === this.#readers.length - 1) {
      this.#starts[entry] = start;
      this.#ends[entry] = end;
    }
  }

  /** Says that the row that comes next is the entry of a map: it takes the place of an earlier one of its key. */
  entry(key: Key): void {
    this.#entries ??= new Map();
    const before = this.#entries.get(key);
    if (before !== undefined) this.#unlink(before.keyNumber, before.entry);
    this.#entries.delete(key);
    this.#entryKey = key;
  }

  #unlink(keyNumber: number, entry: number): void {
    let previous = -1;
    for (let e = this.#first[keyNumber]!; e !== entry; e = this.#next[e]!) previous = e;
    const next = this.#next[entry]!;
    if (previous < 0) this.#first[keyNumber] = next;
    else this.#next[previous] = next;
    if (next < 0) this.#last[keyNumber] = previous;
  }

  /** Notes a row of the reply that is read: the bytes [start, end) answer `key`. */
  match(key: RowKey, start: number, end: number): void {
    this.#match(this.#find(this.#keyBytes(key)), start, end);
  }

  /** As `match`, of the key at `at`; 0 stands for the type's default. */
  matchAt(r: Reader, at: At, type: Scalar, start: number, end: number): void {
    this.#match(this.#findAt(r, at, type), start, end);
  }

  /** The number of the key at `at`, or -1. */
  #findAt(r: Reader, at: At, type: Scalar): number {
    if (!isBytes(type)) return this.#find(this.#keyBytes(at === 0 ? 0 : keyAt(r, at, type)));
    if (at === 0) return this.#index.find(r.view, 0, 0);
    const known = this.#index.find(r.view, r.startAt(at), r.lengthAt(at));
    // What is known was checked when it was noted.
    if (known < 0 && type === "string") r.checkUtf8(at);
    return known;
  }

  #match(number: number, start: number, end: number): void {
    // Never by position: a row that was not asked for, or was asked for in another call, is nobody's.
    if (number < 0 || (this.#batchOf !== undefined && this.#batchOf[number] !== this.#batch)) {
      this.foreign++;
      this.#entryKey = undefined;
      return;
    }
    this.#found(number, start, end);
  }

  #found(keyNumber: number, start: number, end: number): void {
    const entry = this.#starts.length;
    this.#readerOf.push(this.#readers.length - 1);
    this.#starts.push(start);
    this.#ends.push(end);
    this.#next.push(-1);
    const last = this.#last[keyNumber]!;
    if (last < 0) this.#first[keyNumber] = entry;
    else this.#next[last] = entry;
    this.#last[keyNumber] = entry;
    if (this.#entryKey !== undefined) {
      this.#entries!.set(this.#entryKey, { keyNumber, entry });
      this.#entryKey = undefined;
    }
  }

  /** The number of the first row found for a key, or -1. */
  firstOf(keyNumber: number): number {
    return keyNumber === NO_KEY ? -1 : this.#first[keyNumber]!;
  }

  /** The number of the next row found for the same key, or -1. */
  nextOf(entry: number): number {
    return this.#next[entry]!;
  }

  /** How many rows were found. */
  get found(): number {
    return this.#starts.length;
  }

  /** A reader on a found row. */
  open(entry: number): Reader {
    return this.#readers[this.#readerOf[entry]!]!.range(this.#starts[entry]!, this.#ends[entry]!);
  }
}

/** A part of a row's key. */
export function partOf(key: RowKey, part: number): Key | ByteKey {
  return typeof key === "object" && !(key instanceof ByteKey) ? key[part]! : key;
}

function isBytes(type: Scalar): boolean {
  return type === "string" || type === "bytes";
}

/**
 * The rows of one join in a walk over a message: the walk that gathers keys calls `add` (or `addList`) once a row; the
 * walk that writes calls `take`, `one` or `row` once a row, in the same order.
 */
export class Rows {
  #replies: Replies;
  readonly onMissing: OnMissing;
  readonly onError: OnError | undefined;
  readonly set: Uint8Array | undefined;
  readonly many: boolean;
  /** See RowsOptions. */
  readonly needed: boolean;
  readonly #resolving: Resolving | undefined;
  /** The joins of the messages that are made from the found rows: all of `innerJoins`. */
  readonly inner: Rows[] = [];
  readonly innerJoins: InnerJoins[] = [];
  /** For each row, the number of its key, or -1; of a row with a list of keys, see #lists. */
  readonly #keyOf: number[] = [];
  #lists: number[][] | undefined;
  /** For each found row, where the rows in it start: `[found row * inner joins + join]`. */
  readonly #bases: number[] = [];
  #cursor = 0;
  // Where `first` and `next` are.
  #list: number[] | undefined;
  #listPos = 0;
  #entry = -1;
  #none: Reader | undefined;
  /** Of batches that failed, what becomes of their rows. */
  #failures: Map<number, "empty" | "drop"> | undefined;
  /** Whether the row that was taken last has to be dropped. */
  dropped = false;

  constructor(
    readonly lookup: Lookup,
    options: RowsOptions = {},
    replies?: Replies,
  ) {
    this.onMissing = options.onMissing ?? "empty";
    this.onError = options.onError;
    this.set = options.set;
    this.many = options.many ?? false;
    this.needed = options.needed ?? true;
    this.#resolving = options.resolving;
    this.#replies = replies ?? new Replies(lookup);
    // They are made for the walk that looks for their keys.
    beginWalk();
  }

  get replies(): Replies {
    return this.#replies;
  }

  /** Asks together with others, which fetch the same way, for the keys so far: before anything is fetched. */
  share(replies: Replies): void {
    if (replies === this.#replies) return;
    const { keys, asked } = this.#replies;
    const numbers =
      this.lookup.resolver === undefined
        ? keys.map((key) => replies.want(key))
        : asked.map((row) => replies.wantResolved(row));
    this.#replies = replies;
    this.#keyOf.forEach((key, row) => {
      if (key !== NO_KEY) this.#keyOf[row] = numbers[key]!;
    });
    this.#lists = this.#lists?.map((list) => list.map((key) => numbers[key]!));
  }

  /** The rows of another join that fetches the same way: the keys of both go in the same calls. */
  sibling(options: Omit<RowsOptions, "set"> = {}): Rows {
    return new Rows(this.lookup, { ...options, ...(this.set && { set: this.set }) }, this.replies);
  }

  /** Says which joins there are in the messages that are made from the found rows. */
  inside(joins: readonly Rows[], after: readonly Rows[], scan: (row: Reader) => void): void {
    this.innerJoins.push({ joins, after, scan });
    this.inner.push(...joins);
  }

  /** Rows so far. */
  get count(): number {
    return this.#keyOf.length;
  }

  /** Whether there is anything to ask for. */
  get asks(): boolean {
    return this.#replies.keys.length > 0;
  }

  /** Adds a row; without a key it asks for nothing, and counts as missing. */
  add(key: RowKey | undefined): void {
    this.#keyOf.push(key === undefined || !this.needed ? NO_KEY : this.replies.want(key));
  }

  /** As `add`, of the key at `at`. */
  addAt(r: Reader, at: At, type: Scalar): void {
    this.#keyOf.push(this.needed ? this.replies.wantAt(r, at, type) : NO_KEY);
  }

  /** Adds a row that a resolver makes of what it reads there. */
  ask(reads: AskedRow["reads"]): void {
    const row = { reads, resolving: this.#resolving! };
    this.#keyOf.push(this.needed ? this.replies.wantResolved(row) : NO_KEY);
  }

  /** Writes a found row as it is: what a resolver made is the field, with its tag. */
  copy(w: Writer, entry: number): void {
    const row = this.replies.open(entry);
    w.raw(row.buffer.subarray(row.pos, row.end));
  }

  /** Adds a row that has a list of keys. */
  addList(keys: readonly RowKey[]): void {
    this.#addList(this.needed ? keys.map((key) => this.replies.want(key)) : []);
  }

  /** As `addList`, of the keys at `ats`. */
  addListAt(r: Reader, ats: readonly At[], type: Scalar): void {
    this.#addList(this.needed ? ats.map((at) => this.replies.wantAt(r, at, type)) : []);
  }

  #addList(keyNumbers: number[]): void {
    this.#lists ??= [];
    this.#lists[this.#keyOf.length] = keyNumbers;
    this.#keyOf.push(NO_KEY);
  }

  /** Gathers the keys of joins inside the found rows: of those that are used, each once. */
  gather(group: InnerJoins): void {
    const { replies, inner } = this;
    const start = inner.indexOf(group.joins[0]!);
    const seen = new Uint8Array(replies.keys.length);
    const visit = (key: number) => {
      if (key === NO_KEY || seen[key] === 1) return;
      seen[key] = 1;
      for (let entry = replies.firstOf(key); entry >= 0; entry = this.many ? replies.nextOf(entry) : -1) {
        for (let i = 0; i < group.joins.length; i++)
          this.#bases[entry * inner.length + start + i] = group.joins[i]!.count;
        group.scan(this.open(entry));
      }
    };
    for (let row = 0; row < this.#keyOf.length; row++) {
      const list = this.#lists?.[row];
      if (list === undefined) visit(this.#keyOf[row]!);
      else list.forEach(visit);
    }
  }

  /** Goes back to the first row, for another walk. */
  rewind(): void {
    this.#cursor = 0;
  }

  /** Where the walk is, for `backTo`. */
  mark(): number {
    return this.#cursor;
  }

  /** Goes back to where the walk was. */
  backTo(mark: number): void {
    this.#cursor = mark;
  }

  /** Moves to the next row, and gives its number; `dropped` is about it. */
  row(): number {
    const row = this.#cursor++;
    this.dropped =
      (this.onMissing === "drop" && this.#isMissing(row)) ||
      (this.#failures !== undefined && this.#keysOf(row).some((key) => this.#failureOf(key) === "drop"));
    return row;
  }

  /** Whether a row needs what a batch answers: of joins that share calls, each has its own keys. */
  waitsFor(batch: number): boolean {
    return this.#keyOf.some((_, row) =>
      this.#keysOf(row).some((key) => key !== NO_KEY && this.replies.batchOf(key) === batch),
    );
  }

  /** Says that a batch failed, and what becomes of the rows that need it. They are not missing: nobody knows. */
  failed(batch: number, outcome: "empty" | "drop"): void {
    this.#failures ??= new Map();
    this.#failures.set(batch, outcome);
  }

  /** Whether what a row asked for is not known, since a batch failed: also of a list of keys of which others were found. */
  isUnknown(row: number): boolean {
    return (
      this.#failures !== undefined && this.#keysOf(row).some((key) => this.#failureOf(key) !== undefined)
    );
  }

  #failureOf(key: number): "empty" | "drop" | undefined {
    return key === NO_KEY ? undefined : this.#failures?.get(this.replies.batchOf(key));
  }

  #keysOf(row: number): readonly number[] {
    return this.#lists?.[row] ?? [this.#keyOf[row]!];
  }

  /** Moves to the next row, and gives the number of its first match, or -1. */
  take(): number {
    const row = this.row();
    const list = this.#lists?.[row];
    if (list === undefined) return this.replies.firstOf(this.#keyOf[row]!);
    for (const key of list) {
      const entry = this.replies.firstOf(key);
      if (entry >= 0) return entry;
    }
    return -1;
  }

  /**
   * Opens a found row, or the sub-message at `at` in it, the joins inside it at their rows in it; for -1 an empty
   * message.
   */
  open(entry: number, at?: At): Reader {
    if (entry < 0) {
      this.#none ??= new Reader(new Uint8Array(0), this.lookup.method.path);
      return this.#none.begin();
    }
    const { inner } = this;
    const width = inner.length;
    for (let i = 0; i < width; i++) inner[i]!.#cursor = this.#bases[entry * width + i]!;
    const row = this.replies.open(entry);
    return at === undefined ? row : row.enter(at);
  }

  /** The next row's first match, opened; an empty message where there is none. */
  one(): Reader {
    return this.open(this.take());
  }

  /** The first match of a row, opened; `next` gives the others. Undefined where there is none. */
  first(row: number): Reader | undefined {
    this.#list = this.#lists?.[row];
    if (this.#list !== undefined) {
      this.#listPos = 0;
      return this.#nextOfList();
    }
    this.#entry = this.replies.firstOf(this.#keyOf[row]!);
    return this.#entry < 0 ? undefined : this.open(this.#entry);
  }

  /** The same row's next match: of a list of keys in the row's order, those not found left out. */
  next(): Reader | undefined {
    if (this.#list !== undefined) return this.#nextOfList();
    this.#entry = this.replies.nextOf(this.#entry);
    return this.#entry < 0 ? undefined : this.open(this.#entry);
  }

  /** The numbers of all found rows of a row, in order. */
  entries(row: number): number[] {
    const found: number[] = [];
    const list = this.#lists?.[row];
    if (list !== undefined) {
      for (const key of list) {
        const entry = this.replies.firstOf(key);
        if (entry >= 0) found.push(entry);
      }
      return found;
    }
    for (let entry = this.replies.firstOf(this.#keyOf[row]!); entry >= 0; entry = this.replies.nextOf(entry))
      found.push(entry);
    return found;
  }

  #nextOfList(): Reader | undefined {
    const list = this.#list!;
    while (this.#listPos < list.length) {
      const entry = this.replies.firstOf(list[this.#listPos++]!);
      if (entry >= 0) return this.open(entry);
    }
    return undefined;
  }

  /** Whether a row found nothing, or not all of its list. */
  hasMissing(): boolean {
    return this.#keyOf.some((_, row) => this.#isMissing(row));
  }

  #isMissing(row: number): boolean {
    const list = this.#lists?.[row];
    if (list === undefined) return this.#isNowhere(this.#keyOf[row]!);
    return list.some((key) => this.#isNowhere(key));
  }

  #isNowhere(key: number): boolean {
    return this.replies.firstOf(key) < 0 && this.#failureOf(key) === undefined;
  }
}
