// A page in Chromium that is led from outside: each line of the input is a JSON list, the name of a method of playwright's page
// and its arguments, and gets a line back, {"value": ...} or {"error": "..."}. "errors" tells what went wrong in the page
// since it was last asked. Its one argument is a JSON object: library, chromium, profile, width, height, scheme, and flags,
// more arguments for Chromium. Ends with its input.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const given = JSON.parse(process.argv[2]);
const { chromium } = createRequire(import.meta.url)(given.library);

const context = await chromium.launchPersistentContext(given.profile, {
  executablePath: given.chromium,
  headless: false,
  viewport: { width: given.width, height: given.height },
  colorScheme: given.scheme,
  args: [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--autoplay-policy=no-user-gesture-required',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ...given.flags,
  ],
});

// What moved without anybody's doing, from the first line of the page on.
function watchShifts() {
  self.shifts = [];
  const place = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(' ');
  const nameOf = (node) => node ? `${node.nodeName} ${node.className} of #${node.closest?.('[id]')?.id}` : 'what is gone';
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources, startTime } of list.getEntries())
      if (!hadRecentInput)
        self.shifts.push({ value, at: startTime, what: sources.map((s) => `${nameOf(s.node)} from ${place(s.previousRect)} to ${place(s.currentRect)}`) });
  }).observe({ type: 'layout-shift', buffered: true });
}

let errors = [];
const page = context.pages()[0] ?? await context.newPage();
page.on('pageerror', (error) => errors.push(String(error)));
page.on('console', (message) => {
  if (message.type() === 'error')
    errors.push(`${message.text()} ${message.location().url}`);
});
await page.addInitScript(watchShifts);
page.setDefaultTimeout(15000);

const own = {
  errors: () => {
    const told = errors;
    errors = [];
    return told;
  },
};

async function answer(line) {
  const [method, ...args] = JSON.parse(line);
  try {
    const value = own[method] ? own[method]() : await page[method](...args);
    return { value: ['string', 'number', 'boolean'].includes(typeof value) || Array.isArray(value) || value?.constructor === Object ? value : null };
  } catch (error) {
    return { error: String(error) };
  }
}

console.log('{}');
for await (const line of createInterface({ input: process.stdin }))
  console.log(JSON.stringify(await answer(line)));
await context.close();
