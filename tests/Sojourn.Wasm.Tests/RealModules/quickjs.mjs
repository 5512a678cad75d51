// Runs a script in QuickJS as its own package does: quickjs.mjs PACKAGE SCRIPT. Prints the string it evaluates to.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, script] = process.argv.slice(2);
const { default: load } = await import(pathToFileURL(join(folder, 'dist/emscripten-module.mjs')));
const engine = await load();
const code = await readFile(script, 'utf8');
const size = engine.lengthBytesUTF8(code);
const at = engine._malloc(size + 1);
engine.stringToUTF8(code, at, size + 1);
const name = engine._malloc(2);
engine.stringToUTF8('s', name, 2);
const context = engine._QTS_NewContext(engine._QTS_NewRuntime(), 0);
const value = engine._QTS_Eval(context, at, size, name, 0, 0);
process.stdout.write(engine.UTF8ToString(engine._QTS_GetString(context, value)));
