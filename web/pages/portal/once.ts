// A form that orders something is sent once, however often its button is pressed.
export function onceForms(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-once]')) {
    form.addEventListener('submit', () => {
      for (const button of form.querySelectorAll('button')) {
        button.disabled = true;
      }
    });
  }
  // The browser's own back brings the page as it was left: its buttons work again.
  addEventListener('pageshow', (event) => {
    if (event.persisted) {
      document.querySelectorAll<HTMLButtonElement>('form[data-once] button').forEach((button) => { button.disabled = false; });
      // Sent from here it is another order, even with the same words in it.
      document.querySelectorAll<HTMLInputElement>('form[data-once] input[name="once"]').forEach((field) => { field.value = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(''); });
    }
  });
}
