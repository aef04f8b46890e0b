// The page's end of the worker.
import type { Check } from '../../verifier/index.js';
import type { Answer, Report, Request, VerifyRequest } from './messages.js';

/** What the worker makes of a trust file. */
export type TrustReading = { readonly names: readonly string[] } | { readonly problem: string };

/** Verifies in a worker; a new file ends the verification of the one before it, however long that would have taken. */
export class Client {
  #worker = this.#start();
  #busy = false;
  #answered: (answer: Answer) => void = () => {};
  #broke: () => void = () => {};

  async verify(request: Omit<VerifyRequest, 'kind'>, onCheck: (check: Check) => void): Promise<Report | { readonly problem: string }> {
    if (this.#busy) {
      this.#worker.terminate();
      this.#worker = this.#start();
    }
    this.#busy = true;
    try {
      return await new Promise((resolve, reject) => {
        this.#broke = () => reject(new Error('The worker broke off.'));
        this.#answered = (answer) => (answer.kind === 'check' ? onCheck(answer.check) : answer.kind === 'report' ? resolve(answer.report) : answer.kind === 'trust' && resolve({ problem: answer.problem ?? '' }));
        this.#worker.postMessage({ kind: 'verify', ...request } satisfies Request);
      });
    } finally {
      this.#busy = false;
    }
  }

  /** The text of the QR code in an image, or null. */
  async scan(image: ImageBitmap): Promise<string | null> {
    const answer = await this.#ask({ kind: 'scan', image }, [image]);
    return answer.kind === 'scanned' ? answer.text : null;
  }

  async readTrust(trust: Uint8Array): Promise<TrustReading> {
    const answer = await this.#ask({ kind: 'trust', trust }, []);
    return answer.kind === 'trust' && answer.problem === null ? { names: answer.names } : { problem: (answer.kind === 'trust' && answer.problem) || 'it could not be read' };
  }

  /** A worker of its own, so that no question waits for a verification. */
  async #ask(request: Request, transfer: Transferable[]): Promise<Answer> {
    const worker = this.#start();
    try {
      return await new Promise((resolve, reject) => {
        worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
        worker.onerror = () => reject(new Error('The worker broke off.'));
        worker.postMessage(request, transfer);
      });
    } finally {
      worker.terminate();
    }
  }

  #start(): Worker {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#answered(data);
    worker.onerror = () => this.#broke();
    return worker;
  }
}
