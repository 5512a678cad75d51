#!/usr/bin/env node
// Writes artifacts/NAME.json (ABI and creation bytecode, nothing else) from what forge built, for those who deploy and call the contracts.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const to = join(root, 'artifacts');
const names = readdirSync(join(root, 'src'), { recursive: true }).filter(name => name.endsWith('.sol')).map(name => name.split('/').pop());
mkdirSync(to, { recursive: true });
for (const file of readdirSync(to)) rmSync(join(to, file));
for (const name of names.sort()) {
  for (const file of readdirSync(join(root, 'out', name))) {
    const built = JSON.parse(readFileSync(join(root, 'out', name, file), 'utf8'));
    if (built.abi.length === 0) continue;
    const kept = { contractName: file.replace('.json', ''), abi: built.abi, bytecode: built.bytecode.object };
    writeFileSync(join(to, file), `${JSON.stringify(kept, null, 1)}\n`);
  }
}
