// The player page: HTTP-FLV and WebSocket-FLV by mpegts.js, URLs to copy, the list of live streams. No build step.
//
// Page parameters: stream=app/name, transport=ws, autoplay=1, and api=PORT and rtmp=PORT for unusual ports.
'use strict';

const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 8000;
const STALL_MS = 10000; // a connection that is open and brings nothing
const STEADY_MS = 5000; // played that long: the next failure starts with a short wait again
const STATUS_MS = 500;
const LIST_MS = 3000;
const LIST_TIMEOUT_MS = 2500;

const byId = (id) => document.getElementById(id);
const page = new URLSearchParams(location.search);
const video = byId('video');
const input = byId('stream');
const transport = byId('transport');

function port(name, usual) {
  const given = page.get(name) || '';
  return /^[0-9]{1,5}$/.test(given) ? given : usual;
}

// ---- where things are ----

const host = location.hostname || 'localhost';
const secure = location.protocol === 'https:';
const origin = location.host ? location.origin : 'http://localhost:8080';
const api = `${secure ? 'https' : 'http'}://${host}:${port('api', secure ? '1990' : '1985')}`;
const rtmpPort = port('rtmp', '1935');

// "/live/a b?token=x" -> {path: "live/a%20b", query: "?token=x"}
function parts(stream) {
  const text = stream.trim().replace(/^\/+/, '');
  const mark = text.indexOf('?');
  const name = mark < 0 ? text : text.slice(0, mark);
  const escape = (segment) => {
    try {
      return encodeURIComponent(decodeURIComponent(segment));
    } catch (error) {
      return encodeURIComponent(segment);
    }
  };
  return {
    path: name.replace(/\.flv$/, '').split('/').map(escape).join('/'),
    query: mark < 0 ? '' : text.slice(mark),
  };
}

function urlsOf(stream) {
  const { path, query } = parts(stream);
  return {
    rtmp: `rtmp://${host}${rtmpPort === '1935' ? '' : `:${rtmpPort}`}/${path}${query}`,
    flv: `${origin}/${path}.flv${query}`,
    ws: `${origin.replace(/^http/, 'ws')}/${path}.flv${query}`,
  };
}

// For a shell: what holds anything unusual is quoted.
function word(text) {
  return /^[\w@%+=:,./[\]-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
}

function rowsOf(stream) {
  const { rtmp, flv, ws } = urlsOf(stream);
  const to = `-f flv ${word(rtmp)}`;
  return [
    ['RTMP (publish and play)', rtmp],
    ['HTTP-FLV (play)', flv],
    ['WebSocket-FLV (play)', ws],
    ['Publish a file with ffmpeg', `ffmpeg -re -stream_loop -1 -i input.mp4 -c copy ${to}`],
    ['Publish a test picture with ffmpeg',
      'ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440 ' +
      '-c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -g 60 -c:a aac ' + to],
    ['Play RTMP with ffplay', `ffplay -fflags nobuffer ${word(rtmp)}`],
    ['Play HTTP-FLV with ffplay', `ffplay -fflags nobuffer ${word(flv)}`],
  ];
}

// ---- URLs and copying ----

function copyOld(code) {
  const range = document.createRange();
  range.selectNodeContents(code);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  return document.execCommand('copy'); // the only way on a page that came over plain HTTP
}

async function copy(button, code, title) {
  let done = false;
  try {
    await navigator.clipboard.writeText(code.textContent);
    done = true;
  } catch (error) {
    done = copyOld(code);
  }
  const say = (text) => {
    button.textContent = text;
    button.setAttribute('aria-label', `${text}: ${title}`);
  };
  say(done ? 'Copied' : 'Selected');
  setTimeout(say, 1500, 'Copy');
}

function addUrlRow(title) {
  const dt = document.createElement('dt');
  const value = document.createElement('dd');
  const action = document.createElement('dd');
  const code = document.createElement('code');
  const button = document.createElement('button');
  dt.textContent = title;
  button.type = 'button';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', `Copy: ${title}`);
  button.addEventListener('click', () => copy(button, code, title));
  value.append(code);
  action.append(button);
  byId('urls').append(dt, value, action);
  return code;
}

function showUrls() {
  const rows = rowsOf(input.value);
  if (!showUrls.codes)
    showUrls.codes = rows.map(([title]) => addUrlRow(title));
  rows.forEach(([, text], i) => { showUrls.codes[i].textContent = text; });
}

// ---- playing ----

const live = {
  player: null,
  wanted: false,
  stream: '',
  transport: 'http',
  retryMs: RETRY_FIRST_MS,
  retryTimer: 0,
  retryAt: 0, // 0: not waiting to try again
  reason: '',
  refusal: '', // why it was given up
  movedAt: 0, // when the picture last went on
  startedAt: 0, // when it began to
  lastTime: 0,
  lastBuffered: 0,
};

function setState(text) {
  const state = byId('state');
  if (state.textContent !== text)
    state.textContent = text;
}

function setNotice(text) {
  const notice = byId('notice');
  notice.textContent = text;
  notice.hidden = text === '';
}

// Empty if this page can play.
function whatIsMissing() {
  if (typeof mpegts === 'undefined')
    return 'The player library is missing: this server has no /mpegts.js (npm package mpegts.js, ' +
      'file dist/mpegts.js). The URLs and commands on this page work with other players.';
  if (!mpegts.isSupported())
    return 'This browser has no Media Source Extensions with H.264, which this player needs. ' +
      'The URLs and commands on this page work with other players.';
  return '';
}

const CODEC_NAMES = { avc1: 'H.264', hvc1: 'H.265', hev1: 'H.265', av01: 'AV1', mp4a: 'AAC', opus: 'Opus', 'ac-3': 'AC-3', 'ec-3': 'E-AC-3' };

// Of a codec as Media Source Extensions write it: hvc1.1.6.L93.B0.
function notPlayable(codec) {
  const name = CODEC_NAMES[codec.split('.')[0].toLowerCase()];
  return `This browser does not play ${name ? `${name} (${codec})` : codec}`;
}

// Of what the library has read at the start of the stream; empty if the browser has its codec.
function refusalOfPicture(codec) {
  const source = self.MediaSource || self.ManagedMediaSource;
  return !codec || source.isTypeSupported(`video/mp4; codecs="${codec}"`) ? '' : notPlayable(codec);
}

// Empty for an error after which another attempt may go well.
function refusalOf(detail, info) {
  if (detail === mpegts.ErrorDetails.MEDIA_CODEC_UNSUPPORTED)
    return `The player library does not know a codec of this stream (${info.msg})`;
  if (detail !== mpegts.ErrorDetails.MEDIA_MSE_ERROR || info.code !== DOMException.NOT_SUPPORTED_ERR)
    return '';
  const type = /codecs="?([\w.-]+)/.exec(info.msg);
  return notPlayable(type ? type[1] : 'a codec of this stream');
}

// Colors of Enhanced RTMP: the library does not know that message, says so and goes on without it.
function isHarmless(detail, info) {
  return detail === mpegts.ErrorDetails.MEDIA_FORMAT_ERROR && /packet type 4$/.test(info.msg);
}

function dropPlayer() {
  const player = live.player;
  live.player = null;
  if (!player)
    return;
  try {
    player.destroy();
  } catch (error) {
    console.warn('player was not destroyed cleanly', error);
  }
}

function retry(reason) {
  if (!live.wanted)
    return;
  dropPlayer();
  live.startedAt = 0;
  clearTimeout(live.retryTimer);
  live.retryAt = performance.now() + live.retryMs;
  live.reason = reason;
  live.retryTimer = setTimeout(open, live.retryMs);
  live.retryMs = Math.min(live.retryMs * 2, RETRY_MAX_MS);
  showStatus();
}

function reasonOf(detail, info) {
  if (detail === mpegts.ErrorDetails.NETWORK_STATUS_CODE_INVALID)
    return info.code === 404 ? 'No such stream yet' : `The server answered ${info.code}`;
  if (detail === mpegts.ErrorDetails.NETWORK_EXCEPTION)
    return 'The server is not reachable';
  return `Cannot play (${detail})`;
}

function open() {
  live.retryAt = 0;
  live.movedAt = performance.now();
  live.lastTime = 0;
  live.lastBuffered = 0;
  const { flv, ws } = urlsOf(live.stream);
  const player = mpegts.createPlayer(
    { type: 'flv', isLive: true, url: live.transport === 'ws' ? ws : flv },
    {
      isLive: true,
      enableStashBuffer: false,
      liveBufferLatencyChasing: true,
      liveBufferLatencyMaxLatency: 1.5,
      liveBufferLatencyMinRemain: 0.4,
      autoCleanupSourceBuffer: true,
    });
  live.player = player;
  const ifCurrent = (action) => (...args) => {
    if (live.player === player)
      action(...args);
  };
  const giveUpIf = (refusal) => {
    if (refusal !== '')
      setTimeout(ifCurrent(() => giveUp(refusal)));
    return refusal !== '';
  };
  player.on(mpegts.Events.MEDIA_INFO, ifCurrent((info) => giveUpIf(refusalOfPicture(info.videoCodec))));
  player.on(mpegts.Events.ERROR, ifCurrent((type, detail, info) => {
    if (!isHarmless(detail, info) && !giveUpIf(refusalOf(detail, info)))
      setTimeout(ifCurrent(() => retry(reasonOf(detail, info))));
  }));
  player.on(mpegts.Events.LOADING_COMPLETE,
    ifCurrent(() => setTimeout(ifCurrent(() => retry('The stream ended')))));
  player.attachMediaElement(video);
  player.load();
  const started = player.play();
  if (started)
    started.catch(ifCurrent((error) => {
      if (error.name === 'NotAllowedError')
        setNotice('The browser wants a click: press play in the picture.');
    }));
  showStatus();
}

function stop() {
  live.wanted = false;
  live.refusal = '';
  clearTimeout(live.retryTimer);
  live.retryAt = 0;
  live.startedAt = 0;
  dropPlayer();
  byId('toggle').textContent = 'Play';
  setNotice(whatIsMissing());
  showStatus();
  markCurrent();
}

// What would fail each time is not tried again.
function giveUp(refusal) {
  stop();
  live.refusal = refusal;
  setNotice(`${refusal}. The URLs and commands on this page work with other players.`);
  showStatus();
}

function play(stream) {
  stop();
  const missing = whatIsMissing();
  if (missing !== '')
    return;
  live.wanted = true;
  live.stream = stream;
  live.transport = transport.value;
  live.retryMs = RETRY_FIRST_MS;
  byId('toggle').textContent = 'Stop';
  page.set('stream', stream);
  page.set('transport', live.transport);
  if (location.host)
    history.replaceState(null, '', `?${page}`);
  open();
  markCurrent();
}

// ---- status ----

function bufferedEnd() {
  const ranges = video.buffered;
  return ranges.length > 0 ? ranges.end(ranges.length - 1) : 0;
}

function watch(now) {
  const end = bufferedEnd();
  if (video.currentTime !== live.lastTime || end !== live.lastBuffered)
    live.movedAt = now;
  if (video.currentTime !== live.lastTime && live.startedAt === 0)
    live.startedAt = now;
  live.lastTime = video.currentTime;
  live.lastBuffered = end;
  if (live.startedAt > 0 && now - live.startedAt > STEADY_MS)
    live.retryMs = RETRY_FIRST_MS;
  if (live.startedAt > 0 && !video.paused && now - live.movedAt > STALL_MS)
    retry('Nothing arrives');
}

function stateText(now) {
  if (live.refusal !== '')
    return live.refusal;
  if (!live.wanted)
    return whatIsMissing() === '' ? 'Stopped' : 'Player not available';
  if (live.retryAt > 0)
    return `${live.reason}, again in ${Math.max(1, Math.ceil((live.retryAt - now) / 1000))} s`;
  if (live.startedAt === 0)
    return 'Waiting for the stream';
  if (video.paused)
    return 'Paused';
  return now - live.movedAt > 2000 ? 'Buffering' : 'Playing';
}

function showStatus() {
  const now = performance.now();
  const playing = live.player !== null && live.startedAt > 0;
  const delay = bufferedEnd() - video.currentTime;
  const quality = video.getVideoPlaybackQuality ? video.getVideoPlaybackQuality() : null;
  setState(stateText(now));
  byId('delay').textContent = playing && delay >= 0 ? `${delay.toFixed(2)} s` : '–';
  byId('dropped').textContent = playing && quality
    ? `${quality.droppedVideoFrames} of ${quality.totalVideoFrames}` : '–';
  byId('resolution').textContent = playing && video.videoWidth > 0
    ? `${video.videoWidth} × ${video.videoHeight}` : '–';
}

// ---- live streams ----

function describe(stream) {
  const picture = stream.video
    ? `${stream.video.codec} ${stream.video.width} × ${stream.video.height}` : 'no video';
  const audio = stream.audio ? stream.audio.codec : 'no audio';
  const viewers = Number(stream.clients) || 0;
  return `${picture}, ${audio}, ${viewers} ${viewers === 1 ? 'client' : 'clients'}`;
}

function newItem(name) {
  const item = document.createElement('li');
  const button = document.createElement('button');
  const about = document.createElement('span');
  item.dataset.name = name;
  button.type = 'button';
  button.append(name, about);
  button.addEventListener('click', () => {
    input.value = name;
    showUrls();
    play(name);
  });
  item.append(button);
  return item;
}

function markCurrent() {
  for (const item of byId('streams').children)
    item.firstChild.setAttribute('aria-pressed',
      String(live.wanted && item.dataset.name === live.stream));
}

// Items that stay are kept, so that focus and scrolling do.
function showStreams(streams) {
  const list = byId('streams');
  const old = new Map([...list.children].map((item) => [item.dataset.name, item]));
  const found = new Map();
  for (const stream of streams)
    if (stream.publish && stream.publish.active)
      found.set(`${stream.app}/${stream.name}`, describe(stream));
  const names = [...found.keys()].sort();
  for (const [name, item] of old)
    if (!found.has(name))
      item.remove();
  names.forEach((name, i) => {
    const item = old.get(name) || newItem(name);
    const about = item.querySelector('span');
    if (about.textContent !== found.get(name))
      about.textContent = found.get(name);
    if (list.children[i] !== item)
      list.insertBefore(item, list.children[i] || null);
  });
  setListNote(names.length === 0 ? 'Nobody is publishing now.' : 'Click one to play it.');
  markCurrent();
}

function setListNote(text) {
  const note = byId('streams-note');
  if (note.textContent !== text)
    note.textContent = text;
}

async function poll() {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), LIST_TIMEOUT_MS);
  try {
    const answer = await fetch(`${api}/api/v1/streams/?count=100`,
      { signal: abort.signal, cache: 'no-store' });
    const body = await answer.json();
    showStreams(Array.isArray(body.streams) ? body.streams : []);
  } catch (error) {
    byId('streams').replaceChildren();
    setListNote(`The HTTP API at ${api} does not answer.`);
  } finally {
    clearTimeout(timer);
    setTimeout(poll, LIST_MS);
  }
}

// ---- start ----

byId('form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (live.wanted && live.stream === input.value.trim())
    stop();
  else
    play(input.value.trim());
});
input.addEventListener('input', () => {
  showUrls();
  byId('toggle').textContent = live.wanted && live.stream === input.value.trim() ? 'Stop' : 'Play';
});
transport.addEventListener('change', () => {
  if (live.wanted)
    play(live.stream);
});
if (page.get('stream'))
  input.value = page.get('stream');
transport.value = page.get('transport') === 'ws' ? 'ws' : 'http';
video.muted = true;
showUrls();
setNotice(whatIsMissing());
showStatus();
setInterval(() => {
  if (live.player)
    watch(performance.now());
  showStatus();
}, STATUS_MS);
poll();
if (page.get('autoplay') === '1')
  play(input.value.trim());
