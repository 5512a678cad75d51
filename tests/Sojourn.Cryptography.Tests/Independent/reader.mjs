// A second reader of sealed content and of shares, written from docs/protocol/cryptography.md alone, with nothing but Node's
// own crypto. One JSON request on standard input, one JSON answer on standard output.
import { createHash, createHmac, createDecipheriv, createECDH, timingSafeEqual } from 'node:crypto';

const hex = (text) => Buffer.from(text, 'hex');
const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
const fail = (why) => { throw new Error(why); };

// dag-cbor, strict.
function decode(bytes) {
  let at = 0;
  const byte = () => (at < bytes.length ? bytes[at++] : fail('truncated'));
  const take = (n) => (at + n <= bytes.length ? bytes.subarray(at, (at += n)) : fail('truncated'));
  function head() {
    const first = byte();
    const small = first & 31;
    if (small < 24) return [first >> 5, BigInt(small), first];
    if (small > 27) fail('indefinite or reserved');
    const size = 1 << (small - 24);
    let value = 0n;
    for (const b of take(size)) value = (value << 8n) | BigInt(b);
    const least = [24n, 256n, 65536n, 4294967296n][small - 24];
    if (first >> 5 !== 7 && value < least) fail('not shortest');
    return [first >> 5, value, first];
  }
  function item() {
    const [major, value, first] = head();
    switch (major) {
      case 0: return value <= 9007199254740991n ? Number(value) : fail('too large');
      case 1: return -1 - Number(value);
      case 2: return Buffer.from(take(Number(value)));
      case 3: return new TextDecoder('utf-8', { fatal: true }).decode(take(Number(value)));
      case 4: return Array.from({ length: Number(value) }, item);
      case 5: {
        const map = new Map();
        let last = null;
        for (let i = 0n; i < value; i++) {
          const start = at;
          const key = item();
          const encoded = bytes.subarray(start, at);
          if (typeof key !== 'string') fail('key type');
          if (last && (last.length > encoded.length || (last.length === encoded.length && Buffer.compare(last, encoded) >= 0))) fail('key order');
          last = encoded;
          map.set(key, item());
        }
        return map;
      }
      case 6: {
        if (value !== 42n) fail('tag');
        const link = item();
        return { link: Buffer.isBuffer(link) && link[0] === 0 ? link.subarray(1) : fail('link') };
      }
      default: return first === 0xf4 ? false : first === 0xf5 ? true : first === 0xf6 ? null : fail('simple');
    }
  }
  return { value: item(), end: at };
}

function whole(bytes) {
  const { value, end } = decode(bytes);
  return end === bytes.length ? value : fail('trailing bytes');
}

// The header's encoding without its entry "mac": cut the entry out and count one less.
function withoutMac(block) {
  const entry = Buffer.concat([Buffer.from([0x63]), Buffer.from('mac'), Buffer.from([0x58, 32])]);
  if (block[0] !== 0xaa || block.indexOf(entry) !== 1) fail('mac is not the first entry');
  return Buffer.concat([Buffer.from([0xa9]), block.subarray(1 + entry.length + 32)]);
}

const hmac = (key, ...parts) => { const h = createHmac('sha256', key); parts.forEach((p) => h.update(p)); return h.digest(); };
function expand(prk, info, length) {
  let out = Buffer.alloc(0), last = Buffer.alloc(0);
  for (let i = 1; out.length < length; i++) { last = hmac(prk, last, info, Buffer.from([i])); out = Buffer.concat([out, last]); }
  return out.subarray(0, length);
}

function gcm(key, nonce, sealed, aad = Buffer.alloc(0)) {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
}

// HPKE base mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM (RFC 9180).
function openHpke(privateKey, info, aad, message) {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(privateKey);
  const enc = message.subarray(0, 65);
  const labeledExtract = (suite, salt, label, ikm) => hmac(salt.length ? salt : Buffer.alloc(32), Buffer.from('HPKE-v1'), suite, Buffer.from(label), ikm);
  const labeledExpand = (suite, prk, label, context, length) => expand(prk, Buffer.concat([Buffer.from([length >> 8, length & 255]), Buffer.from('HPKE-v1'), suite, Buffer.from(label), context]), length);
  const none = Buffer.alloc(0);
  const kem = Buffer.concat([Buffer.from('KEM'), Buffer.from([0, 0x10])]);
  const suite = Buffer.concat([Buffer.from('HPKE'), Buffer.from([0, 0x10, 0, 1, 0, 2])]);
  const shared = labeledExpand(kem, labeledExtract(kem, none, 'eae_prk', ecdh.computeSecret(enc)), 'shared_secret', Buffer.concat([enc, ecdh.getPublicKey()]), 32);
  const context = Buffer.concat([Buffer.from([0]), labeledExtract(suite, none, 'psk_id_hash', none), labeledExtract(suite, none, 'info_hash', info)]);
  const secret = labeledExtract(suite, shared, 'secret', none);
  return gcm(labeledExpand(suite, secret, 'key', context, 32), labeledExpand(suite, secret, 'base_nonce', context, 12), message.subarray(65), aad);
}

function open({ header, body, privateKey, contentKey }) {
  const block = hex(header);
  const map = whole(block);
  const names = ['mac', 'body', 'keys', 'salt', 'size', 'type', 'chunk', 'suite', 'policy', 'metadata'];
  if (map.size !== names.length || !names.every((name) => map.has(name))) fail('keys of the header');
  if (map.get('type') !== 'sojourn/sealed/1' || map.get('suite') !== 1) fail('version');
  const salt = map.get('salt'), chunk = map.get('chunk'), size = map.get('size');
  const policy = map.get('policy') === null ? Buffer.alloc(0) : map.get('policy').link;

  let key = contentKey ? hex(contentKey) : null;
  if (!key) {
    const ecdh = createECDH('prime256v1');
    ecdh.setPrivateKey(hex(privateKey));
    const own = createHash('sha256').update(ecdh.getPublicKey()).digest().subarray(0, 8);
    const stanza = map.get('keys').find((s) => s.get('kem') === 16 && (s.get('kid').length === 0 || s.get('kid').equals(own))) ?? fail('no stanza');
    key = openHpke(hex(privateKey), Buffer.from('sojourn/sealed/1 stanza'), Buffer.concat([salt, policy]), stanza.get('key'));
  }

  const prk = hmac(salt, key);
  const headerKey = expand(prk, Buffer.from('sojourn/sealed/1 header'), 32);
  if (!timingSafeEqual(hmac(headerKey, withoutMac(block)), map.get('mac'))) fail('mac');
  const opened = gcm(expand(prk, Buffer.from('sojourn/sealed/1 metadata'), 32), Buffer.alloc(12), map.get('metadata'));
  const { value: metadata, end } = decode(opened);
  if (opened.length % 640 !== 0 || opened.subarray(end).some((b) => b !== 0)) fail('metadata');

  const payloadKey = expand(prk, Buffer.concat([Buffer.from('sojourn/sealed/1 payload'), Buffer.from([1]), u32(chunk)]), 32);
  const sealed = hex(body);
  const count = Math.max(1, Math.ceil(size / (chunk - 16)));
  if (sealed.length !== size + 16 * count) fail('size of the body');
  const pieces = [];
  for (let i = 0; i < count; i++) {
    const nonce = Buffer.alloc(12);
    nonce.writeBigUInt64BE(BigInt(i), 3);
    nonce[11] = i === count - 1 ? 1 : 0;
    pieces.push(gcm(payloadKey, nonce, sealed.subarray(i * chunk, Math.min((i + 1) * chunk, sealed.length))));
  }
  const padded = Buffer.concat(pieces);
  const content = padded.subarray(0, metadata.get('length'));
  if (padded.subarray(content.length).some((b) => b !== 0)) fail('padding');

  const answer = { content: content.toString('hex'), kind: metadata.get('kind'), name: metadata.get('name') ?? null };
  if (metadata.get('kind') === 'directory') {
    const manifest = whole(content.subarray(metadata.get('manifest')));
    answer.files = Object.fromEntries(manifest.filter((e) => e.get('kind') === 0).map((e) => [e.get('path'), content.subarray(e.get('at'), e.get('at') + e.get('size')).toString('hex')]));
  }
  return answer;
}

function combine({ shares }) {
  const multiply = (a, b) => { let p = 0; for (; b; b >>= 1) { if (b & 1) p ^= a; a <<= 1; if (a & 256) a ^= 0x11b; } return p; };
  const invert = (a) => { for (let b = 1; b < 256; b++) if (multiply(a, b) === 1) return b; return 0; };
  const parts = shares.map(({ index, value }) => ({ index, value: hex(value) }));
  const secret = Buffer.alloc(parts[0].value.length);
  for (const part of parts) {
    let factor = 1;
    for (const other of parts) if (other !== part) factor = multiply(factor, multiply(other.index, invert(other.index ^ part.index)));
    part.value.forEach((v, i) => { secret[i] ^= multiply(v, factor); });
  }
  return { secret: secret.toString('hex') };
}

const chunks = [];
for await (const c of process.stdin) chunks.push(c);
const request = JSON.parse(Buffer.concat(chunks).toString('utf8'));
let answer;
try {
  answer = { open, combine }[request.action](request);
} catch (error) {
  answer = { refused: error.message };
}
process.stdout.write(JSON.stringify(answer));
