// The console: what the HTTP API says, asked again every two seconds. No build step, no state on the server.
//
// Page parameters: stream=URL for one that is open, view=NAME; http=PORT for an unusual port of the HTTP server, rtmp=PORT.
'use strict';

const POLL_MS = 2000;
const SELDOM_MS = 10000; // for what rarely changes
const HISTORY = 300; // samples kept: ten minutes
const SPARK = 60; // of these in a small chart: two minutes
const STREAMS_MAX = 2000; // looked at
const STREAMS_ASKED = 200; // in one answer
const STREAMS_PAGE = 100; // shown at once
const CLIENTS_PAGE = 50;
const TOLD_MS = 6000;

const themes = openStore('localStorage');

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
const ms = (value) => Number.isFinite(value) ? `${number(value)} ms` : NONE;
const percent = (share) => Number.isFinite(share) ? `${(share * 100).toFixed(0)} %` : NONE;

function videoText(video) {
  if (!video)
    return 'no video';
  const size = video.width ? `${video.width} × ${video.height}` : '';
  return [`${video.codec} ${video.profile ?? ''} ${video.level ?? ''}`.replace(/ +/g, ' ').trim(), size].filter(Boolean).join(', ');
}

function audioText(audio) {
  if (!audio)
    return 'no audio';
  const rateText = audio.sample_rate ? `${audio.sample_rate / 1000} kHz` : '';
  const channels = audio.channel ? (audio.channel === 2 ? 'stereo' : audio.channel === 1 ? 'mono' : `${audio.channel} channels`) : '';
  return [`${audio.codec} ${audio.profile ?? ''}`.trim(), rateText, channels].filter(Boolean).join(', ');
}

// ---- the page ----

function element(tag, className, text = '') {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

// Keeps the children of `list` in step with `items`: made once, changed in place, in the items' order. Those that stay are not
// moved for others that go, so that focus and pointer keep theirs.
function sync(list, items, keyOf, make, update) {
  const keys = new Set(items.map(keyOf));
  const old = new Map();
  for (const node of [...list.children])
    if (keys.has(node.dataset.key))
      old.set(node.dataset.key, node);
    else
      node.remove();
  items.forEach((item, i) => {
    const key = keyOf(item);
    let node = old.get(key);
    if (!node) {
      node = make(item);
      node.dataset.key = key;
    }
    update(node, item);
    if (list.children[i] !== node)
      list.insertBefore(node, list.children[i] ?? null);
  });
}

function showLines(list, texts) {
  sync(list, texts.map((text, i) => [`${i} ${text}`, text]), ([key]) => key, () => element('li', ''), (node, [, text]) => setText(node, text));
}

// A pair is a name, its value, and whether that is a long one.
function showPairs(list, pairs) {
  sync(list, pairs, ([name]) => name, ([name, , long]) => {
    const node = element('div', long ? 'long' : '');
    node.append(element('dt', '', name), element('dd', ''));
    return node;
  }, (node, [, text]) => setText(node.lastChild, text));
}

// What is asked about stands by itself: no name can turn the question into another one.
function confirmed(question, about, verb) {
  const dialog = byId('ask');
  setText(byId('ask-text'), question);
  setText(byId('ask-about'), about);
  setText(byId('ask-yes'), verb);
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener('close', () => done(dialog.returnValue === 'yes'), { once: true }));
}

let toldTimer = 0;

function tell(text) {
  const told = byId('told');
  clearTimeout(toldTimer);
  setText(told, text);
  told.hidden = false;
  toldTimer = setTimeout(() => { told.hidden = true; }, TOLD_MS);
}

// Steps through a long list; `changed` brings the next part of it.
class Pager {
  constructor(name, size, changed) {
    this.from = 0;
    this.size = size;
    this.back = byId(`${name}-back`);
    this.next = byId(`${name}-next`);
    this.note = byId(`${name}-note`);
    for (const [button, by] of [[this.back, -size], [this.next, size]])
      button.addEventListener('click', () => {
        this.from = Math.max(0, this.from + by);
        changed();
      });
  }

  // Whether there is such a part; else it is the last one now.
  show(total, word, none) {
    const last = Math.max(0, Math.floor((total - 1) / this.size) * this.size);
    const fits = this.from <= last;
    this.from = Math.min(this.from, last);
    const to = Math.min(this.from + this.size, total);
    this.back.disabled = this.from === 0;
    this.next.disabled = to >= total;
    setText(this.note, total === 0 ? none : total <= this.size ? plural(total, word)
      : `${number(this.from + 1)} to ${number(to)} of ${plural(total, word)}`);
    return fits;
  }
}

// ---- samples ----

const totals = { at: 0, streams: [], viewers: [], in: [], out: [], cpu: [], memory: [] };
const sparks = Object.fromEntries(['streams', 'viewers', 'in', 'out', 'cpu', 'memory']
  .map((name) => [name, new Spark(byId(`spark-${name}`), SPARK)]));
const streams = new Map(); // by keyOf: {item, in[], out[], before, seconds, at}

// Survives a restart of the server, which an id does not. App and name may hold slashes: a URL alone may be that of two.
const keyOf = (item) => JSON.stringify([item.url, item.app]);

// A sample stands for POLL_MS: one that comes late for several. With `gap` nothing is known of the time before it.
function push(list, value, steps, gap = false) {
  for (let i = Math.min(steps, HISTORY); i > 0; i--)
    list.push(gap && i > 1 ? null : value);
  list.splice(0, list.length - HISTORY);
}

// Between two answers; null when there was none before or the counter began again.
function perSecond(now, before, seconds) {
  return before === undefined || seconds <= 0 || now < before ? null : (now - before) * 8 / 1000 / seconds;
}

// The rates of what is listed elsewhere. An answer's own are those of 30 s, and 0 for as long at first.
class Rates {
  constructor() {
    this.items = new Map();
  }

  // Into in_kbps and out_kbps of each item; null until it is seen again.
  take(items) {
    const now = performance.now();
    const before = this.items;
    this.items = new Map();
    for (const item of items) {
      const then = before.get(item.id);
      const fresh = then && now - then.at < 0.75 * POLL_MS; // too short a time to tell
      const seconds = then ? (now - then.at) / 1000 : 0;
      item.in_kbps = fresh ? then.in_kbps : perSecond(item.recv_bytes, then?.recv_bytes, seconds);
      item.out_kbps = fresh ? then.out_kbps : perSecond(item.send_bytes, then?.send_bytes, seconds);
      this.items.set(item.id, fresh ? then : { ...item, at: now });
    }
    return items;
  }
}

function takeStreams(items, now, steps) {
  for (const item of items) {
    const key = keyOf(item);
    const entry = streams.get(key) ?? { in: [], out: [] };
    entry.before = entry.item;
    entry.seconds = entry.at === undefined ? 0 : (now - entry.at) / 1000;
    entry.item = item;
    entry.at = now;
    push(entry.in, perSecond(item.recv_bytes, entry.before?.recv_bytes, entry.seconds), steps);
    push(entry.out, perSecond(item.send_bytes, entry.before?.send_bytes, entry.seconds), steps);
    streams.set(key, entry);
  }
  for (const [key, entry] of streams)
    if (entry.at !== now)
      streams.delete(key);
}

const last = (list) => list.length > 0 ? list[list.length - 1] : null;
// Marks that are not seen, or turn the text behind them around, would make one name look like another.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const seen = (text) => text.replace(UNSEEN, (mark) => `\\u${mark.codePointAt(0).toString(16).padStart(4, '0')}`);
const nameOf = (item) => seen(item.url.replace(/^\//, ''));
const viewersOf = (item) => Math.max(0, item.clients - (item.publish.active ? 1 : 0));

async function allStreams() {
  const items = [];
  for (;;) {
    const answer = await askJson(`/api/v1/streams/?start=${items.length}&count=${STREAMS_ASKED}`);
    items.push(...answer.streams);
    if (answer.streams.length === 0 || items.length >= answer.total || items.length >= STREAMS_MAX)
      return { items, total: answer.total };
  }
}

// ---- totals ----

function sum(list, key) {
  return list.reduce((all, entry) => last(entry[key]) === null ? all : (all ?? 0) + last(entry[key]), null);
}

function showTotals(summary, total, steps, gap) {
  const entries = [...streams.values()];
  const live = entries.filter(({ item }) => item.publish.active).length;
  const viewers = entries.reduce((all, { item }) => all + viewersOf(item), 0);
  const { self, system } = summary;
  const values = {
    streams: live, viewers, in: sum(entries, 'in'), out: sum(entries, 'out'), cpu: self.cpu_percent, memory: self.mem_kbyte,
  };
  for (const [name, value] of Object.entries(values))
    push(totals[name], value, steps, gap);
  const text = {
    streams: number(live), viewers: number(viewers), in: rate(values.in), out: rate(values.out),
    cpu: percent(values.cpu), memory: bytes(values.memory * 1024),
  };
  const waiting = entries.length - live;
  const cut = total > streams.size ? `of the first ${number(streams.size)} streams` : '';
  const notes = {
    streams: cut !== '' ? `of ${number(total)}` : waiting > 0 ? `${number(waiting)} waiting` : 'all live',
    viewers: cut || plural(system.conn_srs, 'connection'),
    in: cut || `${bytes(system.srs_recv_bytes)} so far`,
    out: cut || `${bytes(system.srs_send_bytes)} so far`,
    cpu: `of a core; all ${percent(system.cpu_percent)}`,
    memory: `machine ${percent(system.mem_ram_percent)}`,
  };
  const least = { streams: 1, viewers: 1, in: 100, out: 100, cpu: 0.1, memory: 65536 };
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

let current = ''; // the key of the one that is open
let named = page.get('stream') || ''; // or the URL of one that is to be opened once it is there

const streamsPager = new Pager('streams', STREAMS_PAGE, () => showStreams());

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
  button.addEventListener('click', () => choose(keyOf(item) === current ? '' : keyOf(item)));
  row.append(button);
  row.spark = new Spark(spark, SPARK);
  return row;
}

function updateStream(row, item) {
  const entry = streams.get(keyOf(item));
  const button = row.firstChild;
  const part = (name) => button.querySelector(name);
  button.dataset.live = item.publish.active;
  button.setAttribute('aria-pressed', keyOf(item) === current);
  setText(part('.about'), item.publish.active ? `${videoText(item.video)} · ${audioText(item.audio)}` : 'waits for a publisher');
  setText(part('.viewers'), plural(viewersOf(item), 'viewer'));
  setText(part('.in'), `in ${rate(last(entry.in))}`);
  setText(part('.out'), `out ${rate(last(entry.out))}`);
  row.spark.draw(entry.in, 100);
}

function showStreams() {
  const wanted = byId('stream-filter').value.trim().toLowerCase();
  const items = [...streams.values()].map(({ item }) => item)
    .filter((item) => nameOf(item).toLowerCase().includes(wanted))
    .sort((a, b) => nameOf(a).localeCompare(nameOf(b), 'en', { numeric: true }));
  streamsPager.show(items.length, 'stream', wanted === '' ? 'Nobody publishes or plays.' : 'No such stream.');
  sync(byId('streams'), items.slice(streamsPager.from, streamsPager.from + STREAMS_PAGE), keyOf, makeStream, updateStream);
}

// ---- one stream ----

const chart = new Chart(byId('chart'), HISTORY, POLL_MS, ['in', 'out'], rate, (text) => setText(byId('chart-value'), text));
const player = new Player(play);
// Where streams are played; told by the configuration. flv is empty where this page cannot get at it, and why says so.
const places = { flv: withHost(port('http') || (secure ? '8088' : '8080')), why: '', rtmp: port('rtmp') || '1935' };

function choose(key) {
  player.stop('');
  current = key;
  named = '';
  setText(byId('detail-name'), key === '' ? '' : nameOf(streams.get(key).item));
  if (key !== '')
    page.set('stream', streams.get(key).item.url);
  else
    page.delete('stream');
  history.replaceState(null, '', `?${page}`);
  byId('view-streams').classList.toggle('open', key !== '');
  byId('detail-clients').replaceChildren();
  setText(byId('detail-clients-note'), '\u00a0');
  showStreams();
  showDetail();
  poll();
}

function openNamed() {
  const entry = [...streams.values()].find(({ item }) => item.url === named);
  if (entry)
    choose(keyOf(entry.item));
}

function makeTrack() {
  const node = element('li', 'track');
  node.append(element('span', ''), element('span', 'soft'));
  return node;
}

function updateTrack(node, track, entry) {
  const before = entry.before?.tracks.find(({ kind, id }) => kind === track.kind && id === track.id);
  const now = perSecond(track.bytes, before?.bytes, entry.seconds);
  const about = track.kind === 'video' ? videoText(track) : track.kind === 'audio' ? audioText(track) : track.codec;
  setText(node.children[0], `${track.kind} ${track.id}: ${about}`);
  setText(node.children[1], [rate(now ?? track.kbps), track.kind === 'video' && `${track.fps.toFixed(1)} fps`].filter(Boolean).join(', '));
}

function streamUrls(item) {
  // A URL of a stream in another vhost begins with the vhost's name.
  const at = item.url.indexOf('/');
  const name = item.url.slice(at + 1).split('/').map(encodeURIComponent).join('/');
  const query = at > 0 ? `?vhost=${encodeURIComponent(item.url.slice(0, at))}` : '';
  return {
    rtmp: `rtmp://${inUrl(host)}${places.rtmp === '1935' ? '' : `:${places.rtmp}`}/${name}${query}`,
    flv: places.flv === '' ? '' : `${places.flv}/${name}.flv${query}`,
  };
}

function showDetail() {
  const entry = streams.get(current);
  byId('detail-gone').hidden = entry !== undefined;
  byId('detail-body').hidden = entry === undefined;
  if (entry === undefined) {
    player.stop('');
    return;
  }
  const { item } = entry;
  chart.draw([entry.in, entry.out]);
  showPairs(byId('facts'), [
    ['State', item.publish.active ? 'live' : 'waits for a publisher'],
    ['Published by', item.publish.protocol ? `${item.publish.protocol} from ${item.publish.ip}` : NONE],
    ['Since', duration(item.publish.alive)],
    ['Viewers', number(viewersOf(item))],
    ['In', rate(last(entry.in))],
    ['Out', rate(last(entry.out))],
    ['Received', bytes(item.recv_bytes)],
    ['Sent', bytes(item.send_bytes)],
    ['Picture frames', number(item.video_frames)],
    ['Sound frames', number(item.audio_frames)],
    ['Between key frames', item.gop_length_ms === null ? NONE : `${(item.gop_length_ms / 1000).toFixed(1)} s`],
    ['Joiners get', bytes(item.gop_bytes)],
    ['Picture before sound', item.av_skew_ms === null ? NONE : ms(item.av_skew_ms)],
    ['Jumps in time', number(item.jumps)],
    ['Lost by slow viewers', number(item.skipped)],
    ['Unusable frames', number(item.unusable)],
  ]);
  sync(byId('tracks'), item.tracks, ({ kind, id }) => `${kind} ${id}`, makeTrack, (node, track) => updateTrack(node, track, entry));
  const urls = streamUrls(item);
  showPairs(byId('urls'), [['RTMP', urls.rtmp], ['HTTP-FLV and WebSocket-FLV', urls.flv || places.why]]);
  byId('end-stream').disabled = !item.publish.active;
}

function play() {
  const { flv } = streamUrls(streams.get(current).item);
  if (flv === '')
    player.stop(places.why);
  else
    player.start(flv);
}

async function endStream() {
  const { item } = streams.get(current);
  if (await confirmed('End this publisher? It may come back at once.', nameOf(item), 'End it'))
    await end(`/api/v1/streams/${item.id}`, `The publisher of ${nameOf(item)}`);
}

const GONE = [2048, 2049, 7057]; // no such stream, client, publisher

async function end(path, who) {
  try {
    await askJson(path, { method: 'DELETE' });
    tell(`${who} was ended.`);
  } catch (error) {
    tell(error instanceof Refused && GONE.includes(error.code) ? `${who} was gone already.` : `${who} was not ended: ${wordsFor(error)}.`);
  }
  poll();
}

// ---- clients ----

const clientRates = new Rates();
const clientsPager = new Pager('clients', CLIENTS_PAGE, () => poll());

function makeClient(item) {
  const row = element('li', 'row client');
  const names = element('span', 'names');
  names.append(element('strong', 'name'), element('span', 'soft about'));
  const kick = element('button', 'danger kick', 'Kick');
  kick.type = 'button';
  kick.setAttribute('aria-label', `Kick ${item.id}`);
  kick.addEventListener('click', async () => {
    if (await confirmed('End this connection?', `${item.ip} (${item.type})`, 'Kick'))
      await end(`/api/v1/clients/${item.id}`, `The connection of ${item.ip}`);
  });
  row.append(names, element('span', 'num rates'), element('span', 'num queue'), kick);
  return row;
}

function updateClient(row, item) {
  setText(row.querySelector('.name'), `${item.ip}`);
  setText(row.querySelector('.about'), `${item.type} · ${nameOf(item)} · ${duration(item.alive)} · ${item.id}`);
  setText(row.querySelector('.rates'), item.publish ? `in ${rate(item.in_kbps)}` : `out ${rate(item.out_kbps)}`);
  setText(row.querySelector('.queue'), item.publish ? 'publishes' : `queue ${ms(item.queue_ms)}${item.skipped ? `, skipped ${number(item.skipped)}` : ''}`);
}

function showClientList(list, items) {
  sync(list, clientRates.take(items), (item) => item.id, makeClient, updateClient);
}

async function showClients() {
  const { from } = clientsPager;
  const { clients, total } = await askJson(`/api/v1/clients/?start=${from}&count=${CLIENTS_PAGE}`);
  if (from !== clientsPager.from)
    return; // turned meanwhile, and asked again
  if (clientsPager.show(total, 'client', 'No clients.'))
    showClientList(byId('clients'), clients);
  else
    poll(); // so many have left
}

async function showDetailClients() {
  const entry = streams.get(current);
  if (!entry)
    return;
  const { clients, total } = await askJson(`/api/v1/clients/?stream=${encodeURIComponent(entry.item.id)}&count=${CLIENTS_PAGE}`);
  if (streams.get(current) !== entry)
    return;
  showClientList(byId('detail-clients'), clients);
  setText(byId('detail-clients-note'), clients.length < total ? `the first ${clients.length} of ${number(total)}` : plural(total, 'client'));
}

// ---- server and configuration ----

function showServer({ self, system }) {
  showPairs(byId('server-self'), [
    ['Version', self.version], ['Up', duration(self.srs_uptime)], ['Process', String(self.pid)], ['Connections', number(system.conn_srs)],
    ['Memory', bytes(self.mem_kbyte * 1024)], ['Of a core', percent(self.cpu_percent)], ['Program', self.argv, true], ['Directory', self.cwd, true],
  ]);
  const kib = (value) => `${number(value)} KiB/s`;
  showPairs(byId('server-system'), [
    ['Cores', `${system.cpus_online} of ${system.cpus}`], ['Cores busy', percent(system.cpu_percent)],
    ['Load, 1 min', system.load_1m.toFixed(2)], ['Load, 15 min', system.load_15m.toFixed(2)],
    ['Memory', bytes(system.mem_ram_kbyte * 1024)], ['Memory in use', percent(system.mem_ram_percent)],
    ['Swap', bytes(system.mem_swap_kbyte * 1024)], ['Swap in use', percent(system.mem_swap_percent)],
    ['Disks read', kib(system.disk_read_KBps)], ['Disks write', kib(system.disk_write_KBps)], ['Disks busy', percent(system.disk_busy_percent)],
    ['Up', duration(system.uptime)],
    ['TCP in use', number(system.conn_sys_et)], ['TCP waiting', number(system.conn_sys_tw)], ['UDP sockets', number(system.conn_sys_udp)],
  ]);
}

const vhostRates = new Rates();

async function showVhosts() {
  const { vhosts } = await askJson('/api/v1/vhosts/');
  sync(byId('vhosts'), vhostRates.take(vhosts), (item) => item.id, () => element('li', ''), (node, item) => setText(node,
    `${item.name}: ${item.enabled ? plural(item.streams, 'stream') : 'off'}, ${plural(item.clients, 'client')}, ` +
    `in ${rate(item.in_kbps)}, out ${rate(item.out_kbps)}`));
}

// A restart's names directives, the others are sentences.
function warningText({ from, text }) {
  if (from === 'restart')
    return `Takes effect at the next start: ${text}`;
  return from === 'reload' ? `The last reload was refused: ${text}` : text;
}

async function showWarnings() {
  const answer = await askJson('/api/v1/warnings');
  const { total } = answer;
  const count = byId('warning-count');
  count.hidden = total === 0;
  setText(count, String(total));
  const cut = total > answer.warnings.length ? `, the first ${answer.warnings.length} of them; all are in the log` : '';
  setText(byId('warnings-note'), total === 0 ? 'The configuration in force has none.' : `${plural(total, 'warning')}${cut}`);
  showLines(byId('warnings'), answer.warnings.map(warningText));
}

async function showConfig() {
  const response = await ask('/api/v1/config?format=conf');
  setText(byId('config-text'), await response.text());
}

const portOf = (endpoint) => String(endpoint).match(/([0-9]+)$/)?.[1];
const portsOf = (block) => [block?.listen ?? []].flat().map(portOf);

// The ports of the configuration are those to dial when this page came by one of them; else there is something in between,
// which is taken to have the streams too.
async function findPlaces() {
  const { data: { config: { http_server: http, http_api: of_api, rtmp } } } = await askJson('/api/v1/config');
  const here = location.port || (secure ? '443' : '80');
  const direct = [http, http?.https, of_api, of_api?.https].flatMap(portsOf).includes(here);
  const block = secure ? http?.https : http;
  const there = http?.enabled && block?.enabled ? portsOf(block)[0] : undefined;
  places.why = http?.enabled ? 'The HTTP server has no HTTPS, by which this page came.' : 'The HTTP server is off.';
  places.flv = port('http') !== '' ? withHost(port('http')) : !direct ? location.origin : there ? withHost(there) : '';
  places.rtmp = port('rtmp') || portsOf(rtmp)[0] || places.rtmp;
}

async function checkConfig() {
  const note = byId('check-note');
  setText(note, 'Checking …');
  byId('check-found').replaceChildren();
  try {
    const response = await ask('/api/v1/config/check', { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: byId('check-text').value });
    const { data } = await response.json(); // a bad one has a code too
    setText(note, data.ok ? 'Good.' : 'Not good.');
    showLines(byId('check-found'), [...data.errors.map(({ text }) => text), ...data.warnings.map((text) => `Warning: ${text}`)]);
  } catch (error) {
    setText(note, `Not checked: ${wordsFor(error)}.`);
  }
}

const RAW_OFF = 1061;
const RELOAD_DONE = 90;

async function reload() {
  const note = byId('reload-note');
  setText(note, 'Asking …');
  try {
    await askJson('/api/v1/raw?rpc=reload');
    let data = { err: 0, state: 0 };
    for (let i = 0; i < 40 && data.err === 0 && data.state !== RELOAD_DONE; i++) {
      await new Promise((done) => setTimeout(done, 250));
      ({ data } = await askJson('/api/v1/raw?rpc=reload-fetch'));
    }
    setText(note, data.err !== 0 ? `Not reloaded: ${data.msg}` : data.state === RELOAD_DONE ? 'Reloaded.' : 'Still being read.');
    seldomAt = 0;
    poll();
  } catch (error) {
    setText(note, error instanceof Refused && error.code === RAW_OFF ? 'Not allowed: http_api.raw_api wants enabled on and allow_reload on.' : `Not reloaded: ${wordsFor(error)}.`);
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
  seldomAt = 0;
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

const SILENT = 'the server does not answer';

function wordsFor(error) {
  if (error instanceof Refused)
    return error.message;
  if (error instanceof SyntaxError)
    return 'the answer is not the API\'s';
  return error.name === 'TypeError' || error.name === 'TimeoutError' ? SILENT : error.message;
}

let goodAt = 0; // when the last answers came

function showHealth(state, text) {
  byId('health').dataset.state = state;
  document.body.classList.toggle('stale', state === 'bad');
  setText(byId('health-text'), text);
  document.title = state === 'good' ? 'srs console' : `${text} – srs console`;
}

function complain(error) {
  document.body.classList.remove('loading');
  if (signIn.needed) {
    showHealth('bad', 'Not signed in');
    return;
  }
  const silent = wordsFor(error) === SILENT;
  const since = goodAt ? ` for ${duration((performance.now() - goodAt) / 1000)}` : '';
  showHealth('bad', silent ? `No answer${since}` : 'Trouble');
  if (!silent)
    tell(`Nothing new${since}: ${wordsFor(error)}.`);
}

let broken = false; // something was missed since the last sample

async function takeSample() {
  const [summary, { items, total }] = await Promise.all([askJson('/api/v1/summaries'), allStreams()]);
  const now = performance.now();
  const steps = totals.at ? Math.max(1, Math.round((now - totals.at) / POLL_MS)) : 1;
  const { self } = summary.data;
  takeStreams(items, now, steps);
  totals.at = now;
  setText(byId('identity'), `${self.version}, ${summary.server}, up ${duration(self.srs_uptime)}`);
  showTotals(summary.data, total, steps, broken);
  broken = false;
  if (named !== '')
    openNamed();
  showStreams();
  showDetail();
  showServer(summary.data);
  document.body.classList.remove('loading');
}

let seldomAt = 0; // when it was last asked for

async function showSeldom() {
  await Promise.all([showWarnings(), findPlaces(), view === 'config' && showConfig()]);
  seldomAt = performance.now();
}

async function showLists() {
  if (view === 'clients')
    await showClients();
  else if (view === 'server')
    await showVhosts();
  else if (view === 'streams')
    await showDetailClients();
}

let timer = 0;
let running = false;
let again = false;

async function poll() {
  if (signIn.needed)
    return;
  again = running;
  if (running)
    return;
  running = true;
  clearTimeout(timer);
  const began = performance.now();
  let pause = document.hidden ? 5 * POLL_MS : POLL_MS;
  try {
    // Rates over a short time are noise: a question out of turn only brings the view up to date.
    if (totals.at === 0 || began - totals.at >= 0.75 * POLL_MS)
      await takeSample();
    await showLists();
    if (seldomAt === 0 || began - seldomAt >= SELDOM_MS)
      await showSeldom();
    goodAt = performance.now();
    showHealth('good', 'Live');
    // A busy server, or one with very many streams, is asked less: at most a fifth of the time.
    const took = goodAt - began;
    pause = Math.max(pause - took, 4 * took);
  } catch (error) {
    broken = true;
    complain(error);
  }
  running = false;
  timer = setTimeout(poll, again ? 0 : pause);
}

document.addEventListener('visibilitychange', () => document.hidden || poll());
byId('stream-filter').addEventListener('input', () => {
  streamsPager.from = 0;
  showStreams();
});
byId('detail-close').addEventListener('click', () => choose(''));
byId('end-stream').addEventListener('click', endStream);
byId('reload').addEventListener('click', reload);
byId('check').addEventListener('click', checkConfig);
byId('theme').addEventListener('click', () => {
  const root = document.documentElement;
  root.dataset.theme = getComputedStyle(root).colorScheme.includes('dark') ? 'light' : 'dark';
  themes.setItem('theme', root.dataset.theme);
});

const theme = themes.getItem('theme');
if (theme === 'light' || theme === 'dark')
  document.documentElement.dataset.theme = theme;
byId('view-streams').classList.toggle('open', named !== '');
setText(byId('detail-name'), nameOf({ url: named }));
signIn.done = poll;
showSign();
showView(view, false);
