// What this browser keeps for a custodian: the root, in a form that no script can read again, and the parts that it was used for. Nothing of it leaves the browser.
import { importRoot } from '../../custodian/keys.js';

const DATABASE = 'touchmark-custodian';
const ROOT = 'root';

/** A part that the key of this browser was used for. */
export interface KeptPart {
  readonly id: string;
  readonly pseudonym: string;
  readonly role: string | null;
}

/** Whether this browser can keep a key for this page at all: only over HTTPS, and on this very computer. */
export const canKeep = (): boolean => isSecureContext && 'indexedDB' in globalThis;

export const readRoot = (): Promise<CryptoKey | null> => ask<CryptoKey | undefined>('keys', 'readonly', (store) => store.get(ROOT)).then((key) => key ?? null);

/** Takes a root into this browser. The bytes stay the caller's to wipe. */
export async function keepRoot(root: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const key = await importRoot(root);
  await ask('keys', 'readwrite', (store) => store.put(key, ROOT));
  // Browsers throw away what sites keep when the disk is full, unless they are asked not to.
  await navigator.storage?.persist?.().catch(() => false);
  return key;
}

/** Without the file of its backup, nobody signs for its parts any more. */
export async function forgetRoot(): Promise<void> {
  await ask('keys', 'readwrite', (store) => store.delete(ROOT));
  await ask('parts', 'readwrite', (store) => store.clear());
}

export const keptParts = (): Promise<readonly KeptPart[]> => ask<KeptPart[]>('parts', 'readonly', (store) => store.getAll());

export const keepPart = (part: KeptPart): Promise<unknown> => ask('parts', 'readwrite', (store) => store.put(part));

async function ask<T>(store: 'keys' | 'parts', mode: IDBTransactionMode, request: (store: IDBObjectStore) => IDBRequest): Promise<T> {
  const database = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(store, mode, { durability: 'strict' });
      const asked = request(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(asked.result as T);
      transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error('The browser did not keep it.'));
    });
  } finally {
    database.close();
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('keys');
      request.result.createObjectStore('parts', { keyPath: 'id' });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('The browser keeps nothing for this page.'));
  });
}
