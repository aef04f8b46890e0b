// The pages of whoever has a part: no account, a key of their own in this browser.
import { custodyHome } from './home.js';
import { type Places, PartDesk } from './part.js';

const home = document.querySelector<HTMLElement>('#custody');
const part = document.querySelector<HTMLElement>('#custody-part');
const tools = document.querySelector<HTMLElement>('#tools');

if (home && tools) {
  custodyHome(home, tools);
}
if (part) {
  const desk = new PartDesk(part.dataset as unknown as Places);
  part.replaceChildren(desk.element);
  void desk.begin();
}
