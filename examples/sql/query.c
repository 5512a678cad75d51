// SQL over a sealed table: runs one query over a CSV file or a SQLite database and writes the answer as CSV.
//
//   query TABLE RESULT SQL
//
// TABLE is either a SQLite database, or comma-separated values with a header line (RFC 4180), which become the table `data`. SQLite is compiled without files, threads,
// extensions or a clock of its own: the database lives in memory, and SQL can reach nothing else.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sqlite3.h"

static char *bytes;
static size_t length;

static int fail(const char *what, const char *why) {
  fprintf(stderr, "query: %s: %s\n", what, why);
  return 1;
}

static int load(const char *path) {
  FILE *in = fopen(path, "rb");
  if (!in) return fail(path, "cannot be read");
  size_t room = 1 << 20;
  bytes = sqlite3_malloc64(room);
  for (size_t n; (n = fread(bytes + length, 1, room - length - 1, in)) > 0;) {
    length += n;
    if (room - length < 2) bytes = sqlite3_realloc64(bytes, room *= 2);
    if (!bytes) return fail(path, "does not fit into memory");
  }
  bytes[length] = 0;
  fclose(in);
  return 0;
}

// The next field; *end says whether it ended its line. Quoted fields lose their quotes in place.
static char *field(char **at, int *end) {
  char *p = *at, *start = p, *to = p;
  int quoted = *p == '"';
  if (quoted) start = to = ++p;
  for (; *p; p++) {
    if (quoted && *p == '"') {
      if (p[1] == '"') p++;
      else { p++; break; }
    } else if (!quoted && (*p == ',' || *p == '\n' || *p == '\r')) break;
    *to++ = *p;
  }
  *end = *p != ',';
  while (*end && *p && *p != '\n') p++;
  *at = *p ? p + 1 : p;
  *to = 0;
  return start;
}

static int import(sqlite3 *db) {
  char *at = bytes;
  int end = 0, columns = 0;
  sqlite3_str *sql = sqlite3_str_new(db), *insert = sqlite3_str_new(db);
  sqlite3_str_appendall(sql, "CREATE TABLE data(");
  sqlite3_str_appendall(insert, "INSERT INTO data VALUES(");
  while (!end) {
    // NUMERIC: what looks like a number is one.
    sqlite3_str_appendf(sql, "%s\"%w\" NUMERIC", columns ? ", " : "", field(&at, &end));
    sqlite3_str_appendall(insert, columns++ ? ",?" : "?");
  }
  sqlite3_str_appendall(sql, ")");
  sqlite3_str_appendall(insert, ")");
  char *create = sqlite3_str_finish(sql), *into = sqlite3_str_finish(insert);
  sqlite3_stmt *statement;
  if (sqlite3_exec(db, create, 0, 0, 0) || sqlite3_prepare_v2(db, into, -1, &statement, 0)) return fail("header", sqlite3_errmsg(db));
  sqlite3_exec(db, "BEGIN", 0, 0, 0);
  while (*at) {
    int column = 0;
    for (end = 0; !end;) {
      char *text = field(&at, &end);
      if (++column > columns) continue;
      if (*text) sqlite3_bind_text(statement, column, text, -1, SQLITE_STATIC);
      else sqlite3_bind_null(statement, column);
    }
    while (++column <= columns) sqlite3_bind_null(statement, column);
    if (sqlite3_step(statement) != SQLITE_DONE) return fail("row", sqlite3_errmsg(db));
    sqlite3_reset(statement);
  }
  sqlite3_finalize(statement);
  return sqlite3_exec(db, "COMMIT", 0, 0, 0);
}

static void print(FILE *out, const char *text) {
  if (!strpbrk(text, ",\"\n\r")) { fputs(text, out); return; }
  fputc('"', out);
  for (; *text; text++) { if (*text == '"') fputc('"', out); fputc(*text, out); }
  fputc('"', out);
}

int main(int argc, char **argv) {
  if (argc != 4) return fail("arguments", "TABLE RESULT SQL");
  sqlite3 *db;
  sqlite3_stmt *statement;
  if (sqlite3_open(":memory:", &db)) return fail("SQLite", sqlite3_errmsg(db));
  if (load(argv[1])) return 1;
  if (length > 16 && !memcmp(bytes, "SQLite format 3", 16)) {
    if (sqlite3_deserialize(db, "main", (unsigned char *)bytes, length, length, SQLITE_DESERIALIZE_READONLY)) return fail(argv[1], sqlite3_errmsg(db));
  } else if (import(db)) return 1;
  if (sqlite3_prepare_v2(db, argv[3], -1, &statement, 0)) return fail("SQL", sqlite3_errmsg(db));
  FILE *out = fopen(argv[2], "wb");
  if (!out) return fail(argv[2], "cannot be written");
  int columns = sqlite3_column_count(statement);
  for (int i = 0; i < columns; i++) { if (i) fputc(',', out); print(out, sqlite3_column_name(statement, i)); }
  fputc('\n', out);
  int step;
  while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
    for (int i = 0; i < columns; i++) {
      const char *text = (const char *)sqlite3_column_text(statement, i);
      if (i) fputc(',', out);
      if (text) print(out, text);
    }
    fputc('\n', out);
  }
  if (step != SQLITE_DONE) return fail("SQL", sqlite3_errmsg(db));
  return fclose(out) ? fail(argv[2], "cannot be written") : 0;
}

// The operating system, as SQLite sees it: no files, no shared libraries, a clock that stands still.
static int no_open(sqlite3_vfs *v, const char *n, sqlite3_file *f, int flags, int *out) { (void)v, (void)n, (void)flags, (void)out; f->pMethods = 0; return SQLITE_CANTOPEN; }
static int no_delete(sqlite3_vfs *v, const char *n, int sync) { (void)v, (void)n, (void)sync; return SQLITE_IOERR; }
static int no_access(sqlite3_vfs *v, const char *n, int flags, int *out) { (void)v, (void)n, (void)flags; *out = 0; return SQLITE_OK; }
static int same_path(sqlite3_vfs *v, const char *n, int size, char *out) { (void)v; sqlite3_snprintf(size, out, "%s", n); return SQLITE_OK; }
static int zeros(sqlite3_vfs *v, int n, char *out) { (void)v; memset(out, 0, n); return n; }
static int no_sleep(sqlite3_vfs *v, int us) { (void)v; return us; }
static int still(sqlite3_vfs *v, double *day) { (void)v; *day = 2451544.5; return SQLITE_OK; }
static int no_error(sqlite3_vfs *v, int n, char *out) { (void)v, (void)n, (void)out; return 0; }

int sqlite3_os_init(void) {
  static sqlite3_vfs nothing = {1, sizeof(sqlite3_file), 256, 0, "nothing", 0, no_open, no_delete, no_access, same_path, 0, 0, 0, 0, zeros, no_sleep, still, no_error, 0, 0, 0, 0};
  return sqlite3_vfs_register(&nothing, 1);
}

int sqlite3_os_end(void) { return SQLITE_OK; }
