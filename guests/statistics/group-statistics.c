// Groups the rows of a table by one column and writes count, mean, least and greatest of another.
//
//   group-statistics INPUT OUTPUT GROUP-COLUMN VALUE-COLUMN
//
// INPUT is comma-separated with a header line (RFC 4180). Rows whose value is not a number are counted as skipped
// and left out. OUTPUT has a line a group, sorted by name: group,count,mean,min,max.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 256, MAX_FIELD = 4096, MAX_GROUPS = 65536 };

struct group {
  char *name;
  unsigned long count;
  double sum, least, greatest;
};

static struct group *table[2 * MAX_GROUPS];
static size_t groups;

static unsigned hash(const char *text) {
  unsigned h = 2166136261u;
  while (*text) h = (h ^ (unsigned char)*text++) * 16777619u;
  return h;
}

static struct group *find(const char *name) {
  size_t at = hash(name) % (2 * MAX_GROUPS);
  while (table[at] && strcmp(table[at]->name, name)) at = (at + 1) % (2 * MAX_GROUPS);
  if (!table[at]) {
    if (groups == MAX_GROUPS) return NULL;
    table[at] = calloc(1, sizeof **table);
    table[at]->name = strdup(name);
    table[at]->least = INFINITY;
    table[at]->greatest = -INFINITY;
    groups++;
  }
  return table[at];
}

// Reads one field. Returns ',' or '\n' or EOF: what ended it. A field that is too long is cut.
static int field(FILE *in, char *out) {
  size_t n = 0;
  int c = getc(in), quoted = c == '"';
  if (quoted) c = getc(in);
  for (;; c = getc(in)) {
    if (c == EOF) break;
    if (quoted && c == '"') {
      c = getc(in);
      if (c != '"') { quoted = 0; if (c == EOF) break; }
    }
    if (!quoted && (c == ',' || c == '\n')) break;
    if (!quoted && c == '\r') continue;
    if (n < MAX_FIELD - 1) out[n++] = (char)c;
  }
  out[n] = 0;
  return c;
}

static int by_name(const void *a, const void *b) {
  return strcmp((*(struct group *const *)a)->name, (*(struct group *const *)b)->name);
}

static void write_name(FILE *out, const char *name) {
  if (!strpbrk(name, ",\"\n")) { fputs(name, out); return; }
  putc('"', out);
  for (; *name; name++) { if (*name == '"') putc('"', out); putc(*name, out); }
  putc('"', out);
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: group-statistics INPUT OUTPUT GROUP-COLUMN VALUE-COLUMN\n");
    return 2;
  }
  FILE *in = fopen(argv[1], "r");
  if (!in) { fprintf(stderr, "cannot read %s: %s\n", argv[1], strerror(errno)); return 3; }
  static char text[MAX_FIELD], key[MAX_FIELD];
  int key_column = -1, value_column = -1, column = 0, end;
  do {
    end = field(in, text);
    if (!strcmp(text, argv[3])) key_column = column;
    if (!strcmp(text, argv[4])) value_column = column;
    column++;
  } while (end == ',' && column < MAX_COLUMNS);
  if (key_column < 0 || value_column < 0) {
    fprintf(stderr, "%s has no column named %s\n", argv[1], key_column < 0 ? argv[3] : argv[4]);
    return 4;
  }
  unsigned long rows = 0, skipped = 0;
  while (end != EOF) {
    double value = NAN;
    int empty = 1;
    key[0] = 0;
    column = 0;
    do {
      end = field(in, text);
      if (text[0]) empty = 0;
      if (column == key_column) strcpy(key, text);
      if (column == value_column) {
        char *rest;
        value = strtod(text, &rest);
        if (rest == text || *rest) value = NAN;
      }
      column++;
    } while (end == ',');
    if (empty && column == 1) continue;
    rows++;
    struct group *g = isnan(value) ? NULL : find(key);
    if (!g) { skipped++; continue; }
    g->count++;
    g->sum += value;
    if (value < g->least) g->least = value;
    if (value > g->greatest) g->greatest = value;
  }
  fclose(in);

  struct group **sorted = calloc(groups ? groups : 1, sizeof *sorted);
  size_t n = 0;
  for (size_t i = 0; i < 2 * MAX_GROUPS; i++) if (table[i]) sorted[n++] = table[i];
  qsort(sorted, n, sizeof *sorted, by_name);
  FILE *out = fopen(argv[2], "w");
  if (!out) { fprintf(stderr, "cannot write %s: %s\n", argv[2], strerror(errno)); return 3; }
  fprintf(out, "group,count,mean,min,max\n");
  for (size_t i = 0; i < n; i++) {
    write_name(out, sorted[i]->name);
    fprintf(out, ",%lu,%.6g,%.6g,%.6g\n", sorted[i]->count, sorted[i]->sum / (double)sorted[i]->count, sorted[i]->least, sorted[i]->greatest);
  }
  if (fclose(out)) { fprintf(stderr, "cannot write %s: %s\n", argv[2], strerror(errno)); return 3; }
  printf("%lu rows, %lu groups, %lu skipped\n", rows, (unsigned long)n, skipped);
  return 0;
}
