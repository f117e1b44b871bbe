// Playing one stream on the page: HTTP-FLV by mpegts.js.
'use strict';

const CODECS = { avc1: 'H.264', hvc1: 'H.265', hev1: 'H.265', av01: 'AV1', mp4a: 'AAC', opus: 'Opus' };

// Of a codec as Media Source Extensions write it: hvc1.1.6.L93.B0.
function notPlayable(codec) {
  const name = CODECS[codec.split('.')[0].toLowerCase()];
  return `This browser does not play ${name ? `${name} (${codec})` : codec}.`;
}

const wordsOf = (info) => info?.msg ?? String(info);

// Colors of Enhanced RTMP: the library does not know that message, says so and goes on without it.
function isHarmless(detail, info) {
  return detail === mpegts.ErrorDetails.MEDIA_FORMAT_ERROR && /packet type 4$/.test(wordsOf(info));
}

function whyNot(detail, info) {
  const details = mpegts.ErrorDetails;
  if (detail === details.NETWORK_STATUS_CODE_INVALID)
    return info.code === 404 ? 'There is no HTTP-FLV of this stream: http_remux of its vhost may be off.' : `The HTTP server answers ${info.code}.`;
  if (detail === details.NETWORK_EXCEPTION || detail === details.NETWORK_TIMEOUT)
    return 'The HTTP server does not answer, or not to this page.';
  if (detail === details.MEDIA_MSE_ERROR && info?.code === DOMException.NOT_SUPPORTED_ERR)
    return notPlayable(/codecs="?([\w.-]+)/.exec(wordsOf(info))?.[1] ?? 'a codec of this stream');
  return `It cannot be played: ${detail} (${wordsOf(info)})`;
}

function whatIsMissing() {
  if (typeof mpegts === 'undefined')
    return 'The player library is missing on this server (npm package mpegts.js).';
  return mpegts.isSupported() ? '' : 'This browser has no Media Source Extensions with H.264.';
}

class Player {
  // `wanted` is called when somebody wants to see it.
  constructor(wanted) {
    this.it = null;
    byId('play').disabled = whatIsMissing() !== '';
    byId('play').addEventListener('click', wanted);
    byId('stop').addEventListener('click', () => this.stop(''));
    this.say('');
  }

  say(text) {
    const words = text || whatIsMissing();
    byId('play-note').hidden = words === '';
    setText(byId('play-note'), words);
  }

  show(playing) {
    byId('play').hidden = playing;
    byId('stop').hidden = !playing;
    byId('video').controls = playing;
  }

  stop(why) {
    const it = this.it;
    this.it = null;
    this.show(false);
    this.say(why);
    if (it)
      it.destroy();
  }

  start(url) {
    this.stop('');
    const it = mpegts.createPlayer({ type: 'flv', isLive: true, url },
      { isLive: true, enableStashBuffer: false, liveBufferLatencyChasing: true, autoCleanupSourceBuffer: true });
    // Not in the middle of the library's own work.
    const end = (why) => setTimeout(() => this.it === it && this.stop(why));
    this.it = it;
    it.on(mpegts.Events.MEDIA_INFO, ({ videoCodec }) => {
      const source = self.MediaSource ?? self.ManagedMediaSource;
      if (videoCodec && !source.isTypeSupported(`video/mp4; codecs="${videoCodec}"`))
        end(notPlayable(videoCodec));
    });
    it.on(mpegts.Events.ERROR, (type, detail, info) => isHarmless(detail, info) || end(whyNot(detail, info)));
    it.on(mpegts.Events.LOADING_COMPLETE, () => end('The stream ended.'));
    it.attachMediaElement(byId('video'));
    it.load();
    it.play()?.catch(() => {}); // with no picture there is an event
    this.show(true);
  }
}
