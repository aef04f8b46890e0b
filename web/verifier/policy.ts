// Which logs and witnesses are believed: C2SP tlog-policy, as strict as spec/log.md reads it.
import { encodeUtf8, hex } from './bytes.js';
import { Unreadable } from './checks.js';
import { NoteKey, decodeNumber } from './note.js';

const MAX_BYTES = 1 << 20;
const MAX_OF_EACH = 256;
const NONE = 'none';

interface Group {
  readonly name: string;
  readonly threshold: number;
  readonly members: readonly string[];
}

export class LogPolicy {
  private constructor(
    /** Keys by origin: all of them have to sign. */
    readonly logs: ReadonlyMap<string, readonly NoteKey[]>,
    /** A key by the witness's name within the policy. */
    readonly witnesses: ReadonlyMap<string, NoteKey>,
    private readonly groups: readonly Group[],
    /** Null when no witness is asked for. */
    readonly quorum: string | null) {}

  /** A policy of one log that no witness watches. */
  static of(origin: string, keys: readonly NoteKey[]): LogPolicy {
    return new LogPolicy(new Map([[origin, keys]]), new Map(), [], null);
  }

  /** Throws Unreadable for a text that is no policy. */
  static read(text: string): LogPolicy {
    if ((text !== '' && !text.endsWith('\n')) || encodeUtf8(text).length > MAX_BYTES) {
      throw new Unreadable('the policy is too long, or its last line does not end');
    }
    const reader = new Reader();
    text.split('\n').slice(0, -1).forEach((line, index) => {
      try {
        reader.line(line);
      } catch (problem) {
        throw new Unreadable(`line ${index + 1} of the policy: ${problem instanceof Unreadable ? problem.message : 'it cannot be read'}`);
      }
    });
    if (reader.quorum === null) {
      throw new Unreadable('the policy has no quorum line');
    }
    return new LogPolicy(reader.logs, reader.witnesses, reader.groups, reader.quorum === NONE ? null : reader.quorum);
  }

  /** Whether these witnesses are enough. Groups refer only to what stands before them: one pass settles them all. */
  isMet(names: Iterable<string>): boolean {
    const seen = new Set(names);
    for (const { name, threshold, members } of this.groups) {
      if (members.filter((member) => seen.has(member)).length >= threshold) {
        seen.add(name);
      }
    }
    return this.quorum === null || seen.has(this.quorum);
  }
}

class Reader {
  readonly logs = new Map<string, NoteKey[]>();
  readonly witnesses = new Map<string, NoteKey>();
  readonly groups: Group[] = [];
  quorum: string | null = null;
  readonly #names = new Set<string>();
  readonly #members = new Set<string>();
  readonly #keys = { log: new Set<string>(), witness: new Set<string>() };

  line(line: string): void {
    if (/[^\P{Cc}\t\u0080-\u009f]/u.test(line)) {
      throw new Unreadable('a control character');
    }
    const items = line.split(/[ \t]+/).filter((item) => item !== '');
    const [kind, ...rest] = items;
    if (kind === undefined || kind.startsWith('#')) {
      return;
    }
    const [first, second, ...members] = rest;
    if (kind === 'log' && (rest.length === 1 || rest.length === 2)) {
      const key = this.#key('log', first!);
      this.logs.set(key.name, [...(this.logs.get(key.name) ?? []), key]);
    } else if (kind === 'witness' && (rest.length === 2 || rest.length === 3)) {
      this.witnesses.set(this.#define(first!), this.#key('witness', second!));
    } else if (kind === 'group' && members.length > 0) {
      this.#group(first!, second!, members);
    } else if (kind === 'quorum' && rest.length === 1 && this.quorum === null && (first === NONE || this.#names.has(first!))) {
      this.quorum = first!;
    } else {
      throw new Unreadable('it is neither a log, a witness, a group nor the only quorum');
    }
  }

  #key(kind: 'log' | 'witness', text: string): NoteKey {
    const key = NoteKey.read(text);
    if ((key.type === 'witness') !== (kind === 'witness')) {
      throw new Unreadable("a witness's key where a log's is expected, or the other way round");
    }
    const known = this.#keys[kind];
    if (known.has(hex(key.publicKey)) || known.size === MAX_OF_EACH) {
      throw new Unreadable('the key stands there twice, or there are too many');
    }
    known.add(hex(key.publicKey));
    return key;
  }

  #group(name: string, wanted: string, members: readonly string[]): void {
    for (const member of members) {
      // One witness counts once.
      if (!this.#names.has(member) || this.#members.has(member)) {
        throw new Unreadable(`${member} is not defined before it, or is a member of a group already`);
      }
      this.#members.add(member);
    }
    const threshold = wanted === 'all' ? members.length : wanted === 'any' ? 1 : Number(decodeNumber(wanted));
    if (threshold < 1 || threshold > members.length || this.groups.length === MAX_OF_EACH) {
      throw new Unreadable(`${wanted} of ${members.length} is no threshold, or there are too many groups`);
    }
    this.groups.push({ name: this.#define(name), threshold, members });
  }

  #define(name: string): string {
    if (name === NONE || this.#names.has(name)) {
      throw new Unreadable(`the name ${name} is taken`);
    }
    this.#names.add(name);
    return name;
  }
}
