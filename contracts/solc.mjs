#!/usr/bin/env node
// The compiler as forge wants it: `--version`, and standard JSON from standard input to standard output.
import { createRequire } from 'node:module';
import { readFileSync, writeSync } from 'node:fs';

const solc = createRequire(import.meta.url)('solc');
process.removeAllListeners('uncaughtException');
if (process.argv.includes('--version')) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else {
  const bytes = Buffer.from(solc.compile(readFileSync(0, 'utf8')), 'utf8');
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}
