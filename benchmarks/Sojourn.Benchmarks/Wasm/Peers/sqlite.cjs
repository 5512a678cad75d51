// Statements in sql.js in V8: sqlite.cjs PACKAGE SQL. For each line of input runs them in a fresh database, answers "RESULT SECONDS".
const { readFileSync } = require('node:fs');
const { createInterface } = require('node:readline');
const [folder, file] = process.argv.slice(2);
const text = readFileSync(file, 'utf8');
require(folder + '/dist/sql-wasm.js')().then(async SQL => {
  for await (const line of createInterface({ input: process.stdin })) {
    const start = process.hrtime.bigint();
    const db = new SQL.Database();
    let last = '';
    for (const statement of db.iterateStatements(text)) while (statement.step()) last = statement.get().join('|');
    db.close();
    process.stdout.write(`${last} ${Number(process.hrtime.bigint() - start) / 1e9}\n`);
  }
});
