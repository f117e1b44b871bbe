// The console: what the HTTP API says, asked again every two seconds. No build step, no state on the server.
//
// Page parameters: api=PORT and http=PORT for unusual ports, stream=ID for one that is open, view=NAME.
'use strict';

const POLL_MS = 2000;
const ASK_MS = 8000; // for one answer
const HISTORY = 300; // samples kept: ten minutes
const SPARK = 60; // of these in a small chart: two minutes
const STREAMS_MAX = 1000; // shown at once
const PAGE = 50; // clients on a page
const PAGE_STREAMS = 200; // streams of one answer

const byId = (id) => document.getElementById(id);
const page = new URLSearchParams(location.search);
const store = (() => {
  try {
    return sessionStorage;
  } catch (error) {
    return { getItem: () => null, setItem: () => {}, removeItem: () => {} };
  }
})();

// ---- where the API is ----

const host = location.hostname || 'localhost';
const secure = location.protocol === 'https:';

function port(name) {
  const given = page.get(name) || '';
  return /^[0-9]{1,5}$/.test(given) ? given : '';
}

const withHost = (number) => `${location.protocol}//${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${number}`;

// The page comes from the API's port, or from that of the HTTP server, which says so by its usual number.
let api = port('api') !== '' ? withHost(port('api')) : location.origin;

class Refused extends Error {
  constructor(code) {
    super(`the server answered ${code}`);
    this.code = code;
  }
}

async function ask(path, options = {}) {
  const headers = new Headers(options.headers);
  const secret = store.getItem('authorization');
  if (secret)
    headers.set('Authorization', secret);
  const response = await fetch(api + path, { ...options, headers, cache: 'no-store', signal: AbortSignal.timeout(ASK_MS) });
  if (response.status === 401) {
    signIn();
    throw new Refused(401);
  }
  if (!response.ok && response.status !== 400)
    throw new Refused(response.status);
  return response;
}

async function askJson(path, options) {
  const response = await ask(path, options);
  const answer = await response.json();
  if (answer.code)
    throw new Refused(answer.code);
  return answer;
}

// The first that has /api/v1/versions with our form of answer: this port, else the usual ones.
async function findApi() {
  if (port('api') !== '')
    return;
  for (const base of [location.origin, withHost(secure ? 1990 : 1985)]) {
    api = base;
    try {
      const answer = await (await fetch(`${base}/api/v1/`, { cache: 'no-store', signal: AbortSignal.timeout(ASK_MS) })).json();
      if (answer.urls)
        return;
    } catch (error) {
      // not there: the next one
    }
    try {
      if ((await fetch(`${base}/api/v1/`, { cache: 'no-store', signal: AbortSignal.timeout(ASK_MS) })).status === 401)
        return;
    } catch (error) {
      // nor does it want to know who we are
    }
  }
}

function signIn() {
  const dialog = byId('sign-in');
  if (!dialog.open)
    dialog.showModal();
}

byId('sign-in-form').addEventListener('submit', () => {
  const token = byId('sign-token').value.trim();
  const bytes = new TextEncoder().encode(`${byId('sign-user').value}:${byId('sign-password').value}`);
  store.setItem('authorization', token !== '' ? `Bearer ${token}` : `Basic ${btoa(String.fromCharCode(...bytes))}`);
  byId('sign-password').value = '';
  byId('sign-token').value = '';
  setTimeout(poll);
});

// ---- words ----

const NONE = '–';

function number(value) {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en') : NONE;
}

function digits(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function rate(kbps) {
  if (kbps === null || !Number.isFinite(kbps))
    return NONE;
  if (kbps < 1000)
    return `${kbps.toFixed(0)} kbit/s`;
  return kbps < 1e6 ? `${digits(kbps / 1e3)} Mbit/s` : `${digits(kbps / 1e6)} Gbit/s`;
}

function bytes(count) {
  if (!Number.isFinite(count))
    return NONE;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  while (count >= 1024 && at < units.length - 1) {
    count /= 1024;
    at++;
  }
  return at === 0 ? `${count} B` : `${digits(count)} ${units[at]}`;
}

function duration(seconds) {
  if (!Number.isFinite(seconds))
    return NONE;
  const s = Math.floor(seconds);
  if (s < 60)
    return `${s} s`;
  if (s < 3600)
    return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400)
    return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s % 86400 / 3600)} h`;
}

const plural = (count, word) => `${number(count)} ${word}${count === 1 ? '' : 's'}`;
const share = (value) => Number.isFinite(value) ? `${(100 * value).toFixed(0)} %` : NONE; // of one
const ms = (value) => Number.isFinite(value) ? `${number(value)} ms` : NONE;

function videoText(video) {
  if (!video)
    return 'no video';
  const size = video.width ? `${video.width} × ${video.height}` : '';
  const fps = video.fps ? `${Number(video.fps).toFixed(video.fps % 1 ? 2 : 0)} fps` : '';
  return [`${video.codec} ${video.profile ?? ''} ${video.level ?? ''}`.replace(/ +/g, ' ').trim(), size, fps].filter(Boolean).join(', ');
}

function audioText(audio) {
  if (!audio)
    return 'no audio';
  const rateText = audio.sample_rate ? `${audio.sample_rate / 1000} kHz` : '';
  const channels = audio.channel ? (audio.channel === 2 ? 'stereo' : audio.channel === 1 ? 'mono' : `${audio.channel} channels`) : '';
  return [`${audio.codec} ${audio.profile ?? ''}`.trim(), rateText, channels].filter(Boolean).join(', ');
}

// ---- the page ----

function setText(node, text) {
  if (node.textContent !== text)
    node.textContent = text;
}

function element(tag, className, text = '') {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

// Keeps the children of `list` in step with `items`: made once, changed in place, in the items' order.
function sync(list, items, keyOf, make, update) {
  const old = new Map([...list.children].map((node) => [node.dataset.key, node]));
  items.forEach((item, i) => {
    const key = keyOf(item);
    let node = old.get(key);
    if (node)
      old.delete(key);
    else {
      node = make(item);
      node.dataset.key = key;
    }
    update(node, item);
    if (list.children[i] !== node)
      list.insertBefore(node, list.children[i] ?? null);
  });
  for (const node of old.values())
    node.remove();
}

function showPairs(list, pairs) {
  sync(list, pairs, ([name]) => name, ([name]) => {
    const node = document.createElement('div');
    node.append(element('dt', '', name), element('dd', ''));
    return node;
  }, (node, [, text]) => setText(node.lastChild, text));
}

function confirmed(text, verb) {
  const dialog = byId('ask');
  setText(byId('ask-text'), text);
  setText(byId('ask-yes'), verb);
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener('close', () => done(dialog.returnValue === 'yes'), { once: true }));
}

// ---- samples ----

const totals = { at: 0, streams: [], viewers: [], in: [], out: [], cpu: [], memory: [] };
const sparks = Object.fromEntries(['streams', 'viewers', 'in', 'out', 'cpu', 'memory']
  .map((name) => [name, new Spark(byId(`spark-${name}`), SPARK)]));
const streams = new Map(); // by id: {item, in[], out[], viewers[], seen}

function push(list, value) {
  list.push(value);
  if (list.length > HISTORY)
    list.shift();
}

// Between two answers; null when there was none before or the counter began again.
function perSecond(now, before, seconds) {
  return before === undefined || seconds <= 0 || now < before ? null : (now - before) * 8 / 1000 / seconds;
}

function takeStreams(items, now) {
  const seconds = totals.at ? (now - totals.at) / 1000 : 0;
  for (const item of items) {
    const entry = streams.get(item.id) ?? { in: [], out: [] };
    const before = entry.item;
    push(entry.in, perSecond(item.recv_bytes, before?.recv_bytes, seconds));
    push(entry.out, perSecond(item.send_bytes, before?.send_bytes, seconds));
    entry.tracksBefore = new Map((before?.tracks ?? []).map((track) => [`${track.kind}${track.id}`, track.bytes]));
    entry.seconds = seconds;
    entry.item = item;
    entry.at = now;
    streams.set(item.id, entry);
  }
  for (const [id, entry] of streams)
    if (entry.at !== now)
      streams.delete(id);
}

const last = (list) => list.length > 0 ? list[list.length - 1] : null;
const nameOf = (item) => item.url.replace(/^\//, '');
const viewersOf = (item) => Math.max(0, item.clients - (item.publish.active ? 1 : 0));

async function allStreams() {
  const items = [];
  for (;;) {
    const answer = await askJson(`/api/v1/streams/?start=${items.length}&count=${PAGE_STREAMS}`);
    items.push(...answer.streams);
    const total = answer.total ?? items.length;
    if (answer.streams.length === 0 || items.length >= total || items.length >= STREAMS_MAX)
      return { items, total };
  }
}

// ---- totals ----

function sum(list, key) {
  return list.reduce((all, entry) => last(entry[key]) === null ? all : (all ?? 0) + last(entry[key]), null);
}

function showTotals(summary, total) {
  const entries = [...streams.values()];
  const live = entries.filter(({ item }) => item.publish.active).length;
  const viewers = entries.reduce((all, { item }) => all + viewersOf(item), 0);
  const self = summary?.self ?? {};
  const system = summary?.system ?? {};
  const cpu = 100 * self.cpu_percent; // the API's shares are of one
  const values = {
    streams: live, viewers, in: sum(entries, 'in'), out: sum(entries, 'out'),
    cpu: Number.isFinite(cpu) ? cpu : null, memory: Number.isFinite(self.mem_kbyte) ? self.mem_kbyte : null,
  };
  for (const [name, value] of Object.entries(values))
    push(totals[name], value);
  const text = {
    streams: number(live), viewers: number(viewers), in: rate(values.in), out: rate(values.out),
    cpu: values.cpu === null ? NONE : `${values.cpu.toFixed(0)} %`,
    memory: values.memory === null ? NONE : bytes(values.memory * 1024),
  };
  const notes = {
    streams: total > live ? `${number(total - live)} without a publisher` : 'all have a publisher',
    viewers: `${plural(system.conn_srs ?? NaN, 'connection')}`,
    in: `${bytes(system.srs_recv_bytes ?? NaN)} so far`,
    out: `${bytes(system.srs_send_bytes ?? NaN)} so far`,
    cpu: `of one core; machine ${share(system.cpu_percent)}`,
    memory: `machine ${share(system.mem_ram_percent)} in use`,
  };
  const least = { streams: 1, viewers: 1, in: 100, out: 100, cpu: 10, memory: 65536 };
  for (const name of Object.keys(values)) {
    // A number and its unit: the unit is smaller.
    const [value, ...unit] = text[name].split(' ');
    const node = byId(`tile-${name}`);
    if (node.children.length !== 2)
      node.replaceChildren(element('span', 'value'), element('span', 'unit'));
    setText(node.children[0], value);
    setText(node.children[1], unit.length > 0 ? ` ${unit.join(' ')}` : '');
    setText(byId(`tile-${name}-note`), notes[name]);
    sparks[name].draw(totals[name], least[name]);
  }
}

// ---- streams ----

let current = page.get('stream') || '';

function makeStream(item) {
  const row = element('li', 'row');
  const button = element('button', 'stream');
  button.type = 'button';
  const names = element('span', 'names');
  names.append(element('strong', 'name', nameOf(item)), element('span', 'soft about'));
  const spark = element('span', 'spark');
  const rates = element('span', 'num rates');
  rates.append(element('span', 'in'), element('span', 'out'));
  button.append(element('span', 'dot'), names, spark, element('span', 'num viewers'), rates);
  button.addEventListener('click', () => choose(item.id === current ? '' : item.id));
  row.append(button);
  row.spark = new Spark(spark, SPARK);
  return row;
}

function updateStream(row, item) {
  const entry = streams.get(item.id);
  const button = row.firstChild;
  const part = (name) => button.querySelector(name);
  button.dataset.live = item.publish.active;
  button.setAttribute('aria-pressed', item.id === current);
  setText(part('.about'), item.publish.active ? `${videoText(item.video)} · ${audioText(item.audio)}` : 'waits for a publisher');
  setText(part('.viewers'), plural(viewersOf(item), 'viewer'));
  setText(part('.in'), `in ${rate(last(entry.in))}`);
  setText(part('.out'), `out ${rate(last(entry.out))}`);
  row.spark.draw(entry.in, 100);
}

function showStreams(total) {
  const wanted = byId('stream-filter').value.trim().toLowerCase();
  const items = [...streams.values()].map(({ item }) => item)
    .filter((item) => nameOf(item).toLowerCase().includes(wanted))
    .sort((a, b) => nameOf(a).localeCompare(nameOf(b), 'en', { numeric: true }));
  sync(byId('streams'), items, (item) => item.id, makeStream, updateStream);
  const cut = total > streams.size ? `, the first ${number(streams.size)} of ${number(total)}` : '';
  setText(byId('streams-note'), streams.size === 0 ? 'Nobody publishes.' : `${plural(items.length, 'stream')}${cut}`);
}

// ---- one stream ----

const chart = new Chart(byId('chart'), HISTORY, POLL_MS, ['in', 'out'], rate, (text) => setText(byId('chart-value'), text));
const player = { it: null, stream: '' };
let ports = { http: port('http') || (secure ? '8088' : '8080'), rtmp: '1935' };

function choose(id) {
  stopPlayer();
  current = id;
  if (id !== '')
    page.set('stream', id);
  else
    page.delete('stream');
  history.replaceState(null, '', `?${page}`);
  byId('view-streams').classList.toggle('open', id !== '');
  showStreams(streams.size);
  showDetail();
  if (id !== '')
    showDetailClients().catch(() => {});
}

function trackText(track, entry) {
  const before = entry.tracksBefore.get(`${track.kind}${track.id}`);
  const now = perSecond(track.bytes, before, entry.seconds);
  return `${track.kind} ${track.id}: ${track.kind === 'video' ? videoText(track) : track.kind === 'audio' ? audioText(track) : track.codec}, ` +
    `${rate(now ?? track.kbps ?? null)}`;
}

function streamUrls(item) {
  const path = nameOf(item).split('/').map(encodeURIComponent);
  // A URL of a stream in another vhost begins with the vhost's name.
  const vhost = path.length > 2 && !item.url.startsWith('/') ? path.shift() : '';
  const name = path.join('/');
  const query = vhost !== '' ? `?vhost=${vhost}` : '';
  const at = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return {
    rtmp: `rtmp://${at}${ports.rtmp === '1935' ? '' : `:${ports.rtmp}`}/${name}${query}`,
    flv: `${location.protocol}//${at}:${ports.http}/${name}.flv${query}`,
  };
}

function showDetail() {
  const entry = streams.get(current);
  byId('detail-empty').hidden = entry !== undefined || current === '';
  byId('detail-body').hidden = entry === undefined;
  if (entry === undefined)
    return;
  const { item } = entry;
  setText(byId('detail-name'), nameOf(item));
  chart.draw([entry.in, entry.out]);
  showPairs(byId('facts'), [
    ['State', item.publish.active ? 'live' : 'waits for a publisher'],
    ['Published by', item.publish.protocol ? `${item.publish.protocol} from ${item.publish.ip}` : NONE],
    ['Since', duration(item.publish.alive ?? NaN)],
    ['In, 30 s', rate(item.kbps.recv_30s)],
    ['Out, 30 s', rate(item.kbps.send_30s)],
    ['Received', bytes(item.recv_bytes)],
    ['Sent', bytes(item.send_bytes)],
    ['Frames', `${number(item.video_frames ?? item.frames)} video, ${number(item.audio_frames ?? NaN)} audio`],
    ['Gop', Number.isFinite(item.gop_length_ms) ? `${(item.gop_length_ms / 1000).toFixed(1)} s, ${bytes(item.gop_bytes)}` : NONE],
    ['Audio to video', Number.isFinite(item.av_skew_ms) ? `${item.av_skew_ms} ms` : NONE],
    ['Jumps in time', number(item.jumps)],
    ['Dropped for slow viewers', number(item.dropped)],
  ]);
  const tracks = item.tracks ?? [];
  const shown = tracks.length > 0 ? tracks.map((track) => [`${track.kind}${track.id}`, trackText(track, entry)])
    : [['video', videoText(item.video)], ['audio', audioText(item.audio)]];
  sync(byId('tracks'), shown, ([key]) => key, () => element('li', ''), (node, [, text]) => setText(node, text));
  const urls = streamUrls(item);
  showPairs(byId('urls'), [['RTMP', urls.rtmp], ['HTTP-FLV', urls.flv]]);
  byId('end-stream').disabled = !item.publish.active;
}

function stopPlayer() {
  const it = player.it;
  player.it = null;
  byId('play').hidden = false;
  byId('video').controls = false;
  if (it)
    it.destroy();
}

function sayAtPicture(text) {
  const note = byId('play-note');
  note.hidden = text === '';
  setText(note, text);
}

function startPlayer() {
  const entry = streams.get(current);
  stopPlayer();
  sayAtPicture('');
  if (typeof mpegts === 'undefined' || !mpegts.isSupported()) {
    sayAtPicture(typeof mpegts === 'undefined' ? 'The player library is missing on this server (npm package mpegts.js).'
      : 'This browser has no Media Source Extensions.');
    return;
  }
  const it = mpegts.createPlayer({ type: 'flv', isLive: true, url: streamUrls(entry.item).flv },
    { isLive: true, enableStashBuffer: false, liveBufferLatencyChasing: true, autoCleanupSourceBuffer: true });
  player.it = it;
  it.on(mpegts.Events.ERROR, (type, detail) => setTimeout(() => {
    if (player.it !== it)
      return;
    stopPlayer();
    sayAtPicture(`Cannot play: ${detail}`);
  }));
  it.on(mpegts.Events.LOADING_COMPLETE, () => setTimeout(() => {
    if (player.it !== it)
      return;
    stopPlayer();
    sayAtPicture('The stream ended.');
  }));
  it.attachMediaElement(byId('video'));
  it.load();
  const started = it.play();
  if (started)
    started.catch(() => {});
  byId('play').hidden = true;
  byId('video').controls = true;
}

async function endStream() {
  const entry = streams.get(current);
  if (!entry || !await confirmed(`End the publisher of ${nameOf(entry.item)}? It may come back at once.`, 'End it'))
    return;
  await askJson(`/api/v1/streams/${entry.item.id}`, { method: 'DELETE' }).catch(complain);
  poll();
}

// ---- clients ----

let clientsFrom = 0;

function makeClient(item) {
  const row = element('li', 'row client');
  const names = element('span', 'names');
  names.append(element('strong', 'name'), element('span', 'soft about'));
  const kick = element('button', 'danger kick', 'Kick');
  kick.type = 'button';
  kick.setAttribute('aria-label', `Kick ${item.id}`);
  kick.addEventListener('click', async () => {
    if (!await confirmed(`End the connection of ${item.ip} (${item.type})?`, 'Kick'))
      return;
    await askJson(`/api/v1/clients/${item.id}`, { method: 'DELETE' }).catch(complain);
    poll();
  });
  row.append(names, element('span', 'num rates'), element('span', 'num queue'), kick);
  return row;
}

function updateClient(row, item) {
  setText(row.querySelector('.name'), `${item.ip}`);
  setText(row.querySelector('.about'), `${item.type} · ${item.url.replace(/^\//, '')} · ${duration(item.alive)} · ${item.id}`);
  setText(row.querySelector('.rates'), item.publish ? `in ${rate(item.kbps.recv_30s)}` : `out ${rate(item.kbps.send_30s)}`);
  setText(row.querySelector('.queue'), item.publish ? 'publishes' : `queue ${ms(item.queue_ms)}${item.skipped ? `, skipped ${number(item.skipped)}` : ''}`);
}

function showClientList(list, items) {
  sync(list, items, (item) => item.id, makeClient, updateClient);
}

async function showClients() {
  const answer = await askJson(`/api/v1/clients/?start=${clientsFrom}&count=${PAGE}`);
  const total = answer.total ?? answer.clients.length;
  if (answer.clients.length === 0 && clientsFrom > 0) {
    clientsFrom = Math.max(0, Math.floor((total - 1) / PAGE) * PAGE);
    return;
  }
  showClientList(byId('clients'), answer.clients);
  setText(byId('clients-note'), total === 0 ? 'No clients.'
    : `${number(clientsFrom + 1)} to ${number(clientsFrom + answer.clients.length)} of ${plural(total, 'client')}`);
  byId('clients-back').disabled = clientsFrom === 0;
  byId('clients-next').disabled = clientsFrom + PAGE >= total;
}

async function showDetailClients() {
  const id = current;
  if (!streams.has(id))
    return;
  const answer = await askJson(`/api/v1/clients/?stream=${encodeURIComponent(id)}&count=${PAGE}`);
  if (id !== current)
    return;
  const items = answer.clients.filter((item) => item.stream === id);
  showClientList(byId('detail-clients'), items);
  setText(byId('detail-clients-note'), items.length < answer.total ? `the first ${items.length} of ${number(answer.total)}` : plural(items.length, 'client'));
}

// ---- server and configuration ----

function showServer(summary) {
  const self = summary?.self ?? {};
  const system = summary?.system ?? {};
  showPairs(byId('server-self'), [
    ['Version', self.version ?? NONE], ['Process', self.pid === undefined ? NONE : `${self.pid}, parent ${self.ppid}`],
    ['Program', self.argv ?? NONE], ['Directory', self.cwd ?? NONE], ['Up', duration(self.srs_uptime)],
    ['Memory', bytes((self.mem_kbyte ?? NaN) * 1024)], ['Processor', share(self.cpu_percent)],
    ['Connections', number(system.conn_srs)],
  ]);
  showPairs(byId('server-system'), [
    ['Processors', system.cpus === undefined ? NONE : `${system.cpus_online} of ${system.cpus}`], ['In use', share(system.cpu_percent)],
    ['Load', [system.load_1m, system.load_5m, system.load_15m].map((value) => Number.isFinite(value) ? value.toFixed(2) : NONE).join('  ')],
    ['Memory', `${bytes((system.mem_ram_kbyte ?? NaN) * 1024)}, ${share(system.mem_ram_percent)} in use`],
    ['Swap', share(system.mem_swap_percent)],
    ['Disk', `${number(system.disk_read_KBps)} KiB/s read, ${number(system.disk_write_KBps)} written, ${share(system.disk_busy_percent)} busy`],
    ['Sockets', `${number(system.conn_sys_et)} TCP in use, ${number(system.conn_sys_tw)} waiting, ${number(system.conn_sys_udp)} UDP`],
    ['Up', duration(system.uptime)],
  ]);
}

async function showVhosts() {
  const { vhosts } = await askJson('/api/v1/vhosts/');
  sync(byId('vhosts'), vhosts, (item) => item.id, () => element('li', ''), (node, item) => setText(node,
    `${item.name}: ${item.enabled ? plural(item.streams, 'stream') : 'off'}, ${plural(item.clients, 'client')}, ` +
    `in ${rate(item.kbps.recv_30s)}, out ${rate(item.kbps.send_30s)}`));
}

// A restart's names directives, the others are sentences.
function warningText({ from, text }) {
  if (from === 'restart')
    return `Takes effect at the next start: ${text}`;
  return from === 'reload' ? `The last reload was refused: ${text}` : text;
}

async function showWarnings() {
  const answer = await askJson('/api/v1/warnings');
  const warnings = answer.warnings.map(warningText);
  const count = byId('warning-count');
  count.hidden = warnings.length === 0;
  setText(count, String(warnings.length));
  setText(byId('warnings-note'), warnings.length === 0 ? 'The configuration in force has none.' : plural(warnings.length, 'warning'));
  sync(byId('warnings'), warnings.map((text, i) => [`${i}${text}`, text]), ([key]) => key, () => element('li', ''),
    (node, [, text]) => setText(node, text));
}

async function showConfig() {
  const response = await ask('/api/v1/config?format=conf');
  setText(byId('config-text'), await response.text());
}

async function findPorts() {
  const { data: { config: data } } = await askJson('/api/v1/config');
  const first = (endpoint) => String(Array.isArray(endpoint) ? endpoint[0] : endpoint ?? '').match(/([0-9]+)$/)?.[1];
  const http = data.http_server ?? {};
  ports = {
    http: port('http') || (secure ? first(http.https?.listen) : first(http.listen)) || ports.http,
    rtmp: port('rtmp') || first(data.rtmp?.listen) || ports.rtmp,
  };
}

async function checkConfig() {
  const note = byId('check-note');
  setText(note, 'Checking …');
  try {
    const response = await ask('/api/v1/config/check', { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: byId('check-text').value });
    const { data, code } = await response.json();
    const found = [...(data?.errors ?? []).map(({ text }) => text), ...(data?.warnings ?? []).map((text) => `warning: ${text}`)];
    setText(note, data?.ok ? 'Good.' : `Not good${data ? '' : ` (${code})`}.`);
    sync(byId('check-found'), found.map((text, i) => [`${i}${text}`, text]), ([key]) => key, () => element('li', ''),
      (node, [, text]) => setText(node, text));
  } catch (error) {
    setText(note, `The server did not say: ${error.message}`);
  }
}

async function reload() {
  const note = byId('reload-note');
  setText(note, 'Asking …');
  try {
    await askJson('/api/v1/raw?rpc=reload');
    for (let i = 0; i < 20; i++) {
      await new Promise((done) => setTimeout(done, 250));
      const { data } = await askJson('/api/v1/raw?rpc=reload-fetch');
      if (data.state === 90 || data.err !== 0) {
        setText(note, data.err === 0 ? 'Reloaded.' : `Not reloaded: ${data.msg}`);
        break;
      }
    }
    await Promise.all([showWarnings(), showConfig()]);
  } catch (error) {
    setText(note, error.code === 1061 ? 'Not allowed: http_api.raw_api wants enabled on and allow_reload on.' : `Not reloaded: ${error.message}`);
  }
}

// ---- views ----

const views = ['streams', 'clients', 'server', 'config'];
let view = views.includes(page.get('view')) ? page.get('view') : 'streams';

function showView(name, focus) {
  view = name;
  page.set('view', name);
  history.replaceState(null, '', `?${page}`);
  for (const each of views) {
    const tab = byId(`tab-${each}`);
    tab.setAttribute('aria-selected', each === name);
    tab.tabIndex = each === name ? 0 : -1;
    byId(`view-${each}`).hidden = each !== name;
  }
  if (focus)
    byId(`tab-${name}`).focus();
  if (name === 'config')
    Promise.all([showWarnings(), showConfig()]).catch(complain);
  poll();
}

views.forEach((name, i) => {
  byId(`tab-${name}`).addEventListener('click', () => showView(name, false));
  byId(`tab-${name}`).addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: views.length - 1 }[event.key];
    if (step)
      showView(views[(i + step) % views.length], true);
  });
});

// ---- the clock of it all ----

function setHealth(state, text) {
  byId('health').dataset.state = state;
  setText(byId('health-text'), text);
}

function complain(error) {
  setHealth('bad', error.code ? `Refused: ${error.message}` : 'The server does not answer');
}

async function takeSample() {
  const [summary, { items, total }] = await Promise.all([askJson('/api/v1/summaries'), allStreams()]);
  const now = performance.now();
  const { self } = summary.data;
  takeStreams(items, now);
  totals.at = now;
  setText(byId('identity'), `${self.version}, ${summary.server}, up ${duration(self.srs_uptime)}`);
  showTotals(summary.data, total);
  showStreams(total);
  showDetail();
  showServer(summary.data);
}

async function showLists() {
  if (view === 'clients')
    await showClients();
  else if (view === 'server')
    await showVhosts();
  else if (view === 'streams' && current !== '')
    await showDetailClients();
}

let timer = 0;
let running = false;

async function poll() {
  if (running)
    return;
  running = true;
  clearTimeout(timer);
  try {
    // Rates over a short time are noise: a question out of turn only brings the view up to date.
    if (performance.now() - totals.at >= 0.75 * POLL_MS || totals.at === 0)
      await takeSample();
    await showLists();
    setHealth('good', 'Live');
  } catch (error) {
    complain(error);
  }
  running = false;
  timer = setTimeout(poll, document.hidden ? 5 * POLL_MS : POLL_MS);
}

document.addEventListener('visibilitychange', () => document.hidden || poll());
byId('stream-filter').addEventListener('input', () => showStreams(streams.size));
byId('detail-close').addEventListener('click', () => choose(''));
byId('play').addEventListener('click', startPlayer);
byId('end-stream').addEventListener('click', endStream);
byId('clients-back').addEventListener('click', () => {
  clientsFrom = Math.max(0, clientsFrom - PAGE);
  poll();
});
byId('clients-next').addEventListener('click', () => {
  clientsFrom += PAGE;
  poll();
});
byId('reload').addEventListener('click', reload);
byId('check').addEventListener('click', checkConfig);
byId('theme').addEventListener('click', () => {
  const dark = getComputedStyle(document.documentElement).colorScheme.trim() === 'dark' ||
    (!document.documentElement.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'light' : 'dark';
  store.setItem('theme', document.documentElement.dataset.theme);
});

const theme = store.getItem('theme');
if (theme)
  document.documentElement.dataset.theme = theme;
byId('view-streams').classList.toggle('open', current !== '');
findApi().then(() => {
  showView(view, false);
  findPorts().catch(() => {});
  showWarnings().catch(() => {});
});
