// A data owner's guard: no line of the output may speak of fewer than K records.
//
//   min-group-size K
//
// Looks at every regular file of /output (read-only). Each must be a comma-separated table whose header has a column named
// "count". Answers on standard output, a line each: "strike FILE OFFSET LENGTH" for a line with a count below K, then "pass";
// or "refuse CODE" where a file is not such a table (1), is too long (2) or names no count (3).
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINE = 65536, MAX_STRIKES = 4096 };

static int refuse(int code) { printf("refuse %d\n", code); return 0; }

// The length of the line's column number `column`, and where it starts; -1 where there is none. Quotes as in RFC 4180.
static int column_of(const char *line, int column, const char **start) {
  int at = 0, quoted = 0;
  const char *from = line;
  for (const char *p = line;; p++) {
    if (*p == '"') quoted = !quoted;
    if ((*p == ',' && !quoted) || !*p) {
      if (at == column) { *start = from; return (int)(p - from); }
      if (!*p) return -1;
      at++;
      from = p + 1;
    }
  }
}

int main(int argc, char **argv) {
  long least = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
  if (least < 1) { fprintf(stderr, "usage: min-group-size K\n"); return 2; }
  DIR *dir = opendir("/output");
  if (!dir) return refuse(1);
  static char line[MAX_LINE], path[4096];
  int strikes = 0;
  for (struct dirent *entry; (entry = readdir(dir));) {
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/output/%s", entry->d_name);
    FILE *in = fopen(path, "r");
    if (!in) return refuse(1);
    int count_column = -1;
    long offset = 0;
    while (fgets(line, sizeof line, in)) {
      size_t length = strlen(line);
      if (length == sizeof line - 1) return refuse(2);
      int ended = length && line[length - 1] == '\n';
      if (ended) line[length - 1] = 0;
      const char *cell;
      if (offset == 0) {
        int size;
        for (int i = 0; (size = column_of(line, i, &cell)) >= 0; i++)
          if (size == 5 && !strncmp(cell, "count", 5)) count_column = i;
        if (count_column < 0) return refuse(3);
      } else {
        int size = column_of(line, count_column, &cell);
        char *rest;
        long count = size > 0 ? strtol(cell, &rest, 10) : -1;
        if (count < least || rest != cell + size) {
          if (++strikes > MAX_STRIKES) return refuse(2);
          printf("strike %s %ld %lu\n", entry->d_name, offset, (unsigned long)length);
        }
      }
      offset += (long)length;
    }
    fclose(in);
  }
  printf("pass\n");
  return 0;
}
