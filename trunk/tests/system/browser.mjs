// Drives Chromium through the server's page: picks the stream from its list, watches it play and prints what was seen as
// one JSON object. Its one argument is a JSON object: library, chromium, profile, url, stream, seconds, screenshot,
// flags, more arguments for Chromium, and types, media types of the stream. A browser that has none of the types is
// expected to be told so by the page, which is then looked at in place of the picture.
import { createRequire } from 'node:module';

const given = JSON.parse(process.argv[2]);
const { chromium } = createRequire(import.meta.url)(given.library);

const START_MS = 20000;
const SAMPLE_MS = 1000;
const REFUSAL_MS = 2500; // longer than the page waits before it tries something again

const context = await chromium.launchPersistentContext(given.profile, {
  executablePath: given.chromium,
  headless: false,
  viewport: { width: 1280, height: 900 },
  args: [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--autoplay-policy=no-user-gesture-required',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ...(given.flags ?? []),
  ],
});

// A small grey copy of what the video shows, with the clocks and counters of that moment.
function look() {
  const video = document.querySelector('video');
  const canvas = document.createElement('canvas');
  canvas.width = 64;
  canvas.height = 36;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  const bytes = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const grey = [];
  for (let i = 0; i < bytes.length; i += 4)
    grey.push((bytes[i] + bytes[i + 1] + bytes[i + 2]) / 3);
  const quality = video.getVideoPlaybackQuality();
  const sounds = video.webkitAudioDecodedByteCount;
  return {
    wall: performance.now() / 1000,
    time: video.currentTime,
    frames: quality.totalVideoFrames,
    dropped: quality.droppedVideoFrames,
    width: video.videoWidth,
    height: video.videoHeight,
    state: document.getElementById('state').textContent,
    sounds,
    grey,
  };
}

// The clock may run before a picture is there to be looked at.
function shows() {
  const video = document.querySelector('video');
  return video.currentTime > 0 && video.getVideoPlaybackQuality().totalVideoFrames > 1;
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function watch(page) {
  const samples = [];
  const pictures = [];
  const began = Date.now();
  while (Date.now() - began < given.seconds * 1000 + SAMPLE_MS / 2) {
    const { grey, ...sample } = await page.evaluate(look);
    sample.mean = mean(grey);
    const before = pictures[pictures.length - 5];
    sample.change = before ? mean(grey.map((value, i) => Math.abs(value - before[i]))) : null;
    pictures.push(grey);
    samples.push(sample);
    await page.waitForTimeout(began + samples.length * SAMPLE_MS - Date.now());
  }
  return samples;
}

// What the page says, and whether it leaves it at that.
async function readRefusal(page) {
  await page.waitForFunction(() => !document.getElementById('notice').hidden, null, { timeout: START_MS, polling: 50 });
  const read = () => page.evaluate(() => ['notice', 'state', 'toggle'].map((id) => document.getElementById(id).textContent));
  const first = await read();
  await page.waitForTimeout(REFUSAL_MS); // the window that is looked at
  return { first, then: await read() };
}

const seen = { errors: [], samples: [], supports: [], refusal: null };
try {
  const page = context.pages()[0] ?? await context.newPage();
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error')
      seen.errors.push(message.text());
  });
  await page.goto(given.url, { timeout: START_MS });
  const types = given.types ?? [];
  seen.supports = await page.evaluate((asked) => asked.map((type) => MediaSource.isTypeSupported(type)), types);
  const clicked = Date.now();
  await page.locator(`#streams li[data-name="${given.stream}"] button`).click({ timeout: START_MS });
  if (types.length > 0 && !seen.supports.includes(true)) {
    seen.refusal = await readRefusal(page);
  } else {
    await page.waitForFunction(shows, null, { timeout: START_MS, polling: 50 });
    seen.startSeconds = (Date.now() - clicked) / 1000;
    seen.samples = await watch(page);
  }
  await page.screenshot({ path: given.screenshot });
} catch (error) {
  seen.errors.push(String(error));
} finally {
  await context.close();
}
console.log(JSON.stringify(seen));
