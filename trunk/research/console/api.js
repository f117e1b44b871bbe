// Asking the HTTP API: where it is, and who we are.
//
// Page parameters: api=PORT for an unusual port; cookies=1 behind a proxy that knows its users by cookies.
'use strict';

const ASK_MS = 8000; // for one answer

const byId = (id) => document.getElementById(id);
const page = new URLSearchParams(location.search);
const host = location.hostname || 'localhost';
const secure = location.protocol === 'https:';

function setText(node, text) {
  if (node.textContent !== text)
    node.textContent = text;
}

function port(name) {
  const given = page.get(name) || '';
  return /^[0-9]{1,5}$/.test(given) ? given : '';
}

const inUrl = (name) => name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
const withHost = (number) => `${location.protocol}//${inUrl(host)}:${number}`;

// ---- who we are ----

// A browser may forbid its stores, then nothing is kept beyond the page.
function openStore(name) {
  try {
    return window[name];
  } catch (error) {
    const kept = new Map();
    return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key) };
  }
}

const secrets = openStore('sessionStorage'); // gone with the browser's tab
const SECRET = 'authorization';

// Nothing is asked while credentials are missing: each question would be one more wrong attempt.
const signIn = { needed: false, done: () => {} };

function showSignIn() {
  const dialog = byId('sign-in');
  if (!dialog.open)
    dialog.showModal();
}

function showSign() {
  byId('sign').hidden = !signIn.needed && !secrets.getItem(SECRET);
  setText(byId('sign'), signIn.needed ? 'Sign in' : 'Sign out');
}

// `used` are the credentials that were refused, null for none.
function refuseSignIn(used) {
  if (used !== secrets.getItem(SECRET))
    return; // others were given meanwhile
  secrets.removeItem(SECRET);
  setText(byId('sign-note'), used ? 'The server refused that.' : '');
  signIn.needed = true;
  showSign();
  showSignIn();
}

function takeSignIn() {
  const token = byId('sign-token').value.trim();
  const bytes = new TextEncoder().encode(`${byId('sign-user').value}:${byId('sign-password').value}`);
  const secret = token !== '' ? `Bearer ${token}` : `Basic ${btoa(String.fromCharCode(...bytes))}`;
  byId('sign-password').value = '';
  byId('sign-token').value = '';
  if (!/^[\x20-\x7e]*$/.test(secret)) {
    setText(byId('sign-note'), 'A token has ASCII characters only.'); // no header carries others
    showSignIn();
    return;
  }
  secrets.setItem(SECRET, secret);
  signIn.needed = false;
  showSign();
  signIn.done();
}

byId('sign-in').addEventListener('close', () => {
  if (byId('sign-in').returnValue === 'yes')
    takeSignIn();
  byId('sign-in').returnValue = '';
});
byId('sign-no').addEventListener('click', () => byId('sign-in').close('no'));
byId('sign').addEventListener('click', () => {
  if (signIn.needed) {
    showSignIn();
    return;
  }
  secrets.removeItem(SECRET);
  location.reload(); // what was seen goes too
});

// ---- questions ----

class Refused extends Error {
  constructor(code) {
    super(`the server answers ${code}`);
    this.code = code;
  }
}

async function request(base, path, options = {}) {
  const headers = new Headers(options.headers);
  const secret = secrets.getItem(SECRET);
  if (secret)
    headers.set('Authorization', secret);
  // Without 'omit' the browser asks for a password by itself, and the question hangs until it is answered.
  const credentials = page.get('cookies') === '1' ? 'same-origin' : 'omit';
  const response = await fetch(base + path, { ...options, headers, credentials, cache: 'no-store', signal: AbortSignal.timeout(ASK_MS) });
  if (response.status === 401) {
    refuseSignIn(secret);
    throw new Refused(401);
  }
  return response;
}

let api = ''; // its origin, once it is found

// The page comes from the API's own port or through a proxy that has both, or from the port of the HTTP server. A server that
// does not answer is no reason to look elsewhere: there may be another one.
async function findApi() {
  const bases = port('api') !== '' ? [withHost(port('api'))] : [location.origin, withHost(secure ? 1990 : 1985)];
  for (const base of bases) {
    const response = await request(base, '/api/v1/summaries');
    if (response.ok && (response.headers.get('Content-Type') ?? '').includes('json')) {
      api = base;
      return;
    }
  }
  throw new Error(`no API at ${bases.join(' or ')}`);
}

async function ask(path, options) {
  if (api === '')
    await findApi();
  const response = await request(api, path, options);
  if (!response.ok)
    throw new Refused(response.status);
  return response;
}

async function askJson(path, options) {
  const answer = await (await ask(path, options)).json();
  if (answer.code)
    throw new Refused(answer.code);
  return answer;
}
