// Runs statements in sql.js as its own package does: sqlite.cjs PACKAGE SQL. Prints the rows.
const { readFileSync } = require('node:fs');
const [folder, file] = process.argv.slice(2);
require(folder + '/dist/sql-wasm.js')().then(SQL => {
  const db = new SQL.Database();
  for (const statement of db.iterateStatements(readFileSync(file, 'utf8'))) {
    while (statement.step()) process.stdout.write(statement.get().join('|') + '\n');
  }
});
