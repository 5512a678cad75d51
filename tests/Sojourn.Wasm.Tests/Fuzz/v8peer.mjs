// Runs modules for the differential tests: one JSON request a line, one JSON answer a line.
import { createInterface } from 'node:readline';

const traps = [
  [/unreachable/, 'trap Unreachable'],
  [/divide by zero|remainder by zero/, 'trap IntegerDivideByZero'],
  [/divide result unrepresentable/, 'trap arithmetic'],
  [/float unrepresentable/, 'trap arithmetic'],
  [/null function|function signature/, 'trap signature'],
  [/dereferencing a null pointer|rethrowing null/, 'trap NullReference'],
  [/illegal cast/, 'trap CastFailure'],
  [/data segment/i, 'trap MemoryOutOfBounds'],
  [/element segment/i, 'trap TableOutOfBounds'],
  [/array.*out of bounds/i, 'trap ArrayOutOfBounds'],
  [/memory access out of bounds|memory index/i, 'trap MemoryOutOfBounds'],
  [/table.*out of bounds/i, 'trap TableOutOfBounds'],
  [/call stack/i, 'trap StackExhausted'],
];

function name(error) {
  if (error instanceof WebAssembly.Exception) return 'trap UncaughtException';
  for (const [pattern, kind] of traps) if (pattern.test(error.message)) return kind;
  return `unknown ${error.message}`;
}

function run(request) {
  const seen = [];
  let instance;
  try {
    instance = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(request.module, 'base64')));
  } catch (error) {
    return [`refused ${error.message}`];
  }
  const e = instance.exports;
  for (const [f, args] of request.calls) {
    e.steps.value = request.steps;
    try {
      const r = e[f](...args.map(([t, v]) => (t === 'i' ? Number(v) : BigInt(v))));
      seen.push('ok ' + (r === undefined ? '' : Array.isArray(r) ? r.join(',') : String(r)));
    } catch (error) {
      seen.push(name(error));
    }
  }
  seen.push(`globals ${e.globals().join(',')}`);
  for (let m = 0; m < request.memories; m++) {
    const buffer = e[`mem${m}`].buffer;
    const words = new Int32Array(buffer);
    let hash = 0x811c9dc5 | 0;
    for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i], 0x01000193);
    seen.push(`memory ${buffer.byteLength} ${hash}`);
  }
  return seen;
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const answer = JSON.parse(line).map(run);
  process.stdout.write(JSON.stringify(answer) + '\n');
  // Memories reserve address space that only a collection gives back.
  globalThis.gc();
});
