// A script in QuickJS in V8: quickjs.mjs PACKAGE SCRIPT. For each line of input evaluates the script in a fresh context, answers "RESULT SECONDS".
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createInterface } from 'node:readline';

const [folder, script] = process.argv.slice(2);
const { default: load } = await import(pathToFileURL(join(folder, 'dist/emscripten-module.mjs')));
const engine = await load();
const code = await readFile(script, 'utf8');
const size = engine.lengthBytesUTF8(code);
const at = engine._malloc(size + 1);
engine.stringToUTF8(code, at, size + 1);
const name = engine._malloc(2);
engine.stringToUTF8('s', name, 2);
for await (const line of createInterface({ input: process.stdin })) {
  const start = process.hrtime.bigint();
  const context = engine._QTS_NewContext(engine._QTS_NewRuntime(), 0);
  const value = engine._QTS_Eval(context, at, size, name, 0, 0);
  const text = engine.UTF8ToString(engine._QTS_GetString(context, value));
  process.stdout.write(`${text} ${Number(process.hrtime.bigint() - start) / 1e9}\n`);
}
