// Reads a model beside the page, so that the page never waits for it, and then takes its SHA-256, by which an upload that broke off is found again.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { look } from './look.js';
import type { Said } from './messages.js';
import { Blobs, ModelProblem, type Limits } from './source.js';

const PIECE = 4 << 20;

addEventListener('message', (event: MessageEvent<{ readonly file: File; readonly limits: Limits }>) => { void read(event.data.file, event.data.limits); });

async function read(file: File, limits: Limits): Promise<void> {
  const source = new Blobs(file);
  let told = 0;
  try {
    const seen = await look(source, limits, (share) => {
      if (share - told > 0.01) {
        told = share;
        say({ kind: 'progress', share });
      }
    });
    say({ kind: 'look', look: seen }, [seen.shape.positions.buffer, seen.shape.index.buffer]);
  } catch (error) {
    say({ kind: 'problem', text: error instanceof ModelProblem ? error.message : 'It could not be read.' });
    return;
  }
  try {
    const hash = sha256.create();
    for (let from = 0; from < source.size; from += PIECE) {
      hash.update(await source.read(from, Math.min(source.size, from + PIECE)));
    }
    say({ kind: 'hash', sha256: bytesToHex(hash.digest()) });
  } catch {
    say({ kind: 'problem', text: 'It changed while it was read. Choose it once more.' });
  }
}

function say(what: Said, transfer: Transferable[] = []): void {
  postMessage(what, { transfer });
}
