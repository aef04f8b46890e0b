// The pages of people who are not signed in yet: a passkey instead of password and code.
import { passkeys } from '../portal/passkey';

passkeys();
