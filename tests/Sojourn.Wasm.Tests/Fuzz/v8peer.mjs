// Runs modules for the differential tests: one JSON request a line, one JSON answer a line.
import { createInterface } from 'node:readline';

const traps = [
  [/unreachable/, 'trap Unreachable'],
  [/memory access out of bounds|data segment|memory index/i, 'trap MemoryOutOfBounds'],
  [/divide by zero|remainder by zero/, 'trap IntegerDivideByZero'],
  [/divide result unrepresentable/, 'trap arithmetic'],
  [/float unrepresentable/, 'trap arithmetic'],
  [/null function or function signature mismatch/, 'trap signature'],
  [/table index is out of bounds|table access out of bounds|element segment|table.*out of bounds/i, 'trap TableOutOfBounds'],
  [/call stack/i, 'trap StackExhausted'],
];

function name(error) {
  for (const [pattern, kind] of traps) if (pattern.test(error.message)) return kind;
  return `unknown ${error.message}`;
}

function run(request) {
  const seen = [];
  const instance = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(request.module, 'base64')));
  const e = instance.exports;
  for (const [f, args] of request.calls) {
    e.reset();
    try {
      const r = e[f](...args.map(([t, v]) => (t === 'i' ? Number(v) : BigInt(v))));
      seen.push('ok ' + (r === undefined ? '' : Array.isArray(r) ? r.join(',') : String(r)));
    } catch (error) {
      seen.push(name(error));
    }
  }
  for (const g of request.getters) seen.push(`${g} ${e[g]()}`);
  const words = new Int32Array(e.mem.buffer);
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i], 0x01000193);
  seen.push(`memory ${e.mem.buffer.byteLength} ${hash}`);
  return seen;
}

createInterface({ input: process.stdin }).on('line', (line) => {
  let answer;
  try {
    answer = JSON.parse(line).map(run);
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
});
