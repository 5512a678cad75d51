// A second reader of sealed content, of shares with their releases and refreshes, of signed policies and of pool members' words, written from
// docs/protocol (cryptography.md, policies.md, and of enclave.md and ledger.md the release's info and H) alone, with nothing but Node's own crypto. One JSON request on standard input, one JSON answer on standard output.
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

// HPKE base mode, or auth mode where there is a sender; DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM (RFC 9180).
function openHpke(privateKey, info, aad, message, sender = null) {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(privateKey);
  const enc = message.subarray(0, 65);
  const labeledExtract = (suite, salt, label, ikm) => hmac(salt.length ? salt : Buffer.alloc(32), Buffer.from('HPKE-v1'), suite, Buffer.from(label), ikm);
  const labeledExpand = (suite, prk, label, context, length) => expand(prk, Buffer.concat([Buffer.from([length >> 8, length & 255]), Buffer.from('HPKE-v1'), suite, Buffer.from(label), context]), length);
  const none = Buffer.alloc(0);
  const kem = Buffer.concat([Buffer.from('KEM'), Buffer.from([0, 0x10])]);
  const suite = Buffer.concat([Buffer.from('HPKE'), Buffer.from([0, 0x10, 0, 1, 0, 2])]);
  const shared = labeledExpand(kem, labeledExtract(kem, none, 'eae_prk', Buffer.concat([ecdh.computeSecret(enc), sender ? ecdh.computeSecret(sender) : none])),
    'shared_secret', Buffer.concat([enc, ecdh.getPublicKey(), sender ?? none]), 32);
  const context = Buffer.concat([Buffer.from([sender ? 2 : 0]), labeledExtract(suite, none, 'psk_id_hash', none), labeledExtract(suite, none, 'info_hash', info)]);
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

const multiply = (a, b) => { let p = 0; for (; b; b >>= 1) { if (b & 1) p ^= a; a <<= 1; if (a & 256) a ^= 0x11b; } return p; };
const invert = (a) => { for (let b = 1; b < 256; b++) if (multiply(a, b) === 1) return b; return 0; };
const sha = (...parts) => { const h = createHash('sha256'); parts.forEach((p) => h.update(p)); return h.digest(); };
const exactly = (map, ...names) => map instanceof Map && map.size === names.length && names.every((name) => map.has(name));

function combine({ shares }) {
  const parts = shares.map(({ index, value }) => ({ index, value: hex(value) }));
  const secret = Buffer.alloc(parts[0].value.length);
  for (const part of parts) {
    let factor = 1;
    for (const other of parts) if (other !== part) factor = multiply(factor, multiply(other.index, invert(other.index ^ part.index)));
    part.value.forEach((v, i) => { secret[i] ^= multiply(v, factor); });
  }
  return { secret: secret.toString('hex') };
}

// cryptography.md, 3: the record of shares.
function readRecord(bytes) {
  const map = whole(bytes);
  const names = ['type', 'id', 'epoch', 'threshold', 'policy', 'secret', 'custodians'];
  if (!exactly(map, ...names) && !exactly(map, ...names, 'origin')) fail('keys of the record');
  if (map.get('type') !== 'sojourn/share-set/1' || (map.has('origin') && map.get('origin').equals(map.get('id')))) fail('version');
  const custodians = map.get('custodians').map((c) => (exactly(c, 'name', 'key', 'commitment', 'share') ? Object.fromEntries(c) : fail('a custodian')));
  return { id: map.get('id'), origin: map.get('origin') ?? map.get('id'), epoch: map.get('epoch'), threshold: map.get('threshold'), policy: map.get('policy')?.link ?? Buffer.alloc(0), secret: map.get('secret'), custodians };
}

const shareLabel = Buffer.from('sojourn/share/1');
const commitmentTo = (id, j, value) => sha(shareLabel, id, Buffer.from([j]), value);
const publicOf = (privateKey) => { const e = createECDH('prime256v1'); e.setPrivateKey(privateKey); return e.getPublicKey(); };

function ownShare(record, privateKey) {
  const at = record.custodians.findIndex((c) => c.key.equals(publicOf(privateKey)));
  if (at < 0) fail('no share for this key');
  const j = at + 1;
  const value = openHpke(privateKey, shareLabel, Buffer.concat([record.id, u32(record.epoch), Buffer.from([j, record.threshold]), record.policy]), record.custodians[at].share);
  if (!commitmentTo(record.id, j, value).equals(record.custodians[at].commitment)) fail('a commitment');
  return { index: j, value };
}

function checkedSecret(record, shares) {
  const secret = hex(combine({ shares: shares.map(({ index, value }) => ({ index, value: value.toString('hex') })) }).secret);
  if (!commitmentTo(record.origin, 0, secret).equals(record.secret)) fail('the secret');
  return secret;
}

// The secret from a record and as many custodians' private keys as are needed.
function secretOf({ record, privateKeys }) {
  const set = readRecord(hex(record));
  return { secret: checkedSecret(set, privateKeys.slice(0, set.threshold).map((key) => ownShare(set, hex(key)))).toString('hex'), epoch: set.epoch, names: set.custodians.map((c) => c.name) };
}

// ledger.md: H over 32-byte words.
function H(domain, ...words) {
  const first = Buffer.alloc(32);
  first.write(domain, 'ascii');
  return sha(first, ...words.map((w) => (Buffer.isBuffer(w) ? w : Buffer.concat([Buffer.alloc(24), (() => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(w)); return b; })()]))));
}

// enclave.md: the key, or the shares of it, that an enclave opens.
function released({ releases, enclaveKey, job, admission, policy, content }) {
  const key = hex(enclaveKey);
  const info = H('sojourn/release/1', hex(job), hex(admission), sha(hex(policy)), sha(hex(content)));
  if (releases.length === 1 && hex(releases[0])[0] === 4) return { secret: openHpke(key, info, Buffer.alloc(0), hex(releases[0])).toString('hex') };
  let record = null;
  const shares = releases.map((text) => {
    const list = whole(hex(text));
    if (list.length !== 4 || list[0] !== 'sojourn/share-release/1') fail('a release');
    if (record && !record.equals(list[1])) fail('another record');
    record = list[1];
    const set = readRecord(record);
    if (!set.policy.equals(hex(policy)) || set.custodians.some((c) => c.share.length > 0)) fail('a record of a release');
    const value = openHpke(key, H('sojourn/share-release/1', info, sha(record), list[2]), Buffer.alloc(0), list[3]);
    if (!commitmentTo(set.id, list[2], value).equals(set.custodians[list[2] - 1].commitment)) fail('a commitment');
    return { index: list[2], value };
  });
  return { secret: checkedSecret(readRecord(record), shares).toString('hex') };
}

function handedOver({ handOver, privateKey }) {
  const list = whole(hex(handOver));
  if (list.length !== 4 || list[0] !== 'sojourn/share-hand-over/1') fail('a hand-over');
  return { index: list[2], value: openHpke(hex(privateKey), Buffer.from(list[0]), Buffer.concat([list[1], Buffer.from([list[2]])]), list[3]).toString('hex') };
}

// cryptography.md, refresh among custodians: takes the dealings, and says what the next id and the new share are.
function takeDealings({ record, dealings, privateKey }) {
  const set = readRecord(hex(record)), key = hex(privateKey), own = ownShare(set, key), length = own.value.length, k = set.threshold;
  const read = dealings.map((text) => ({ bytes: hex(text), list: whole(hex(text)) })).sort((a, b) => a.list[3] - b.list[3]);
  const label = Buffer.from('sojourn/share-dealing/1');
  const value = Buffer.from(own.value);
  for (const { list } of read) {
    const [type, id, epoch, dealer, commitments, shown, values] = list;
    if (list.length !== 7 || type !== 'sojourn/share-dealing/1' || !id.equals(set.id) || epoch !== set.epoch + 1 || commitments.length !== set.custodians.length || shown.length !== 16) fail(`dealer ${dealer}: form`);
    const place = (j) => Buffer.concat([id, u32(epoch), Buffer.from([dealer, j])]);
    const mine = openHpke(key, label, Buffer.concat([place(own.index), sha(...commitments, ...shown)]), values[own.index - 1], set.custodians[dealer - 1].key);
    if (mine.length !== 17 * length || !sha(label, place(own.index), mine).equals(commitments[own.index - 1])) fail(`dealer ${dealer}: commitment`);
    const challenge = sha(Buffer.from('sojourn/share-challenge/1'), place(0), ...commitments);
    for (let i = 0; i < 16; i++) {
      if (shown[i].length !== (k - 1) * length) fail(`dealer ${dealer}: degree`);
      for (let b = 0; b < length; b++) {
        let at = 0, power = own.index;
        for (let c = 0; c < k - 1; c++, power = multiply(power, own.index)) at ^= multiply(shown[i][c * length + b], power);
        if (at !== (mine[(i + 1) * length + b] ^ multiply(challenge[i], mine[b]))) fail(`dealer ${dealer}: proof`);
      }
    }
    for (let b = 0; b < length; b++) value[b] ^= mine[b];
  }
  const next = sha(Buffer.from('sojourn/share-refresh/1'), set.id, ...read.map(({ bytes }) => sha(bytes)));
  return { next: next.toString('hex'), index: own.index, commitment: commitmentTo(next, own.index, value).toString('hex'), value: value.toString('hex') };
}

// A custodian's word on its new share, as another custodian checks it.
function checkWord({ record, word, privateKey }) {
  const set = readRecord(hex(record)), key = hex(privateKey);
  const [type, id, epoch, index, commitment, share, proofs] = whole(hex(word));
  const at = set.custodians.findIndex((c) => c.key.equals(publicOf(key)));
  if (type !== 'sojourn/refreshed-share/1' || epoch !== set.epoch + 1) fail('a word');
  const empty = openHpke(key, Buffer.from(type), Buffer.concat([id, Buffer.from([index]), commitment, share]), proofs[at], set.custodians[index - 1].key);
  if (empty.length !== 0) fail('a proof');
  return { next: id.toString('hex'), index, commitment: commitment.toString('hex') };
}

// Keccak-256 and recovery on secp256k1, for addresses and signatures (on public values).
function keccak(bytes) {
  const mask = (1n << 64n) - 1n, rotate = (v, n) => ((v << n) | (v >> (64n - n))) & mask;
  const state = Array(25).fill(0n), rate = 136;
  const padded = Buffer.alloc((Math.floor(bytes.length / rate) + 1) * rate);
  bytes.copy(padded);
  padded[bytes.length] ^= 1;
  padded[padded.length - 1] ^= 0x80;
  for (let block = 0; block < padded.length; block += rate) {
    for (let i = 0; i < rate / 8; i++) state[i] ^= padded.readBigUInt64LE(block + 8 * i);
    let lfsr = 1;
    for (let round = 0; round < 24; round++) {
      const c = [0, 1, 2, 3, 4].map((x) => state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20]);
      for (let x = 0; x < 5; x++) for (let y = 0; y < 25; y += 5) state[x + y] ^= c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1n);
      let x = 1, y = 0, current = state[1];
      for (let t = 0; t < 24; t++) {
        [x, y] = [y, (2 * x + 3 * y) % 5];
        const kept = state[x + 5 * y];
        state[x + 5 * y] = rotate(current, BigInt((((t + 1) * (t + 2)) / 2) % 64));
        current = kept;
      }
      for (let row = 0; row < 25; row += 5) {
        const r = state.slice(row, row + 5);
        for (let i = 0; i < 5; i++) state[row + i] = r[i] ^ (~r[(i + 1) % 5] & mask & r[(i + 2) % 5]);
      }
      for (let j = 0; j < 7; j++) {
        if (lfsr & 1) state[0] ^= 1n << BigInt((1 << j) - 1);
        lfsr = (lfsr << 1) ^ (lfsr >> 7 ? 0x171 : 0);
      }
    }
  }
  const out = Buffer.alloc(32);
  for (let i = 0; i < 4; i++) out.writeBigUInt64LE(state[i], 8 * i);
  return out;
}

function recover(digest, signature) {
  const p = 2n ** 256n - 2n ** 32n - 977n, n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const big = (b) => BigInt('0x' + b.toString('hex')), mod = (a, m) => ((a % m) + m) % m;
  const power = (a, e, m) => { let r = 1n; for (a = mod(a, m); e; e >>= 1n) { if (e & 1n) r = (r * a) % m; a = (a * a) % m; } return r; };
  const add = (a, b) => {
    if (!a) return b;
    if (!b) return a;
    if (a.x === b.x && mod(a.y + b.y, p) === 0n) return null;
    const l = a.x === b.x ? mod(3n * a.x * a.x * power(2n * a.y, p - 2n, p), p) : mod((b.y - a.y) * power(b.x - a.x, p - 2n, p), p);
    const x = mod(l * l - a.x - b.x, p);
    return { x, y: mod(l * (a.x - x) - a.y, p) };
  };
  const times = (k, a) => { let r = null; for (; k; k >>= 1n) { if (k & 1n) r = add(r, a); a = add(a, a); } return r; };
  const r = big(signature.subarray(0, 32)), s = big(signature.subarray(32, 64)), v = signature[64];
  if (signature.length !== 65 || (v !== 27 && v !== 28) || r === 0n || r >= n || s === 0n || s > n / 2n) fail('the signature');
  let y = power(r * r * r + 7n, (p + 1n) / 4n, p);
  if (mod(y * y - r * r * r - 7n, p) !== 0n) fail('the signature');
  if (Number(y & 1n) !== v - 27) y = p - y;
  const base = { x: 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n, y: 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n };
  const inverse = power(r, n - 2n, n);
  const q = add(times(mod(-big(digest) * inverse, n), base), times(mod(s * inverse, n), { x: r, y }));
  const bytes = (value) => hex(value.toString(16).padStart(64, '0'));
  return keccak(Buffer.concat([bytes(q.x), bytes(q.y)])).subarray(12);
}

const signedText = (text) => keccak(Buffer.concat([Buffer.from(`\x19Ethereum Signed Message:\n${Buffer.byteLength(text)}${text}`)]));

const base32 = (bytes) => {
  let bits = '', out = 'b';
  for (const b of bytes) bits += b.toString(2).padStart(8, '0');
  for (let i = 0; i < bits.length; i += 5) out += 'abcdefghijklmnopqrstuvwxyz234567'[parseInt(bits.slice(i, i + 5).padEnd(5, '0'), 2)];
  return out;
};
const cidOf = (codec, bytes) => Buffer.concat([Buffer.from([1, codec, 0x12, 0x20]), sha(bytes)]);

// policies.md, 1 and 2: the policy's own bytes stand in the signed block as they are.
function policy({ block }) {
  const bytes = hex(block), map = whole(bytes);
  if (!exactly(map, 'type', 'policy', 'signature') || map.get('type') !== 'sojourn/signed-policy/1') fail('the signed policy');
  const key = Buffer.concat([Buffer.from([0x66]), Buffer.from('policy')]);
  const start = bytes.indexOf(key) + key.length;
  const { value: inner, end } = decode(bytes.subarray(start));
  const body = bytes.subarray(start, start + end);
  const owner = recover(signedText(`sojourn/signed-policy/1\n${base32(cidOf(0x71, body))}`), map.get('signature'));
  if (!owner.equals(inner.get('owner'))) fail('not its owner');
  const both = ['type', 'kind', 'title', 'owner', 'revision', 'from', 'until', 'who', 'proof', 'limits', 'price', 'code', ...(inner.has('replaces') ? ['replaces'] : [])];
  const own = inner.get('kind') === 'data' ? ['appOwners', 'output', ...(inner.has('pool') ? ['pool'] : [])] : ['revealCode', 'guardedBytes'];
  if (!exactly(inner, ...both, ...own) || inner.get('type') !== 'sojourn/policy/1') fail('keys of the policy');
  if (!exactly(inner.get('proof'), 'level', 'kinds', 'custody', 'tcb', 'tcbEvaluation', 'anyMeasurement', 'measurements', 'chip', 'revocation', 'regions', 'verifiers', 'ageMax')) fail('keys of the proof');
  const limits = inner.get('limits');
  if ([...limits.keys()].some((name) => !['uses', 'draws', 'period', 'periodUses', 'periodBytes'].includes(name))) fail('keys of the limits');
  const pool = inner.get('pool');
  if (pool && !exactly(pool, 'members', 'least')) fail('keys of the pool');
  return {
    owner: owner.toString('hex'), cid: base32(cidOf(0x71, bytes)), body: base32(cidOf(0x71, body)), title: inner.get('title'), limits: Object.fromEntries(limits), regions: inner.get('proof').get('regions'),
    price: inner.get('price').get('perUse'), shares: inner.get('price').get('shares').map((s) => ({ to: s.get('to').toString('hex'), parts: s.get('parts') })),
    pool: pool ? { least: pool.get('least'), members: pool.get('members').map((m) => m.toString('hex')) } : null,
  };
}

// policies.md, 5.
function consent({ word }) {
  const [under, member, content, granted, number, signature, ...more] = whole(hex(word));
  if (more.length > 0) fail('a word');
  const text = `sojourn/pool-consent/1\n${granted ? 'consent' : 'withdraw'}\npolicy ${base32(under.link)}\ncontent ${base32(content.link)}\nnumber ${number}`;
  if (!recover(signedText(text), signature).equals(member)) fail('not the member');
  return { member: member.toString('hex'), granted, number, content: base32(content.link) };
}

// policies.md, 4: what a policy's budgets are held against, from the keeper's own lines.
function budget({ lines, policy: cid, now, period, job }) {
  const first = new Map();
  for (const line of lines) {
    const parts = line.split(' ');
    if (parts.length !== 6) fail('a line');
    if (parts[4] === cid && !first.has(parts[2])) first.set(parts[2], { at: Date.parse(parts[0].replace(/(\.\d{3})\d*Z$/, '$1Z')), bytes: Number(parts[5]) });
  }
  const others = [...first].filter(([id]) => id !== job).map(([, use]) => use);
  const within = others.filter((use) => now - use.at < period * 1000);
  return { jobs: others.length, periodJobs: within.length, periodBytes: within.reduce((sum, use) => sum + use.bytes, 0) };
}

const chunks = [];
for await (const c of process.stdin) chunks.push(c);
const request = JSON.parse(Buffer.concat(chunks).toString('utf8'));
let answer;
try {
  answer = { open, combine, secretOf, released, handedOver, takeDealings, checkWord, policy, consent, budget }[request.action](request);
} catch (error) {
  answer = { refused: error.message };
}
process.stdout.write(JSON.stringify(answer));
