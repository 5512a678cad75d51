// circom in V8: circom.mjs FILE FOLDER. For each line of input compiles FOLDER's chain.circom in a fresh instance, answers "EXIT SECONDS".
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';
import { createInterface } from 'node:readline';

process.removeAllListeners('warning');
const [file, folder] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(file));
for await (const line of createInterface({ input: process.stdin })) {
  const start = process.hrtime.bigint();
  const wasi = new WASI({ version: 'preview1', args: ['circom', 'chain.circom', '--r1cs', '--sym'], env: {}, preopens: { '/': folder }, returnOnExit: true, stdout: 2 });
  const exit = wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));
  process.stdout.write(`${exit} ${Number(process.hrtime.bigint() - start) / 1e9}\n`);
}
