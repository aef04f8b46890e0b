// The custodian's key in this browser: making it with its backup, taking it in from a file, comparing a backup, taking it out.
import { CustodianKeys, ROOT_SIZE, importRoot } from '../../custodian/keys.js';
import { h } from '../verify/dom.js';
import { canKeep, forgetRoot, keepRoot, readRoot } from './store.js';

/** As the command line calls it, which reads and writes the same file. */
const FILE = 'custodian.key';

/** A part that is none: keys are compared under it. */
const NO_PART = '0000000000000000';

/** <changed> is called when a key has come or gone. */
export function keyPanel(changed: () => void): HTMLElement {
  const said = h('p', { role: 'status', class: 'soft' });
  const body = h('div', { class: 'key-body' });
  const file = h('input', { type: 'file', id: 'key-file', class: 'visually-hidden', accept: '.key,application/octet-stream' });
  file.addEventListener('change', () => void take(file.files?.[0]));
  void show();
  return h('section', { class: 'panel key-panel' }, h('h2', {}, 'Your key'), body, file, said);

  async function show(): Promise<void> {
    const root = canKeep() ? await readRoot().catch(() => null) : null;
    body.replaceChildren(...(!canKeep() ? unable() : root === null ? none() : there()));
  }

  function unable(): HTMLElement[] {
    return [h('p', {}, 'This browser keeps no keys for this page: they are kept only over https, and not in every private window.'),
      h('p', {}, 'Open the page over https, or use the touchmark program (', h('code', {}, 'touchmark custodian'), ').')];
  }

  function none(): HTMLElement[] {
    const make = h('button', { type: 'button' }, 'Make my key');
    make.addEventListener('click', () => void create(make));
    return [
      h('p', {}, 'Whoever has a part signs for it with a key of their own. This browser has none yet. It is made here, and the registry never sees it: under each part you appear under another name.'),
      h('p', {}, `The file ${FILE} is its only backup. Save it where nobody else can read it: who has it signs for your parts, and without it nobody does.`),
      h('div', { class: 'row' }, make, h('label', { for: 'key-file', class: 'button quiet' }, `I have a ${FILE}`)),
    ];
  }

  function there(): HTMLElement[] {
    const forget = h('button', { type: 'button', class: 'quiet' }, 'Take it out of this browser');
    forget.addEventListener('click', () => {
      if (forget.dataset['asked'] === undefined) {
        forget.dataset['asked'] = '';
        forget.textContent = `I have ${FILE}: take it out`;
        said.textContent = `Press once more. Without the file you will be a stranger to your parts.`;
      } else {
        void forgetRoot().then(() => finish('This browser has no key any more, and has forgotten your parts.'));
      }
    });
    return [
      h('p', {}, 'This browser has your key. It signs with it, and cannot show it: not to you, and not to a program that gets into the page later.'),
      h('details', {}, h('summary', {}, 'Backup'), h('div', { class: 'row' }, h('label', { for: 'key-file', class: 'button quiet' }, `Is this ${FILE} its backup?`), forget)),
    ];
  }

  async function create(button: HTMLButtonElement): Promise<void> {
    button.disabled = true;
    const root = crypto.getRandomValues(new Uint8Array(ROOT_SIZE));
    try {
      const link = h('a', { class: 'button primary', download: FILE, href: URL.createObjectURL(new Blob([root], { type: 'application/octet-stream' })) }, `Save ${FILE} again`);
      await keepRoot(root);
      link.click();
      await finish(`Your key is made, and ${FILE} is saved where your browser puts downloads. This page can save it once more until you leave it; afterwards nothing can.`);
      body.append(link);
    } catch {
      await finish('Your browser did not keep the key. In a private window it may not be allowed to.');
    } finally {
      root.fill(0);
    }
  }

  async function take(chosen: File | undefined): Promise<void> {
    file.value = '';
    if (chosen === undefined) {
      return;
    }
    const bytes = chosen.size === ROOT_SIZE ? new Uint8Array(await chosen.arrayBuffer()) : null;
    if (bytes === null) {
      said.textContent = `${chosen.name} is no ${FILE}: it has ${chosen.size.toLocaleString('en')} bytes, and ${ROOT_SIZE} are right.`;
      return;
    }
    try {
      const here = await readRoot();
      if (here === null) {
        await keepRoot(bytes);
        await finish('This browser has your key now.');
      } else {
        const same = (await nameOf(here)) === (await nameOf(await importRoot(bytes)));
        said.textContent = same ? `Yes: ${chosen.name} is the backup of the key in this browser.` : `No: ${chosen.name} is another key than the one in this browser.`;
      }
    } catch {
      said.textContent = 'Your browser did not keep the key. In a private window it may not be allowed to.';
    } finally {
      bytes.fill(0);
    }
  }

  async function finish(words: string): Promise<void> {
    said.textContent = words;
    await show();
    changed();
  }
}

async function nameOf(root: CryptoKey): Promise<string> {
  const keys = await CustodianKeys.derive(root, NO_PART);
  keys.wipe();
  return keys.pseudonym;
}
