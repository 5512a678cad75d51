// Kernels in V8: kernels.mjs FILE. Reads lines "NAME SIZE TIMES", answers "RESULT SECONDS". Also "host TIMES" and "trap TIMES" for calls of host functions and traps.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [file, small] = process.argv.slice(2);
const kernels = new WebAssembly.Module(readFileSync(file));
let counter = 0;
const calls = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(small)), { env: { add: (a, b) => { counter++; return (a + b) | 0; } } });
for await (const line of createInterface({ input: process.stdin })) {
  const [name, size, times] = line.split(' ');
  let result = 0;
  // Kernels leave their data in memory: an instance each, whose first run is not timed.
  const instance = new WebAssembly.Instance(kernels, {});
  if (times > 1) instance.exports[name](Number(size));
  const start = process.hrtime.bigint();
  if (name === 'host') {
    result = calls.exports.calls(Number(size));
  } else if (name === 'trap') {
    for (let i = 0; i < Number(size); i++) try { calls.exports.trap(-8); } catch { result++; }
  } else {
    for (let i = 0; i < Number(times); i++) result = instance.exports[name](Number(size));
  }
  const took = process.hrtime.bigint() - start;
  process.stdout.write(`${result >>> 0} ${Number(took) / 1e9}\n`);
}
