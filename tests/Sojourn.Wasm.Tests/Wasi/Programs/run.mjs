// Runs a WASI program under Node: run.mjs MODULE DIRECTORY [ARGUMENT...]. Standard streams are inherited, the exit code is passed on.
import { readFile } from 'node:fs/promises';
import { WASI } from 'node:wasi';

process.removeAllListeners('warning');
const [file, directory, ...args] = process.argv.slice(2);
const wasi = new WASI({ version: 'preview1', args: ['program', ...args], env: { HOME: '/', EMPTY: '' }, preopens: { '/': directory }, returnOnExit: true });
const module = await WebAssembly.compile(await readFile(file));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
process.exitCode = wasi.start(instance);
